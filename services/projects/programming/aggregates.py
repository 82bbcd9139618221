"""The aggregates of programming frameworks."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.projects.models import (
    CountryProgrammeRow,
    DevelopmentAgendaRow,
    FieldOfficeRow,
    FragilityListRow,
    ProgrammeBudgetRow,
)
from services.projects.programming.domain import (
    country_programme_columns,
    development_agenda_columns,
    faults_of_country_programme,
    faults_of_links,
    field_office_columns,
    fragility_list_columns,
)
from shared.chassis.db import is_one_of
from shared.chassis.documents import Aggregate
from shared.chassis.documents.aggregates import C
from shared.contracts import catalog
from shared.contracts.ids import (
    country_programme_id,
    development_agenda_id,
    field_office_id,
    fragility_list_id,
    programme_budget_id,
)
from shared.contracts.projects.v1 import (
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
)

PROGRAMME_BUDGETS = Aggregate(
    noun="programme-budget",
    model=ProgrammeBudgetRow,
    contract=ProgrammeBudget,
    facts=catalog.PROGRAMME_BUDGET,
    identifier=lambda budget: budget.biennium,
    id_of=programme_budget_id,
    columns=lambda _: {},
)
DEVELOPMENT_AGENDAS = Aggregate(
    noun="development-agenda",
    model=DevelopmentAgendaRow,
    contract=DevelopmentAgenda,
    facts=catalog.DEVELOPMENT_AGENDA,
    identifier=lambda agenda: agenda.code,
    id_of=development_agenda_id,
    columns=development_agenda_columns,
)


async def _known(session: AsyncSession, aggregate: Aggregate[C], identifiers: Iterable[str]) -> dict[str, C]:
    """Return those of the documents that are stored, by identifier."""
    id_of: Callable[[str], UUID] = aggregate.id_of
    model = aggregate.model
    ids = {id_of(identifier) for identifier in identifiers}
    if not ids:
        return {}
    rows = await session.exec(select(model.identifier, model.document).where(is_one_of(model.id, ids)))
    return {identifier: aggregate.contract.from_json(document) for identifier, document in rows}


async def _faults_beside(
    session: AsyncSession, programme: CountryProgramme
) -> Iterable[tuple[str, str, str]]:
    """Return what a country programme names that the stored frameworks do not have."""
    bienniums = {link.biennium for each in programme.outcomes for link in each.programme_outcomes}
    codes = {link.agenda for each in programme.outcomes for link in each.agenda_targets}
    budgets: Mapping[str, ProgrammeBudget] = await _known(session, PROGRAMME_BUDGETS, bienniums)
    agendas: Mapping[str, DevelopmentAgenda] = await _known(session, DEVELOPMENT_AGENDAS, codes)
    return list(faults_of_links(programme, budgets, agendas))


COUNTRY_PROGRAMMES = Aggregate(
    noun="country-programme",
    model=CountryProgrammeRow,
    contract=CountryProgramme,
    facts=catalog.COUNTRY_PROGRAMME,
    identifier=lambda programme: programme.code,
    id_of=country_programme_id,
    columns=country_programme_columns,
    faults=faults_of_country_programme,
    faults_beside=_faults_beside,
)
FRAGILITY_LISTS = Aggregate(
    noun="fragility-list",
    model=FragilityListRow,
    contract=FragilityList,
    facts=catalog.FRAGILITY_LIST,
    identifier=lambda listed: listed.edition,
    id_of=fragility_list_id,
    columns=fragility_list_columns,
)
FIELD_OFFICES = Aggregate(
    noun="field-office",
    model=FieldOfficeRow,
    contract=FieldOffice,
    facts=catalog.FIELD_OFFICE,
    identifier=lambda office: office.code,
    id_of=field_office_id,
    columns=field_office_columns,
)
