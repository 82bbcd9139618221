"""Refusals of the OAuth routes, in the form that clients of any issuer know (RFC 6749, section 5.2)."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Literal

from fastapi import Request, Response

from gateway.issuer.schemas import TokenRefusal
from shared.chassis.guard import GuardedRoute
from shared.chassis.idempotency.once import Keying

OAuthError = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_scope",
    "invalid_dpop_proof",
    "unauthorized_client",
    "unsupported_grant_type",
]

NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CHALLENGE = {"WWW-Authenticate": 'Basic realm="devcoop", charset="UTF-8"'}


class OAuthRefusal(Exception):
    """A refusal; ``description`` is for people, and has nothing of what was sent."""

    def __init__(self, error: OAuthError, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description

    def response(self) -> Response:
        """Return the response that tells of it."""
        bad_client = self.error == "invalid_client"
        body = TokenRefusal(error=self.error, error_description=self.description)
        return Response(
            body.model_dump_json(),
            HTTPStatus.UNAUTHORIZED if bad_client else HTTPStatus.BAD_REQUEST,
            headers={**NOT_STORED, **(CHALLENGE if bad_client else {})},
            media_type="application/json",
        )


class OAuthRoute(GuardedRoute):
    """A route that refuses as OAuth says, where every token is another: a key would have one kept."""

    keying = Keying.NONE

    def open_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Answer refusals of this module."""
        handle = super().open_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except OAuthRefusal as refusal:
                return refusal.response()

        return handler
