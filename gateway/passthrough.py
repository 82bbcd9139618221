"""Writes and reads of the owners under the gateway's address, passed on as they came."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response

from shared.chassis.app import CurrentRuntime
from shared.chassis.errors import BadRequest, TimedOut, Unavailable
from shared.chassis.guard import GuardedRoute
from shared.chassis.http import Client, NoConnection, TransportError
from shared.chassis.telemetry import CORRELATION_HEADER, correlation_id
from shared.contracts.catalog import OWNERS

OWNER_OF_PATH = {
    "activities": "projects",
    "country-programmes": "projects",
    "development-agendas": "projects",
    "field-offices": "projects",
    "fragility-lists": "projects",
    "programme-budgets": "projects",
    "criteria-sets": "projects",
    "proposals": "projects",
    "finances": "funding",
    "partners": "funding",
    "exchange-rates": "funding",
    "partner-profiles": "funding",
    "agreements": "funding",
    "pools": "funding",
    "pledges": "funding",
    "mobilisation-targets": "funding",
    "mobilisation-lists": "funding",
    "workplans": "funding",
    "priority-rules": "funding",
    "scenarios": "funding",
    "funding-alerts": "funding",
    "frameworks": "monitoring",
    "contributions": "monitoring",
    "programme-frameworks": "monitoring",
    "reports": "monitoring",
    "period-locks": "monitoring",
    "evaluations": "monitoring",
    "evaluation-policies": "monitoring",
    "trainings": "monitoring",
    "publications": "monitoring",
    "monitoring-alerts": "monitoring",
    **{f"{owner}-{what}": owner for owner in OWNERS for what in ("audit", "personal-data", "erasures")},
}
"""First segment below ``/v1`` of every route that belongs to an owning service."""

REQUEST_HEADERS = (
    *("authorization", "dpop"),
    *("accept", "content-encoding", "content-type", "if-match", "if-none-match", "idempotency-key"),
)
RESPONSE_HEADERS = (
    *("content-type", "etag", "location", "devcoop-write", "idempotency-replayed", "retry-after", "allow"),
    *("www-authenticate", "cache-control"),
)
QUOTA_HEADERS = ("ratelimit", "ratelimit-policy")
"""Told of an owner's quota where that is spent; otherwise the gateway tells its own."""
MOST_CHARACTERS = 32_000
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_log = structlog.get_logger()


async def pass_on(request: Request, runtime: CurrentRuntime) -> Response:
    """Send a request on to its owner, who verifies the token by itself, and answer what the owner answers.

    Raises:
        BadRequest: the address could not be passed on as it is.
        Unavailable: the owner is away.
        TimedOut: the owner did not answer.

    """
    owner = OWNER_OF_PATH[request.url.path.split("/")[2]]
    clients: dict[str, Client] = runtime.parts["owners"]
    query = request.scope["query_string"].decode("latin-1")
    target = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    require_plain(target)
    headers = {name: request.headers[name] for name in REQUEST_HEADERS if name in request.headers}
    if request.client is not None:
        headers["x-forwarded-for"] = request.client.host
    try:
        answer = await clients[owner].request(
            request.method,
            target,
            content=await request.body(),
            headers={**headers, CORRELATION_HEADER: correlation_id()},
        )
    except NoConnection as error:
        _log.warning("owner.away", owner=owner, error=type(error).__name__)
        raise Unavailable(f"The {owner} service is away.", code="owner-unavailable") from error
    except TransportError as error:
        _log.warning("owner.no_answer", owner=owner, error=type(error).__name__)
        detail = f"The {owner} service did not answer; what was asked of it may have been done."
        raise TimedOut(detail, code="owner-no-answer") from error
    names = [
        *RESPONSE_HEADERS,
        *(QUOTA_HEADERS if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS else ()),
    ]
    passed = {name: answer.headers[name] for name in names if name in answer.headers}
    return Response(answer.content, answer.status_code, headers=passed)


def require_plain(target: str) -> None:
    """Check that a target stays what it is on its way.

    Raises:
        BadRequest: it has segments that would be resolved to another address, or is too long to be sent.

    """
    if any(segment in (".", "..") for segment in target.partition("?")[0].split("/")):
        raise BadRequest("An address has no segments '.' and '..'.", code="invalid-address")
    if len(target) > MOST_CHARACTERS:
        raise BadRequest(f"An address has at most {MOST_CHARACTERS} characters.", code="address-too-long")


for _segment in OWNER_OF_PATH:
    router.add_api_route(f"/v1/{_segment}", pass_on, methods=METHODS)
    router.add_api_route(f"/v1/{_segment}/{{rest:path}}", pass_on, methods=METHODS)
