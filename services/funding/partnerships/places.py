"""Where money may go, as far as copies of programming frameworks tell: outcomes, country programmes and regions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import Copy
from services.funding.partnerships.copies import readable
from shared.chassis.copies import copies_of
from shared.contracts.funding.v1 import AllocationTarget
from shared.contracts.ids import country_programme_id, programme_budget_id
from shared.contracts.projects.v1 import CountryProgramme, FieldOffice, ProgrammeBudget
from shared.figures.partnerships import Geography
from shared.policy.principals import Principal


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of the places and outcomes that money is for.

    ``outcomes`` are the codes of each biennium whose programme and budget is known, ``programmes`` the country programmes
    by code, ``regions`` the codes of the regions of a country, by the offices that serve it.
    """

    outcomes: Mapping[str, frozenset[str]]
    programmes: Mapping[str, CountryProgramme]
    regions: Mapping[str, frozenset[str]]

    @property
    def geography(self) -> Geography:
        """Countries of programmes, and regions of countries."""
        return Geography({code: each.country for code, each in self.programmes.items()}, self.regions)

    def country_of(self, target: AllocationTarget) -> str | None:
        """Return the country of the outcome that money is for, None where it is not known or there is none."""
        link = target.country_outcome
        programme = self.programmes.get(link.programme) if link else None
        return programme.country if programme else None


async def known_places(
    session: AsyncSession, targets: Iterable[AllocationTarget], reader: Principal | None = None
) -> Places:
    """Return what is known of the outcomes that money is for, and of all regions.

    Drafts of country programmes are told to a ``reader`` who may read them; without one, the service itself reads.
    """
    listed = list(targets)
    bienniums = {each.programme_outcome.biennium for each in listed if each.programme_outcome}
    codes = {each.country_outcome.programme for each in listed if each.country_outcome}
    budgets = await copies_of(
        session, Copy, ProgrammeBudget, "programme-budget", map(programme_budget_id, bienniums)
    )
    return Places(
        {each.biennium: frozenset(outcome.code for outcome in each.outcomes) for each in budgets},
        await _programmes(session, map(country_programme_id, codes), reader),
        await known_regions(session),
    )


async def known_regions(session: AsyncSession) -> dict[str, frozenset[str]]:
    """Return the codes of the regions of each country, by the field offices that serve it."""
    regions: dict[str, set[str]] = {}
    for office in await copies_of(session, Copy, FieldOffice, "field-office"):
        if office.region is not None:
            for country in office.countries:
                regions.setdefault(country, set()).add(office.region.code)
    return {country: frozenset(codes) for country, codes in regions.items()}


async def _programmes(
    session: AsyncSession, ids: Iterable[UUID], reader: Principal | None
) -> dict[str, CountryProgramme]:
    found = await copies_of(session, Copy, CountryProgramme, "country-programme", ids)
    return {each.code: each for each in readable("country-programme", found, reader)}
