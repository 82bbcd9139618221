"""Errors of the HTTP interface, rendered once as ``application/problem+json`` (RFC 9457).

ProblemError: a refusal with a status and a stable ``code``
├── BadRequest (400): a parameter, a header or a cursor is wrong
├── Unauthenticated (401): it takes a token, or the token does not hold
├── Forbidden (403): the principal may not do that
├── NotFound (404)
├── TooSlow (408): the request did not arrive in time
├── Conflict (409)
│   └── IllegalTransition: the state allows other steps, which are told
├── PreconditionFailed (412): the caller's version is not the stored one
├── TooLarge (413)
├── UnsupportedMedia (415)
├── Invalid (422): the payload breaks its contract or a rule
├── PreconditionRequired (428): the caller does not say which version it is based on
├── TooManyRequests (429): ask again later
├── Unavailable (503): a part that is needed is away; try again
└── TimedOut (504): a part that is needed took too long; what was asked of it may have been done

Whatever else is raised is logged and answered as a 500 that tells nothing.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, JsonValue, ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.telemetry import correlation_id

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 50
REFUSED = "refused"
"""Where a request keeps the code of its refusal."""
RETRY_AFTER_SECONDS = "1"
_NO_CONNECTION = (asyncpg.InterfaceError, ConnectionError, FileNotFoundError, TimeoutError)
"""What the driver raises, beside its own errors, while it cannot reach the server."""
_PASSING = ("08", "40", "53", "57", "55P03")
"""SQLSTATEs of what passes: connection, rollback, resources, operator, lock."""

_log = structlog.get_logger()
_BODY = "body"


class Fault(BaseModel):
    """One fault of a request; ``pointer`` is a JSON pointer (RFC 6901) into the body, or names a parameter."""

    pointer: str
    code: str
    detail: str


class Difference(BaseModel):
    """One place where a document is not as the caller's version was; a side that has nothing there is left out.

    ``pointer`` is a JSON pointer into the document as it is stored. It is a conflict where both sides changed it.
    """

    pointer: str
    base: JsonValue = None
    yours: JsonValue = None
    theirs: JsonValue = None
    conflict: bool


class Problem(BaseModel):
    """The body of every refusal; ``allowed`` are the steps that the state of the thing allows, where it refused one.

    A condition that failed tells the ``current_version``, and what is different from the version that it was about:
    ``is_all`` is false where there is more than is told.
    """

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[Fault] = []
    allowed: list[str] | None = None
    current_version: int | None = None
    difference: list[Difference] | None = None
    is_all: bool | None = None


class ProblemError(Exception):
    """A refusal; subclasses fix the status and a default code."""

    status: ClassVar[HTTPStatus]
    default_code: ClassVar[str]

    def __init__(self, detail: str, *, code: str | None = None, errors: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.errors = errors

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the refusal, beside its body."""
        return {}

    def problem(self) -> Problem:
        """Return the body that tells of the refusal."""
        return Problem(
            title=self.status.phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=list(self.errors[:MOST_FAULTS]),
        )


class BadRequest(ProblemError):
    """A parameter, a header or a cursor is wrong."""

    status, default_code = HTTPStatus.BAD_REQUEST, "bad-request"


class Unauthenticated(ProblemError):
    """It takes a token, or the token that came does not hold."""

    status, default_code = HTTPStatus.UNAUTHORIZED, "token-missing"

    @property
    def headers(self) -> dict[str, str]:
        """What tells a client how to authenticate (RFC 6750, section 3, and RFC 9449, section 7.1)."""
        told = (
            ""
            if self.code == "token-missing"
            else f', error="invalid_token", error_description="{self.code}"'
        )
        return {
            "WWW-Authenticate": f'Bearer realm="devcoop"{told}, DPoP realm="devcoop", algs="ES256 EdDSA RS256"'
        }


class Forbidden(ProblemError):
    """The principal may not do that."""

    status, default_code = HTTPStatus.FORBIDDEN, "forbidden"


class NotFound(ProblemError):
    """There is no such thing."""

    status, default_code = HTTPStatus.NOT_FOUND, "not-found"


class TooSlow(ProblemError):
    """The request did not arrive in time."""

    status, default_code = HTTPStatus.REQUEST_TIMEOUT, "request-too-slow"

    @property
    def headers(self) -> dict[str, str]:
        """What ends the connection, of which the rest of the request may still come."""
        return {"Connection": "close"}


class Conflict(ProblemError):
    """The state of the thing does not allow it."""

    status, default_code = HTTPStatus.CONFLICT, "conflict"


class IllegalTransition(Conflict):
    """The step is not one of those that the state of the thing allows."""

    default_code = "illegal-transition"

    def __init__(self, detail: str, *, allowed: Sequence[str]) -> None:
        super().__init__(detail)
        self.allowed = allowed

    def problem(self) -> Problem:
        """Return the body that tells of the refusal, and of what is allowed."""
        return super().problem().model_copy(update={"allowed": list(self.allowed)})


