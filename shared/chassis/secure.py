"""What every answer tells a browser not to do, and what a request must be to get further.

The interface is no site: nothing of it is to be shown in a page, run, framed or kept by a cache that others share.
"""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.errors import BadRequest, Problem, problem_response
from shared.chassis.telemetry import METHODS, PROBES

DOCS = "/docs"
CLOSED = b"default-src 'none'; frame-ancestors 'none'"
CLOSED_BUT_DOCS = (
    b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; connect-src 'self';"
    b" script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net;"
    b" img-src 'self' data: https://fastapi.tiangolo.com"
)
"""The page of the interface loads its viewer from elsewhere; it shows nothing that a caller wrote."""
TRANSPORT = b"max-age=31536000; includeSubDomains"

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_ELSEWHERE = (*_ALWAYS, (b"content-security-policy", CLOSED))
_ON_DOCS = (*_ALWAYS, (b"content-security-policy", CLOSED_BUT_DOCS))
_ALLOW = ", ".join(sorted(METHODS))
_SAFE = ("GET", "HEAD")


class SecureHeaders:
    """Adds to every answer the headers that close it, where its handler did not set them.

    An answer that may depend on who asks is not to be stored, unless its handler told how; every answer varies by
    ``Authorization``, those to nobody in particular too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and close its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                names = {name for name, _ in given}
                added = [each for each in _headers(scope, message["status"]) if each[0] not in names]
                message = {**message, "headers": [*given, *added, (b"vary", b"Authorization")]}
            await send(message)

        await self._app(scope, receive, answer)


def _headers(scope: Scope, status: int) -> list[tuple[bytes, bytes]]:
    headers = [*(_ON_DOCS if scope["path"] == DOCS else _ELSEWHERE)]
    if scope["scheme"] == "https":
        headers.append((b"strict-transport-security", TRANSPORT))
    plain = scope["method"] in _SAFE and status < HTTPStatus.BAD_REQUEST
    if not plain or any(name == b"authorization" for name, _ in scope["headers"]):
        headers.append((b"cache-control", b"no-store"))
    return headers


class Gate:
    """Lets requests in that name a host of ours, by a method that there is.

    ``hosts`` are names as ``Host`` has them without port, or ``*.example.org`` for all below one; none lets every name
    in. Probes ask by address and get in by any name.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._names = frozenset(host.lower() for host in hosts if not host.startswith("*"))
        self._endings = tuple(host[1:].lower() for host in hosts if host.startswith("*"))
        self._any = not hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] not in METHODS:
            await method_refused(f"There is no method {scope['method'][:20]} here.")(scope, receive, send)
        elif self._any or scope["path"] in PROBES or self._known(Headers(scope=scope).getlist("host")):
            await self._app(scope, receive, send)
        else:
            refusal = BadRequest("The request is for a host that is not this one.", code="unknown-host")
            await problem_response(refusal.problem())(scope, receive, send)

    def _known(self, given: Sequence[str]) -> bool:
        if len(given) != 1:
            return False
        host = given[0].lower()
        name, _, port = host.rpartition(":") if ":" in host and not host.endswith("]") else (host, "", "")
        if port and not port.isdecimal():
            return False
        return name in self._names or (bool(self._endings) and name.endswith(self._endings))


def method_refused(detail: str) -> Response:
    """Return the answer to a method that no address has."""
    status = HTTPStatus.METHOD_NOT_ALLOWED
    problem = Problem(title=status.phrase, status=status, code="method-not-allowed", detail=detail)
    return problem_response(problem, {"Allow": _ALLOW})


class Cors(CORSMiddleware):
    """Lets pages of some origins read answers; they send their tokens themselves, a browser adds nothing."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "DevCoop-After",
                "DevCoop-Correlation",
                "DPoP",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
            ),
            expose_headers=(
                "Allow",
                "DevCoop-Correlation",
                "DevCoop-Write",
                "ETag",
                "Idempotency-Replayed",
                "Location",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "WWW-Authenticate",
            ),
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks beforehand; a refusal is a problem like any other."""
        response = super().preflight_response(request_headers)
        if response.status_code == HTTPStatus.OK:
            return response
        refusal = BadRequest("Pages of that origin may not ask that.", code="cors-refused")
        return problem_response(refusal.problem(), {"Vary": "Origin"})
