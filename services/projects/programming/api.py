"""HTTP interface of programming frameworks."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.projects.models import (
    CountryProgrammeRow,
    DevelopmentAgendaRow,
    FieldOfficeRow,
    FragilityListRow,
    ProgrammeBudgetRow,
)
from services.projects.programming.aggregates import (
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FIELD_OFFICES,
    FRAGILITY_LISTS,
    PROGRAMME_BUDGETS,
)
from shared.chassis.db import ReadSession
from shared.chassis.documents import document_router
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.schemas import ItemPage
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.projects.v1 import BienniumLabel, CountryCode
from shared.figures.biennium import biennium_named

TAG = "programming"

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]
Country = Annotated[CountryCode | None, Query(description="ISO 3166-1 alpha-2 code of a country")]

router = APIRouter(prefix="/v1", tags=[TAG], route_class=GuardedRoute)


@router.get(
    "/programme-budgets", response_model=ItemPage, summary="List programmes and budgets in order of biennium"
)
async def list_programme_budgets(
    session: ReadSession,
    cursors: Cursors,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of programmes and budgets as they are stored here."""
    conditions = [] if updated_since is None else [col(ProgrammeBudgetRow.updated_at) >= updated_since]
    return await list_page(
        session, PROGRAMME_BUDGETS, conditions, cursors=cursors, cursor=cursor, limit=limit
    )


@router.get(
    "/country-programmes", response_model=ItemPage, summary="List country programmes in order of code"
)
async def list_country_programmes(
    session: ReadSession,
    cursors: Cursors,
    country: Country = None,
    status: Annotated[
        FilterText | None, Query(description="draft, active, completed or discontinued")
    ] = None,
    biennium: Annotated[
        BienniumLabel | None, Query(description="Running at any time of this biennium, as 2024-25")
    ] = None,
    on: Annotated[date | None, Query(description="Running on this day")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of country programmes as they are stored here."""
    row = CountryProgrammeRow
    conditions = []
    if country is not None:
        conditions.append(col(row.country) == country)
    if status is not None:
        conditions.append(col(row.status) == status)
    if biennium is not None:
        asked = biennium_named(biennium)
        conditions += [col(row.period_start) <= asked.end, col(row.period_end) >= asked.start]
    if on is not None:
        conditions += [col(row.period_start) <= on, col(row.period_end) >= on]
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(
        session, COUNTRY_PROGRAMMES, conditions, cursors=cursors, cursor=cursor, limit=limit
    )


@router.get(
    "/development-agendas", response_model=ItemPage, summary="List development agendas in order of code"
)
async def list_development_agendas(
    session: ReadSession,
    cursors: Cursors,
    on: Annotated[date | None, Query(description="In force on this day")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of development agendas as they are stored here."""
    row = DevelopmentAgendaRow
    conditions = []
    if on is not None:
        conditions += [col(row.valid_from) <= on, col(row.valid_to) >= on]
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(
        session, DEVELOPMENT_AGENDAS, conditions, cursors=cursors, cursor=cursor, limit=limit
    )


@router.get(
    "/fragility-lists",
    response_model=ItemPage,
    summary="List editions of lists of fragile contexts in order of edition",
)
async def list_fragility_lists(
    session: ReadSession,
    cursors: Cursors,
    country: Country = None,
    publisher: Annotated[FilterText | None, Query(description="Name of the publisher")] = None,
    published_by: Annotated[date | None, Query(description="Published on or before this day")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of lists of fragile contexts as they are stored here."""
    row = FragilityListRow
    conditions = []
    if country is not None:
        conditions.append(col(row.countries).contains([country]))
    if publisher is not None:
        conditions.append(col(row.publisher) == publisher)
    if published_by is not None:
        conditions.append(col(row.published) <= published_by)
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(session, FRAGILITY_LISTS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@router.get("/field-offices", response_model=ItemPage, summary="List field offices in order of code")
async def list_field_offices(
    session: ReadSession,
    cursors: Cursors,
    country: Annotated[CountryCode | None, Query(description="A country that the office serves")] = None,
    region: Annotated[FilterText | None, Query(description="Code of the office's region")] = None,
    kind: Annotated[FilterText | None, Query(description="Kind of office, as country-office")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of field offices as they are stored here."""
    row = FieldOfficeRow
    conditions = []
    if country is not None:
        conditions.append(col(row.countries).contains([country]))
    if region is not None:
        conditions.append(col(row.region) == region)
    if kind is not None:
        conditions.append(col(row.kind) == kind)
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(session, FIELD_OFFICES, conditions, cursors=cursors, cursor=cursor, limit=limit)


routers = [
    router,
    document_router(PROGRAMME_BUDGETS, path="/v1/programme-budgets", tag=TAG),
    document_router(COUNTRY_PROGRAMMES, path="/v1/country-programmes", tag=TAG),
    document_router(DEVELOPMENT_AGENDAS, path="/v1/development-agendas", tag=TAG),
    document_router(FRAGILITY_LISTS, path="/v1/fragility-lists", tag=TAG),
    document_router(FIELD_OFFICES, path="/v1/field-offices", tag=TAG),
]
