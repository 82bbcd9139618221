"""Who sends commands to owners: the gateway, in the name of who asks it to."""

from fastapi import Request

from gateway.acting import ActingToken, Caller
from gateway.batch.sending import Sender
from gateway.settings import Settings
from shared.chassis.app import Runtime
from shared.chassis.errors import Conflict
from shared.policy.permits import Permit


def sender_for(request: Request, runtime: Runtime, permit: Permit) -> Sender:
    """Return what sends commands to owners in the name of who makes a request.

    Raises:
        Conflict: the gateway issues no tokens.

    """
    issuer = runtime.parts["issuer"]
    if issuer is None:
        detail = "The gateway issues no tokens here, so it can not act for who asks."
        raise Conflict(detail, code="without-issuer")
    return Sender(
        runtime.parts["owners"],
        ActingToken(runtime.database, issuer, Caller.of(permit.principal)),
        source=request.client.host if request.client else "",
        retry_seconds=runtime.settings_as(Settings).batch_retry_seconds,
    )
