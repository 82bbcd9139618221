"""What funding wants to know of other owners: proposals and programming frameworks."""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import Copy, CopyLetter, CopyPosition
from shared.chassis.copies import CopyTables, Wanted, copies_of
from shared.contracts.base import Contract
from shared.contracts.iati import Money, Organisation
from shared.contracts.ids import Identifier, proposal_id
from shared.contracts.projects.v1 import (
    CountryProgramme,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
    ProposalPeriod,
    ProposalState,
)
from shared.contracts.projects.v1.programming import CountryCode, ProgrammeOutcomeLink
from shared.contracts.projects.v1.proposals import CountryOutcomeLink


class KnownProposal(Contract):
    """The part of a proposal that says where it stands, for how much, from whom and what for."""

    identifier: Identifier
    countries: tuple[CountryCode, ...] = ()
    period: ProposalPeriod | None = None
    amount: Money | None = None
    donor: Organisation | None = None
    programme_outcomes: tuple[ProgrammeOutcomeLink, ...] = ()
    country_outcomes: tuple[CountryOutcomeLink, ...] = ()
    state: ProposalState = "concept"


WANTED = (
    Wanted("projects", "proposal", KnownProposal),
    Wanted("projects", "programme-budget", ProgrammeBudget),
    Wanted("projects", "country-programme", CountryProgramme),
    Wanted("projects", "fragility-list", FragilityList),
    Wanted("projects", "field-office", FieldOffice),
)
TABLES = CopyTables(Copy, CopyPosition, CopyLetter)


async def proposal_states(session: AsyncSession, identifiers: Iterable[str]) -> dict[str, str]:
    """Return the states of the proposals that are known, by identifier."""
    found = await copies_of(session, Copy, KnownProposal, "proposal", map(proposal_id, identifiers))
    return {each.identifier: each.state for each in found}
