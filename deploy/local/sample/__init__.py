"""A sample portfolio that the project makes up: decent-work projects, their donors, money and results."""

from pathlib import Path

from deploy.local.sample.organisations import write_organisations
from deploy.local.sample.portfolio import write_portfolio
from deploy.local.sample.programming import sample_frameworks
from deploy.local.sample.project import REFERENCE

CRITERIA = Path(__file__).with_name("criteria-set.json")
"""The criteria of appraisals, as they are sent."""

__all__ = ["CRITERIA", "REFERENCE", "sample_frameworks", "write_organisations", "write_portfolio"]
