"""Where partners push: the one route that no token opens, but the signature of a source."""

import time
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Path, Request, status

from gateway.incoming.handlers import receive, verified_source
from gateway.incoming.schemas import Acceptance
from gateway.incoming.signatures import SignatureRefused, signed_by_headers
from gateway.issuer.oauth import CurrentIssuer, current_issuer
from gateway.issuer.sealing import Sealer
from shared.chassis.app import CurrentRuntime
from shared.chassis.audit.entries import Affected, Attempt, note_changes
from shared.chassis.db import Uow
from shared.chassis.guard import GuardedRoute
from shared.chassis.idempotency.once import Keying
from shared.chassis.limits import FailureLimit, source_of
from shared.chassis.parameters import FilterText
from shared.chassis.telemetry import correlation_id

MOST_BYTES = 256 * 1024
SIGNED = {
    "requestBody": {
        "required": True,
        "description": "What is told: an object with `type`, `timestamp` and `data`.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": meaning,
            "schema": {"type": "string", "maxLength": most},
        }
        for name, meaning, most in (
            ("webhook-id", "The same each time that the message is sent; no full stops", 255),
            ("webhook-timestamp", "When it is sent, in seconds since 1970", 12),
            (
                "webhook-signature",
                "`v1,…` (HMAC-SHA256) or `v1a,…` (ed25519), several with blanks between",
                4000,
            ),
        )
    ],
}
"""What OpenAPI tells of the route, which reads the body as it came, since that is what was signed."""


class SignedRoute(GuardedRoute):
    """A route whose requests are known by their ``webhook-id``."""

    keying: ClassVar[Keying] = Keying.NONE


router = APIRouter(prefix="/v1/incoming", tags=["incoming webhooks"], route_class=SignedRoute)


async def current_sealer(_issuer: CurrentIssuer, runtime: CurrentRuntime) -> Sealer:
    """Return what seals secrets and messages of sources."""
    sealer: Sealer = runtime.parts["incoming_sealer"]
    return sealer


CurrentSealer = Annotated[Sealer, Depends(current_sealer)]
SourceId = Annotated[FilterText, Path(max_length=100, description="The source, as it was told")]


@router.post(
    "/{identifier}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Push one message, signed by the Standard Webhooks specification",
    openapi_extra=SIGNED,
    max_body_size=MOST_BYTES,
    dependencies=[Depends(current_issuer)],
)
async def receive_incoming(
    session: Uow,
    runtime: CurrentRuntime,
    issuer: CurrentIssuer,
    sealer: CurrentSealer,
    request: Request,
    identifier: SourceId,
) -> Acceptance:
    """Store a message before it is answered; the same message again is answered the same, and has no effect."""
    failures: FailureLimit = runtime.parts["incoming_failures"]
    address = source_of(request.scope)
    failures.require(address, identifier)
    try:
        signed = signed_by_headers(request.headers, time.time())
        body = await request.body()
        source, secret = await verified_source(session, sealer, identifier, signed, body)
    except SignatureRefused:
        failures.note(address, identifier)
        raise
    message, is_new = await receive(session, sealer, source, secret, signed, body)
    if is_new:
        attempt = Attempt(
            principal=f"{issuer.url}#{source.id}",
            name=source.name,
            client=source.id,
            source=request.client.host if request.client else "",
            action=request.scope["state"]["operation"],
            correlation_id=correlation_id(),
        )
        await note_changes(
            session, attempt, [Affected(aggregate="incoming-message", identifier=str(message.id))]
        )
    return Acceptance(id=message.id, webhook_id=message.webhook_id)
