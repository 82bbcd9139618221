"""Refused attempts reach the audit: every request for a change that was refused, and every one that was not let in."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.audit.entries import Affected, Attempt, Refusal
from shared.chassis.audit.refusals import Refusals
from shared.chassis.errors import REFUSED
from shared.chassis.telemetry import correlation_id
from shared.policy.operations import OPERATIONS
from shared.policy.principals import Principal

READING = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_LET_IN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
PASSED_ON = "pass_on"
"""The operation whose refusals another process has in its audit."""


class RefusedAttempts:
    """Takes note of refusals on their way out, once they are in the audit where somebody with a name is refused.

    What is refused because there was too much of it is counted by the metrics alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and take note of its refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_refusal(scope, message["status"]):
                refusals: Refusals = scope["state"]["runtime"].refusals
                principal: Principal = scope["state"]["principal"]
                await refusals.record(refusal_of(scope, principal, message["status"]))
            await send(message)

        await self._app(scope, receive, answer)


def refusal_of(scope: Scope, principal: Principal, status: int, code: str | None = None) -> Refusal:
    """Return the refusal of a request as the audit tells it."""
    state = scope["state"]
    operation = (
        state.get("operation") or f"{scope['method']} {getattr(scope.get('route'), 'path', '')}".strip()
    )
    attempt = Attempt.by(
        principal,
        action=operation,
        source=scope["client"][0] if scope.get("client") else "",
        correlation_id=correlation_id(),
    )
    known = OPERATIONS.get(operation)
    identifier = scope.get("path_params", {}).get("identifier")
    about = Affected(aggregate=known.resource if known else None, identifier=identifier)
    told = code or state.get(REFUSED) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    return Refusal(attempt, status, told, about)


def _is_refusal(scope: Scope, status: int) -> bool:
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    if status == HTTPStatus.TOO_MANY_REQUESTS or scope["state"].get("operation") == PASSED_ON:
        return False
    return scope["method"] not in READING or status in NOT_LET_IN
