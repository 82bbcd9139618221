"""Who gave what and what became of it, what is due and from whom: pages of the results, from the read model."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from gateway.results.accountability.alerts import AlertPage, alert_page
from gateway.results.accountability.answers import as_json, known
from gateway.results.accountability.appraisals import AppraisalsAnswer, appraisals_answer
from gateway.results.accountability.delivered import Yardstick
from gateway.results.accountability.delivery import DeliveryPage, deliveries, year_of
from gateway.results.accountability.donor import DonorAnswer, donor_answer
from gateway.results.accountability.donors import DonorPage, Partnerships, donor_rows
from gateway.results.accountability.field_office import FieldOfficeAnswer, field_office_answer
from gateway.results.accountability.mobilisation import MobilisationAnswer, mobilisation_answer
from gateway.results.accountability.project_delivery import Place
from gateway.results.accountability.queries import (
    AlertsQuery,
    AppraisalsQuery,
    BienniumQuery,
    DeliveryQuery,
    DonorQuery,
    DonorsQuery,
    FieldOfficeQuery,
    MobilisationQuery,
)
from gateway.results.asked import CurrentReads
from gateway.results.terms import RateTables, Terms
from gateway.settings import Settings
from shared.chassis.app import CurrentRuntime
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursors
from shared.chassis.parameters import FilterText
from shared.figures.biennium import Biennium, biennium_of

FIRST_YEAR = 1900
"""Of the first biennium that can be named; a moment before it is answered for that one."""

router = APIRouter(prefix="/v1/results", tags=["results"], route_class=GuardedRoute)


async def _rate_tables(request: Request) -> RateTables:
    tables: RateTables = request.state.runtime.parts["rate_tables"]
    return tables


CurrentRates = Annotated[RateTables, Depends(_rate_tables)]


async def _settings(runtime: CurrentRuntime) -> Settings:
    return runtime.settings_as(Settings)


CurrentSettings = Annotated[Settings, Depends(_settings)]


@router.get("/donors", response_model=DonorPage, summary="What each donor agreed, gave and pledged")
async def read_donors(
    reads: CurrentReads, cursors: Cursors, query: Annotated[DonorsQuery, Query()]
) -> Response:
    """Return one page of donors in order of identifier, and all of them together."""
    after = cursors.decode(query.cursor, str)[0] if query.cursor else None
    async with reads.on(query) as (session, terms):
        biennium = _biennium(query, terms.today)
        partnerships = await Partnerships.read(session)
        rows = donor_rows(partnerships, biennium, terms, after, query.limit)
        has_more = len(rows) > query.limit
        page = DonorPage(
            **await known(session),
            biennium=biennium.label,
            items=rows[: query.limit],
            whole=partnerships.whole(biennium, terms),
            next=cursors.encode([rows[query.limit - 1].identifier]) if has_more else None,
        )
        return as_json(page)


@router.get("/donors/{identifier:path}", response_model=DonorAnswer, summary="What a donor's money did")
async def read_donor(
    reads: CurrentReads, identifier: FilterText, query: Annotated[DonorQuery, Query()]
) -> Response:
    """Return agreements, allocations, projects, results and reports of a donor."""
    async with reads.on(query) as (session, terms):
        biennium = _biennium(query, terms.today)
        return as_json(await donor_answer(session, identifier, biennium, terms))


@router.get(
    "/field-offices/{code:path}", response_model=FieldOfficeAnswer, summary="What is due from a field office"
)
async def read_field_office_results(
    reads: CurrentReads,
    settings: CurrentSettings,
    code: FilterText,
    query: Annotated[FieldOfficeQuery, Query()],
) -> Response:
    """Return reports, evaluations, follow-ups, locks, alerts and delivery of an office and those below it."""
    async with reads.on(query) as (session, terms):
        yardstick = _yardstick(settings, query, terms)
        return as_json(await field_office_answer(session, code, query, terms, yardstick))


@router.get("/delivery", response_model=DeliveryPage, summary="Delivery rates, the lowest first")
async def read_delivery(
    reads: CurrentReads,
    cursors: Cursors,
    settings: CurrentSettings,
    query: Annotated[DeliveryQuery, Query()],
) -> Response:
    """Return one page of deliveries of a year against what is expected by the day."""
    after = Place(*cursors.decode(query.cursor, str, str, str)) if query.cursor else None
    async with reads.on(query) as (session, terms):
        yardstick = _yardstick(settings, query, terms)
        found = await deliveries(session, query, terms, yardstick, after)
        has_more = len(found.rows) > query.limit
        page = DeliveryPage(
            **await known(session),
            by=query.by,
            year=year_of(query, terms),
            threshold=yardstick.threshold,
            convention=terms.convention,
            items=[row for _, row in found.rows[: query.limit]],
            whole=found.whole,
            next=cursors.encode(found.rows[query.limit - 1][0]) if has_more else None,
        )
        return as_json(page)


@router.get("/appraisals", response_model=AppraisalsAnswer, summary="The pipeline of proposals")
async def read_appraisals(reads: CurrentReads, query: Annotated[AppraisalsQuery, Query()]) -> Response:
    """Return proposals by state, country and outcome, and how long appraisals take."""
    async with reads.on(query) as (session, terms):
        return as_json(await appraisals_answer(session, query, terms))


@router.get("/mobilisation", response_model=MobilisationAnswer, summary="Mobilisation against its targets")
async def read_mobilisation(
    reads: CurrentReads, tables: CurrentRates, query: Annotated[MobilisationQuery, Query()]
) -> Response:
    """Return targets, approvals, receipts, new donors and pools of a biennium."""
    async with reads.on(query) as (session, terms):
        rates = await tables.rates(session, query.rate_source)
        biennium = _biennium(query, terms.today)
        return as_json(await mobilisation_answer(session, biennium, terms, rates))


@router.get("/alerts", response_model=AlertPage, summary="Alerts of all services, in order of identifier")
async def read_alerts(
    reads: CurrentReads, cursors: Cursors, query: Annotated[AlertsQuery, Query()]
) -> Response:
    """Return one page of alerts, the open ones unless others are asked for."""
    after = cursors.decode(query.cursor, str)[0] if query.cursor else None
    async with reads.at(query.as_of) as session:
        found = await alert_page(session, query, after)
        has_more = len(found) > query.limit
        page = AlertPage(
            **await known(session),
            items=found[: query.limit],
            next=cursors.encode([found[query.limit - 1].identifier]) if has_more else None,
        )
        return as_json(page)


def _yardstick(settings: Settings, query: FieldOfficeQuery | DeliveryQuery, terms: Terms) -> Yardstick:
    threshold = settings.delivery_threshold if query.threshold is None else query.threshold
    return Yardstick(threshold, settings.delivery_from, terms.today, terms.convention)


def _biennium(query: BienniumQuery, today: date) -> Biennium:
    return biennium_of(int(query.biennium[:4]) if query.biennium else max(today.year, FIRST_YEAR))
