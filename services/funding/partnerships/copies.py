"""What funding wants to know of other owners: where activities belong, proposals, and programming frameworks."""

from collections.abc import Iterable
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import Copy, CopyLetter, CopyPosition
from shared.chassis.copies import CopyTables, Wanted, copies_of
from shared.contracts.base import Contract
from shared.contracts.iati import Code, Money, Organisation, Share
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
from shared.policy.permits import reading
from shared.policy.placing import may_see
from shared.policy.principals import Principal

C = TypeVar("C", bound=Contract)


class KnownActivity(Contract):
    """The part of an activity that says where it belongs, and whether it is published."""

    iati_identifier: Identifier
    status: Code
    recipient_countries: tuple[Share, ...] = ()
    reporting_organisation: Organisation = Organisation()
    participating_organisations: tuple[Organisation, ...] = ()


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
    Wanted("projects", "activity", KnownActivity, tells_places=True),
    Wanted("projects", "proposal", KnownProposal),
    Wanted("projects", "programme-budget", ProgrammeBudget),
    Wanted("projects", "country-programme", CountryProgramme),
    Wanted("projects", "fragility-list", FragilityList),
    Wanted("projects", "field-office", FieldOffice),
)
TABLES = CopyTables(Copy, CopyPosition, CopyLetter)


async def proposal_states(
    session: AsyncSession, identifiers: Iterable[str], reader: Principal | None
) -> dict[str, str]:
    """Return the states of the proposals that are known and that one may read, by identifier."""
    found = await copies_of(session, Copy, KnownProposal, "proposal", map(proposal_id, identifiers))
    return {each.identifier: each.state for each in readable("proposal", found, reader)}


def readable(resource: str, documents: Iterable[C], reader: Principal | None) -> list[C]:
    """Return those of some copies that one may read, by where they belong; all where the service itself reads."""
    if reader is None:
        return list(documents)
    permit = reading(reader, resource)
    return [each for each in documents if may_see(permit, each)]
