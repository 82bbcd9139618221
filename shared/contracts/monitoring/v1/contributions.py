"""Contributions: what a project adds to outcomes of countries and of the programme and budget, and how it is measured."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.iati import Narratives
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1.results import Indicator
from shared.contracts.projects.v1.programming import ItemCode, Percentage, ProgrammeOutcomeLink
from shared.contracts.projects.v1.proposals import CountryOutcomeLink

FrameworkLevel = Literal["country-programme", "programme-budget"]


class ContributionLink(Contract):
    """A link to one outcome: of a country programme or, for a global product, of a programme and budget.

    ``percentage`` is the part of the project's money that goes there, None where it is not told.
    """

    type: Literal["direct", "supporting"] = "direct"
    country_outcome: CountryOutcomeLink | None = None
    programme_outcome: ProgrammeOutcomeLink | None = None
    percentage: Percentage | None = None
    narratives: Narratives = ()


class Contributions(Contract):
    """All that an activity contributes to."""

    iati_identifier: Identifier
    links: tuple[ContributionLink, ...] = ()


class IndicatorLink(Contract):
    """An indicator of an activity's framework, by the ordinals of result and indicator from 1.

    ``counts`` is false where the link is told but is not to be added up.
    """

    iati_identifier: Identifier
    result: Annotated[int, Field(ge=1)]
    indicator: Annotated[int, Field(ge=1)]
    counts: bool = True


class OutcomeIndicator(Contract):
    """An indicator of an outcome, with its own values, and what projects' indicators add up to it and how."""

    code: ItemCode
    indicator: Indicator
    operator: Literal["sum", "mean", "min", "max", "latest", "ratio"] | None = None
    inputs: tuple[IndicatorLink, ...] = ()


class OutcomeFramework(Contract):
    """How an outcome is measured."""

    code: ItemCode
    indicators: tuple[OutcomeIndicator, ...] = ()


class ProgrammeFramework(Contract):
    """The results framework of a country programme, or of the programme and budget of a biennium."""

    level: FrameworkLevel
    programme: Identifier
    sample: bool = False
    outcomes: tuple[OutcomeFramework, ...] = ()

    @property
    def identifier(self) -> str:
        """The name of the framework, as in ``programme-budget/2024-25``."""
        return f"{self.level}/{self.programme}"
