"""A sample portfolio that the project makes up: decent-work projects, their donors, money and results."""

from deploy.local.sample import learning, monitoring, partnerships, proposals, workplans
from deploy.local.sample.organisations import write_organisations
from deploy.local.sample.portfolio import write_portfolio
from deploy.local.sample.programming import sample_frameworks
from deploy.local.sample.project import REFERENCE
from deploy.local.sample.proposals import CRITERIA

MISSION = (
    ("Proposals", tuple, proposals.stories),
    ("Partnerships", partnerships.documents, partnerships.stories),
    ("Work plans", workplans.documents, workplans.stories),
    ("Monitoring", monitoring.documents, monitoring.stories),
    ("Learning", learning.documents, learning.stories),
)
"""What the sample tells beside activities and frameworks: of each part its name, its documents and its stories."""

__all__ = [
    "CRITERIA",
    "MISSION",
    "REFERENCE",
    "sample_frameworks",
    "write_organisations",
    "write_portfolio",
]
