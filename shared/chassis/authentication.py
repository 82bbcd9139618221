"""Who asks: every request gets its principal from the token that it bears, or the public, before anything else is done.

A token that does not hold is refused on every route, those for everybody included (RFC 6750, section 3).
"""

from datetime import UTC, datetime
from hmac import compare_digest

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.chassis.audit.middleware import refusal_of
from shared.chassis.errors import (
    ProblemError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    problem_response,
)
from shared.chassis.identity.proofs import check_proof
from shared.chassis.identity.refusals import InvalidToken
from shared.chassis.limits import FailureLimit, source_of
from shared.policy.grants import Grant, Role
from shared.policy.principals import PUBLIC, Principal

SCHEMES = ("bearer", "dpop")
CLIENT_ROUTES = ("/oauth/token", "/oauth/revoke")
"""Where clients authenticate by their secret, which is the issuer's to verify (RFC 6749, section 2.3.1)."""
METRICS = "/metrics"
COLLECTOR = Principal(
    issuer="", subject="metrics", client="metrics", name="metrics", grants=(Grant(role=Role.OPERATOR),)
)
"""Who asks for metrics with the key for them: it needs no issuer, so metrics are there when the issuer is away."""


class AuthenticationMiddleware:
    """Puts the principal of a request into its state, or answers 401."""

    def __init__(self, app: ASGIApp, failures: FailureLimit) -> None:
        self._app, self._failures = app, failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Verify the token of a request, and pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            principal = await _principal(scope)
        except InvalidToken as error:
            refusal = self._refusal(error, source_of(scope))
            scope["state"]["runtime"].refusals.note(refusal_of(scope, PUBLIC, refusal.status, refusal.code))
            await _answer(refusal, scope, receive, send)
            return
        except Unavailable as error:
            await _answer(error, scope, receive, send)
            return
        scope["state"] = {**scope["state"], "principal": principal}
        await self._app(scope, receive, send)

    def _refusal(self, error: InvalidToken, source: str) -> ProblemError:
        """Return what an invalid token is refused with; too many of one address are not even told why."""
        try:
            self._failures.require(source)
        except TooManyRequests as refusal:
            return refusal
        self._failures.note(source)
        return Unauthenticated(error.detail, code=error.code)


async def _answer(problem: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    await problem_response(problem.problem(), problem.headers)(scope, receive, send)


async def _principal(scope: Scope) -> Principal:
    """Return whom a request comes from.

    Raises:
        InvalidToken: it has credentials that do not hold.

    """
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given or scope["path"] in CLIENT_ROUTES:
        return PUBLIC
    scheme, _, token = given[0].decode("latin-1").partition(" ")
    scheme, token = scheme.lower(), token.strip()
    if len(given) > 1 or scheme not in SCHEMES or not token:
        raise InvalidToken(
            "Credentials are one bearer token, or one with a proof of its key.", "token-malformed"
        )
    runtime = scope["state"]["runtime"]
    if scope["path"] == METRICS and scheme == "bearer" and _is(runtime.settings.metrics_key, token):
        return COLLECTOR
    principal: Principal = await runtime.access.verifier.verify(token)
    if principal.key_thumbprint is not None:
        await _require_proof(scope, token, scheme, principal.key_thumbprint)
    elif scheme == "dpop":
        raise InvalidToken("The token is bound to no key.", code="token-malformed")
    return principal


def _is(key: SecretStr | None, given: str) -> bool:
    return key is not None and compare_digest(key.get_secret_value().encode(), given.encode())


async def _require_proof(scope: Scope, token: str, scheme: str, thumbprint: str) -> None:
    """Check that who sends a token holds the key that it is bound to (RFC 9449)."""
    headers = Headers(scope=scope)
    proofs = headers.getlist("dpop")
    if scheme != "dpop" or len(proofs) != 1:
        raise InvalidToken("The token needs one proof of its key.", code="proof-missing")
    runtime = scope["state"]["runtime"]
    await check_proof(
        proofs[0],
        method=scope["method"],
        url=_address(scope, headers, runtime.settings.public_url),
        token=token,
        thumbprint=thumbprint,
        seen=runtime.access.proofs,
        now=datetime.now(UTC),
    )


def _address(scope: Scope, headers: Headers, public_url: str | None) -> str:
    """Return the address that a caller asked, as it knows it."""
    base = public_url or f"{scope['scheme']}://{headers.get('host', '')}"
    return base.rstrip("/") + str(scope["raw_path"].decode("latin-1"))
