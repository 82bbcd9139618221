"""A sample portfolio that the project makes up: decent-work projects, their donors, money and results."""

from deploy.local.sample.organisations import write_organisations
from deploy.local.sample.portfolio import write_portfolio
from deploy.local.sample.project import REFERENCE

__all__ = ["REFERENCE", "write_organisations", "write_portfolio"]
