"""What monitoring keeps of other owners' documents, and how it looks into what it keeps.

A document that is not known here may come later, so it refuses nothing.
"""

from collections.abc import Iterable
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.models import Copy
from shared.chassis.copies import Wanted, copies_of, copy_of
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import PeriodBudget, RateSheet
from shared.contracts.iati import Code, Organisation, Share
from shared.contracts.ids import Identifier, activity_id, country_programme_id, programme_budget_id
from shared.contracts.projects.v1 import (
    ActivityDate,
    CountryProgramme,
    FieldOffice,
    ProgrammeBudget,
)

ACTUAL_START, PLANNED_START = "2", "1"
ACTUAL_END, PLANNED_END = "4", "3"


class KnownActivity(Contract):
    """What is kept of an activity."""

    iati_identifier: Identifier
    status: Code
    dates: tuple[ActivityDate, ...] = ()
    recipient_countries: tuple[Share, ...] = ()
    reporting_organisation: Organisation = Organisation()
    participating_organisations: tuple[Organisation, ...] = ()

    @property
    def start(self) -> date | None:
        """The first day, as it came about or else as it is planned; None where neither is told."""
        return self._date(ACTUAL_START, PLANNED_START)

    @property
    def end(self) -> date | None:
        """The last day, as it came about or else as it is planned; None where neither is told."""
        return self._date(ACTUAL_END, PLANNED_END)

    def overlaps(self, start: date, end: date) -> bool:
        """Whether the activity may run on a day of a period; a side that is not told refuses nothing."""
        return (self.start is None or self.start <= end) and (self.end is None or start <= self.end)

    def _date(self, *types: str) -> date | None:
        told = {each.type: each.date for each in self.dates}
        return next((told[each] for each in types if each in told), None)


class KnownFinance(Contract):
    """What is kept of the money of an activity."""

    iati_identifier: Identifier
    default_currency: Code | None = None
    budgets: tuple[PeriodBudget, ...] = ()


ACTIVITY = Wanted("projects", "activity", KnownActivity, tells_places=True)
PROGRAMME_BUDGET = Wanted("projects", "programme-budget", ProgrammeBudget)
COUNTRY_PROGRAMME = Wanted("projects", "country-programme", CountryProgramme)
FIELD_OFFICE = Wanted("projects", "field-office", FieldOffice)
FINANCE = Wanted("funding", "finance", KnownFinance)
RATES = Wanted("funding", "rates", RateSheet)

WANTED = (ACTIVITY, PROGRAMME_BUDGET, COUNTRY_PROGRAMME, FIELD_OFFICE, FINANCE, RATES)


async def known_activity(session: AsyncSession, iati_identifier: str) -> KnownActivity | None:
    """Return what is kept of an activity, None where nothing is known of it."""
    return await copy_of(session, Copy, KnownActivity, ACTIVITY.aggregate, activity_id(iati_identifier))


async def known_country_programmes(
    session: AsyncSession, codes: Iterable[str]
) -> dict[str, CountryProgramme]:
    """Return those of some country programmes that are known, by code."""
    ids = {country_programme_id(code) for code in codes}
    if not ids:
        return {}
    found = await copies_of(session, Copy, CountryProgramme, COUNTRY_PROGRAMME.aggregate, ids)
    return {programme.code: programme for programme in found}


async def known_programme_budgets(
    session: AsyncSession, bienniums: Iterable[str]
) -> dict[str, ProgrammeBudget]:
    """Return those of some programmes and budgets that are known, by biennium."""
    ids = {programme_budget_id(biennium) for biennium in bienniums}
    if not ids:
        return {}
    found = await copies_of(session, Copy, ProgrammeBudget, PROGRAMME_BUDGET.aggregate, ids)
    return {budget.biennium: budget for budget in found}
