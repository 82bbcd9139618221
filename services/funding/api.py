"""HTTP interface of the funding service."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.funding.aggregates import FINANCES, PARTNERS
from services.funding.alerts.api import routers as alerts
from services.funding.handlers import add_transaction
from services.funding.models import FinanceRow, PartnerRow
from services.funding.partnerships.api import routers as partnerships
from services.funding.rates.api import routers as rates
from services.funding.workplans.api import routers as workplans
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents import document_router
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import CurrentActor, ExpectedVersion, receipt
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.funding.v1 import Transaction

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]

finances = APIRouter(prefix="/v1/finances", tags=["finances"], route_class=JsonRoute)
partners = APIRouter(prefix="/v1/partners", tags=["partners"], route_class=GuardedRoute)


@finances.get("", response_model=ItemPage, summary="List the money of activities in order of identifier")
async def list_finances(
    session: ReadSession,
    cursors: Cursors,
    earmarking_category: Annotated[
        FilterText | None, Query(description="EarmarkingCategory of the activity, 1 to 4")
    ] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of finances as they are stored here."""
    conditions = []
    if earmarking_category is not None:
        conditions.append(col(FinanceRow.earmarking_category) == earmarking_category)
    if updated_since is not None:
        conditions.append(col(FinanceRow.updated_at) >= updated_since)
    return await list_page(session, FINANCES, conditions, cursors=cursors, cursor=cursor, limit=limit)


@finances.post(
    "/{identifier:path}/transactions", status_code=201, summary="Record one transaction of an activity"
)
async def record_transaction(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    transaction: Transaction,
    response: Response,
) -> Receipt:
    """Add a transaction to what is known of the activity's money."""
    return receipt(response, await add_transaction(session, actor, identifier, transaction, version))


@partners.get("", response_model=ItemPage, summary="List partner organisations in order of identifier")
async def list_partners(
    session: ReadSession,
    cursors: Cursors,
    type: Annotated[FilterText | None, Query(description="OrganisationType code")] = None,  # noqa: A002
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of partners as they are stored here."""
    conditions = []
    if type is not None:
        conditions.append(col(PartnerRow.type) == type)
    if updated_since is not None:
        conditions.append(col(PartnerRow.updated_at) >= updated_since)
    return await list_page(session, PARTNERS, conditions, cursors=cursors, cursor=cursor, limit=limit)


routers = [
    finances,
    partners,
    document_router(FINANCES, path="/v1/finances", tag="finances"),
    document_router(PARTNERS, path="/v1/partners", tag="partners"),
    *rates,
    *partnerships,
    *alerts,
    *workplans,
]