class PreconditionFailed(ProblemError):
    """The version that the caller based the change on is not the stored one."""

    status, default_code = HTTPStatus.PRECONDITION_FAILED, "precondition-failed"


class PreconditionRequired(ProblemError):
    """The change is of what is stored, and does not say which version of it the caller saw."""

    status, default_code = HTTPStatus.PRECONDITION_REQUIRED, "precondition-required"


class TooLarge(ProblemError):
    """The body is larger than is taken."""

    status, default_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large"


class UnsupportedMedia(ProblemError):
    """The body is of a media type that is not taken."""

    status, default_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"


class Invalid(ProblemError):
    """The payload breaks its contract or a rule."""

    status, default_code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"


class TooManyRequests(ProblemError):
    """More was asked than is taken within a time; ``retry_after`` are the seconds until there is more."""

    status, default_code = HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """When to ask again."""
        return {"Retry-After": str(self.retry_after)}


class Unavailable(ProblemError):
    """A part that is needed is away."""

    status, default_code = HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"


class TimedOut(ProblemError):
    """A part that is needed took too long; what was asked of it may have been done."""

    status, default_code = HTTPStatus.GATEWAY_TIMEOUT, "timed-out"


def faults_of(error: ValidationError) -> list[Fault]:
    """Return the faults of a payload that breaks its contract."""
    return _faults(error.errors(include_url=False, include_context=False, include_input=False))


def install_errors(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    for error in (DBAPIError, PoolTimeoutError, asyncpg.PostgresError, *_NO_CONNECTION):
        app.add_exception_handler(error, _on_database_error)
    app.add_exception_handler(Exception, _on_unexpected)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return the response that a problem is sent as."""
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": RETRY_AFTER_SECONDS, **(headers or {})}
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, problem.status, headers=headers, media_type=MEDIA_TYPE)


class LargeBodyProblems:
    """Tells of a body that is too large as a problem, where the framework would in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and replace that one answer."""
        replaced = False

        async def answer(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == TooLarge.status:
                replaced = (b"content-type", MEDIA_TYPE.encode()) not in message["headers"]
                if replaced:
                    problem = TooLarge("The body is larger than is taken here.").problem()
                    await problem_response(problem)(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive, answer)


def _faults(errors: Iterable[Any]) -> list[Fault]:
    return [
        Fault(pointer=_pointer(error["loc"]), code=error["type"].replace("_", "-"), detail=error["msg"])
        for error in errors
    ]


def _pointer(location: Iterable[Any]) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in location)
    return "".join(f"/{step}" for step in steps)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101  (told to the type checker)
    return _refused(request, error)


def _refused(request: Request, error: ProblemError) -> Response:
    """Answer a refusal, and leave its code for the audit."""
    request.scope.get("state", {})[REFUSED] = error.code
    return problem_response(error.problem(), error.headers)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    """Tell a wrong body (422) from a wrong parameter (400)."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    listed = error.errors()
    if any(fault["loc"][0] != _BODY for fault in listed):
        faults = _faults([{**fault, "loc": fault["loc"][1:]} for fault in listed])
        unknown = any(fault["type"] == "extra_forbidden" for fault in listed)
        code = "unknown-parameter" if unknown else "invalid-parameter"
        return _refused(request, BadRequest("A parameter is wrong.", code=code, errors=faults))
    if any(fault["type"] == "json_invalid" for fault in listed):
        detail = f"The body is not JSON: {listed[0].get('ctx', {}).get('error', 'it cannot be read')}."
        return _refused(request, BadRequest(detail, code="malformed-json"))
    faults = _faults([{**fault, "loc": fault["loc"][1:]} for fault in listed])
    return _refused(request, Invalid("The body breaks its contract.", errors=faults))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if isinstance(error.__cause__, ProblemError):
        return _refused(request, error.__cause__)
    status = HTTPStatus(error.status_code)
    too_large = status is TooLarge.status
    code = TooLarge.default_code if too_large else status.phrase.lower().replace(" ", "-")
    problem = Problem(title=status.phrase, status=status, code=code, detail=str(error.detail))
    return problem_response(problem, dict(error.headers or {}))


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    """Answer a request that broke off; nobody hears it, and it is no defect of ours."""
    return problem_response(BadRequest("The request broke off.", code="truncated-body").problem())


async def _on_database_error(request: Request, error: Exception) -> Response:
    """Answer 503 where the database is away, and 500 where it refused what we sent."""
    if not _passes(error):
        return await _on_unexpected(request, error)
    _log.warning("database.away", correlation_id=correlation_id(), error=type(error).__name__)
    return problem_response(Unavailable("The database is away.", code="database-unavailable").problem())


def _passes(error: Exception) -> bool:
    if isinstance(error, (InterfaceError, OperationalError, PoolTimeoutError, *_NO_CONNECTION)):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    return state.startswith(_PASSING)


async def _on_unexpected(_request: Request, error: Exception) -> Response:
    _log.error("request.failed", correlation_id=correlation_id(), exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "The service met an error of its own; the log has it under the correlation id."
    return problem_response(Problem(title=status.phrase, status=status, code="internal-error", detail=detail))
