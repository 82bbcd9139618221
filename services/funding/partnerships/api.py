"""HTTP interface of agreements, and what happens under them.

There is no batch of agreements: it would be a way around signing.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.funding.models import AgreementRow, PartnerProfileRow
from services.funding.partnerships import handlers
from services.funding.partnerships.aggregates import AGREEMENTS, PARTNER_PROFILES
from services.funding.partnerships.allocations import MoneySource
from services.funding.partnerships.amendments import AmendmentForm
from services.funding.partnerships.decisions import WithdrawalForm, allocate_one, withdraw
from services.funding.partnerships.domain import AgreementStepForm, DeliveryForm, begun, revised
from services.funding.partnerships.due_diligence import DueDiligenceForm
from services.funding.partnerships.mobilisation.api import routers as mobilisation
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
from shared.contracts.funding.v1 import (
    AgreementKind,
    AgreementState,
    Allocation,
    MoneyReceipt,
)

TAG = "partnerships"

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]

profiles = APIRouter(prefix="/v1/partner-profiles", tags=[TAG], route_class=GuardedRoute)
agreements = APIRouter(prefix="/v1/agreements", tags=[TAG], route_class=JsonRoute)


@profiles.get("", response_model=ItemPage, summary="List profiles of partners in order of identifier")
async def list_partner_profiles(
    session: ReadSession,
    cursors: Cursors,
    type: Annotated[FilterText | None, Query(description="OrganisationType code")] = None,  # noqa: A002
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of profiles as they are stored here."""
    conditions = []
    if type is not None:
        conditions.append(col(PartnerProfileRow.type) == type)
    if updated_since is not None:
        conditions.append(col(PartnerProfileRow.updated_at) >= updated_since)
    return await list_page(session, PARTNER_PROFILES, conditions, cursors=cursors, cursor=cursor, limit=limit)


@agreements.get("", response_model=ItemPage, summary="List agreements in order of number")
async def list_agreements(
    session: ReadSession,
    cursors: Cursors,
    state: Annotated[AgreementState | None, Query(description="Where the agreement stands")] = None,
    kind: Annotated[AgreementKind | None, Query(description="What the agreement is")] = None,
    partner: Annotated[FilterText | None, Query(description="Identifier of a partner, in any role")] = None,
    pool: Annotated[FilterText | None, Query(description="Code of the pool that it is for, as RBSA")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of agreements as they are stored here."""
    filters = {AgreementRow.state: state, AgreementRow.kind: kind, AgreementRow.pool: pool}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if partner is not None:
        conditions.append(col(AgreementRow.partners).contains([partner]))
    if updated_since is not None:
        conditions.append(col(AgreementRow.updated_at) >= updated_since)
    return await list_page(session, AGREEMENTS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@agreements.post("/{identifier:path}/actions", status_code=201, summary="Take a step with one agreement")
async def act_on_agreement(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: AgreementStepForm,
    response: Response,
) -> Receipt:
    """Take a step that the state of the agreement allows, and keep it in the history."""
    return receipt(response, await handlers.act(session, actor, identifier, step, version))


@agreements.post(
    "/{identifier:path}/due-diligence", status_code=201, summary="Take a step in the scrutiny of a partner"
)
async def scrutinise_partner(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: DueDiligenceForm,
    response: Response,
) -> Receipt:
    """Take a step in the due diligence of a private partner, and keep it in its history."""
    return receipt(response, await handlers.scrutinise(session, actor, identifier, step, version))


@agreements.post("/{identifier:path}/receipts", status_code=201, summary="Record money that came in")
async def record_receipt(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    received: MoneyReceipt,
    response: Response,
) -> Receipt:
    """Record a receipt for a tranche; the same again changes nothing."""
    return receipt(response, await handlers.receive(session, actor, identifier, received, version))


@agreements.post(
    "/{identifier:path}/amendments", status_code=201, summary="Record one amendment of an agreement"
)
async def amend_agreement(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    amendment: AmendmentForm,
    response: Response,
) -> Receipt:
    """Change the content of a signed agreement, and keep what it was."""
    return receipt(response, await handlers.amend(session, actor, identifier, amendment, version))


@agreements.post(
    "/{identifier:path}/deliveries", status_code=201, summary="Record a report that was delivered"
)
async def record_delivery(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    delivery: DeliveryForm,
    response: Response,
) -> Receipt:
    """Record when a report that was owed to the partners was delivered."""
    return receipt(response, await handlers.deliver(session, actor, identifier, delivery, version))


@agreements.post(
    "/{identifier:path}/allocations/{code:path}/withdrawals",
    status_code=201,
    summary="Take one allocation of an agreement back",
)
async def withdraw_from_agreement(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    code: str,
    withdrawal: WithdrawalForm,
    response: Response,
) -> Receipt:
    """Release what was allocated; the event of the change keeps why."""
    source = MoneySource("agreement", identifier)
    return receipt(response, await withdraw(session, actor, source, code, withdrawal, version))


@agreements.post("/{identifier:path}/allocations", status_code=201, summary="Allocate money of one agreement")
async def allocate_agreement(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    allocation: Allocation,
    rate_source: RateSource,
    response: Response,
) -> Receipt:
    """Allocate money to an activity or an outcome within the earmarking; the same again changes nothing."""
    source = MoneySource("agreement", identifier)
    stored = await allocate_one(session, actor, source, allocation, rate_source, version)
    return receipt(response, stored)


add_authored_writes(agreements, Authored(AGREEMENTS, begun, revised))
add_reads(agreements, AGREEMENTS)
routers = [
    profiles,
    document_router(PARTNER_PROFILES, path="/v1/partner-profiles", tag=TAG),
    agreements,
    *mobilisation,
]
