"""HTTP interface of pools, pledges and mobilisation targets."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.funding.models import MobilisationTargetRow, PledgeRow, PoolRow
from services.funding.partnerships.aggregates import MOBILISATION_TARGETS, PLEDGES, POOLS
from services.funding.partnerships.allocations import MoneySource
from services.funding.partnerships.decisions import WithdrawalForm, allocate_one, withdraw
from services.funding.partnerships.mobilisation import handlers, pledges, pools
from services.funding.partnerships.mobilisation.answers import PoolBalanceAnswer, ProgressAnswer
from services.funding.partnerships.mobilisation.pledges import PledgeStepForm
from services.funding.settings import RateSource
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents import document_router
from shared.chassis.documents.authored import Authored, add_authored_writes
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import (
    CurrentActor,
    ExpectedVersion,
    add_reads,
    receipt,
)
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.funding.v1 import Allocation, PledgeState
from shared.contracts.projects.v1 import BienniumLabel

TAG = "partnerships"

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]
OfBiennium = Annotated[BienniumLabel | None, Query(description="Of this biennium, as 2024-25")]

pool_routes = APIRouter(prefix="/v1/pools", tags=[TAG], route_class=JsonRoute)
pledge_routes = APIRouter(prefix="/v1/pledges", tags=[TAG], route_class=JsonRoute)
target_routes = APIRouter(prefix="/v1/mobilisation-targets", tags=[TAG], route_class=GuardedRoute)


@pool_routes.get("", response_model=ItemPage, summary="List pools in order of code and biennium")
async def list_pools(
    session: ReadSession,
    cursors: Cursors,
    biennium: OfBiennium = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of pools as they are stored here."""
    conditions = []
    if biennium is not None:
        conditions.append(col(PoolRow.biennium) == biennium)
    if updated_since is not None:
        conditions.append(col(PoolRow.updated_at) >= updated_since)
    return await list_page(session, POOLS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@pool_routes.get("/{identifier:path}/balance", summary="What is in one pool, and how that comes about")
async def pool_balance(session: ReadSession, rate_source: RateSource, identifier: str) -> PoolBalanceAnswer:
    """Return contributions by agreement, what is allocated and what is left, in the pool's currency."""
    row, pool, balance = await pools.look(session, identifier, rate_source)
    return PoolBalanceAnswer.of(row, pool, balance, rate_source)


@pool_routes.post(
    "/{identifier:path}/allocations/{code:path}/withdrawals",
    status_code=201,
    summary="Take one allocation of a pool back",
)
async def withdraw_from_pool(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    code: str,
    withdrawal: WithdrawalForm,
    response: Response,
) -> Receipt:
    """Release what was allocated; the event of the change keeps why."""
    source = MoneySource("pool", identifier)
    return receipt(response, await withdraw(session, actor, source, code, withdrawal, version))


@pool_routes.post("/{identifier:path}/allocations", status_code=201, summary="Allocate money of one pool")
async def allocate_pool(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    allocation: Allocation,
    rate_source: RateSource,
    response: Response,
) -> Receipt:
    """Allocate money that is in the pool, by a decision that tells its reasons; the same again changes nothing."""
    source = MoneySource("pool", identifier)
    stored = await allocate_one(session, actor, source, allocation, rate_source, version)
    return receipt(response, stored)


@pledge_routes.get("", response_model=ItemPage, summary="List pledges in order of identifier")
async def list_pledges(
    session: ReadSession,
    cursors: Cursors,
    state: Annotated[PledgeState | None, Query(description="Where the pledge stands")] = None,
    partner: Annotated[FilterText | None, Query(description="Identifier of who pledged")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of pledges as they are stored here."""
    filters = {PledgeRow.state: state, PledgeRow.partner: partner}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if updated_since is not None:
        conditions.append(col(PledgeRow.updated_at) >= updated_since)
    return await list_page(session, PLEDGES, conditions, cursors=cursors, cursor=cursor, limit=limit)


@pledge_routes.post("/{identifier:path}/actions", status_code=201, summary="Convert or withdraw one pledge")
async def act_on_pledge(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: PledgeStepForm,
    response: Response,
) -> Receipt:
    """Take a step that the state of the pledge allows, and keep it in the history."""
    return receipt(response, await handlers.act_on_pledge(session, actor, identifier, step, version))


@target_routes.get(
    "", response_model=ItemPage, summary="List mobilisation targets in order of biennium and code"
)
async def list_mobilisation_targets(
    session: ReadSession,
    cursors: Cursors,
    biennium: OfBiennium = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of targets as they are stored here."""
    conditions = []
    if biennium is not None:
        conditions.append(col(MobilisationTargetRow.biennium) == biennium)
    if updated_since is not None:
        conditions.append(col(MobilisationTargetRow.updated_at) >= updated_since)
    return await list_page(
        session, MOBILISATION_TARGETS, conditions, cursors=cursors, cursor=cursor, limit=limit
    )


@target_routes.get("/{identifier:path}/progress", summary="How far one mobilisation target is reached")
async def mobilisation_progress(
    session: ReadSession, rate_source: RateSource, identifier: str
) -> ProgressAnswer:
    """Return what was mobilised in the biennium, in the target's currency, and what could not be counted."""
    row, target, figure = await handlers.look(session, identifier, rate_source)
    return ProgressAnswer.of(row, target, figure, rate_source)


add_authored_writes(pool_routes, Authored(POOLS, pools.begun, pools.revised))
add_authored_writes(pledge_routes, Authored(PLEDGES, pledges.begun, pledges.revised))
add_reads(pool_routes, POOLS)
add_reads(pledge_routes, PLEDGES)
routers = [
    pool_routes,
    pledge_routes,
    target_routes,
    document_router(MOBILISATION_TARGETS, path="/v1/mobilisation-targets", tag=TAG),
]
