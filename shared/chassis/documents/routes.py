"""The HTTP routes of an aggregate that is kept whole: create, read, replace, patch and batch.

``ETag`` is the version of the aggregate and ``If-Match`` the caller's condition on it. Each write answers
``DevCoop-Write``, the name of the version that it left, which a reader of the gateway may wait for.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status
from pydantic import ValidationError
from pydantic_core import from_json

from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C
from shared.chassis.documents.batch import upsert_lines
from shared.chassis.documents.conditions import ANY_VERSION
from shared.chassis.documents.finding import find_shown
from shared.chassis.documents.schemas import BatchOutcome, Item, Receipt
from shared.chassis.documents.store import Stored, change, put_one
from shared.chassis.errors import BadRequest, Invalid, faults_of
from shared.chassis.guard import CurrentPermit
from shared.chassis.parameters import FilterText
from shared.chassis.telemetry import correlation_id

NDJSON = "application/x-ndjson"

_ENTITY_TAG = re.compile(r'\s*(?:W/)?"(\d{1,9})"\s*')


class NdjsonResponse(Response):
    """One JSON value per line."""

    media_type = NDJSON


async def current_actor(
    request: Request,
    permit: CurrentPermit,
    rationale: Annotated[
        FilterText | None,
        Query(max_length=2000, description="Why the change is made; kept with the version that it leaves"),
    ] = None,
) -> Actor:
    """Return who acts in this request, and why."""
    return Actor(
        name=permit.principal.subject,
        correlation_id=correlation_id(),
        rationale=rationale,
        permit=permit,
        operation=request.scope["state"]["operation"],
        source=request.client.host if request.client else "",
    )


async def expected_version(
    if_match: Annotated[
        str | None, Header(description='The version that the change is based on: `"3"`.')
    ] = None,
) -> int | None:
    """Return the version of ``If-Match``, None where the caller states no condition.

    Raises:
        BadRequest: the header is not an entity tag of ours.

    """
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return ANY_VERSION
    match = _ENTITY_TAG.fullmatch(if_match)
    if match is None:
        raise BadRequest('If-Match takes one entity tag, as in "3".', code="invalid-if-match")
    return int(match[1])


CurrentActor = Annotated[Actor, Depends(current_actor)]
ExpectedVersion = Annotated[int | None, Depends(expected_version)]
DryRun = Annotated[bool, Query(description="Tell what would become of each line, and store nothing")]


def document_router(aggregate: Aggregate[C], *, path: str, tag: str) -> APIRouter:
    """Return the routes of an aggregate below ``path``, such as ``/v1/activities``."""
    router = APIRouter(prefix=path, tags=[tag], route_class=JsonRoute)
    add_reads(router, aggregate)
    _add_writes(router, aggregate)
    _add_patch(router, aggregate)
    _add_batch(router, aggregate)
    return router


def receipt(response: Response, stored: Stored) -> Receipt:
    """Answer a write: the receipt as body, version and name of the write as headers."""
    response.headers["ETag"] = f'"{stored.version}"'
    response.headers["DevCoop-Write"] = stored.write
    if response.status_code is None and stored.outcome == "created":
        response.status_code = status.HTTP_201_CREATED
    return Receipt.of(stored)


def add_reads(router: APIRouter, aggregate: Aggregate[C], *, name: str | None = None) -> None:
    """Add the route that reads one document; ``name`` tells it from that of another owner's aggregate of the same noun."""
    called = name or name_of(aggregate)

    async def read(session: ReadSession, identifier: str) -> Response:
        row, withheld = await find_shown(session, aggregate, identifier)
        return Response(
            Item.text_of(row, withheld),
            media_type="application/json",
            headers={"ETag": f'"{row.version}"'},
        )

    router.add_api_route(
        "/{identifier:path}",
        read,
        methods=["GET"],
        operation_id=f"read_{called}",
        summary=f"One {aggregate.noun}",
        response_model=Item,
    )


def _add_writes(router: APIRouter, aggregate: Aggregate[C]) -> None:
    contract: Any = aggregate.contract

    async def create(session: Uow, actor: CurrentActor, document: contract, response: Response) -> Receipt:
        stored = await put_one(session, aggregate, document, actor=actor, must_be_new=True)
        return receipt(response, stored)

    async def replace(  # noqa: PLR0913
        session: Uow,
        actor: CurrentActor,
        version: ExpectedVersion,
        identifier: str,
        document: contract,
        response: Response,
    ) -> Receipt:
        require_same(aggregate, identifier, document)
        stored = await put_one(
            session, aggregate, document, actor=actor, expected_version=version, on_condition=True
        )
        return receipt(response, stored)

    noun, name = aggregate.noun, name_of(aggregate)
    router.add_api_route(
        "",
        create,
        methods=["POST"],
        operation_id=f"create_{name}",
        summary=f"Create one {noun}",
        status_code=201,
    )
    router.add_api_route(
        "/{identifier:path}",
        replace,
        methods=["PUT"],
        operation_id=f"put_{name}",
        summary=f"Create or replace one {noun}",
    )


def _add_patch(router: APIRouter, aggregate: Aggregate[C]) -> None:
    async def patch(  # noqa: PLR0913
        session: Uow,
        actor: CurrentActor,
        version: ExpectedVersion,
        identifier: str,
        changes: dict[str, Any],
        response: Response,
    ) -> Receipt:
        def apply(document: C) -> C:
            return patched(aggregate, identifier, document, changes)

        stored = await change(
            session, aggregate, identifier, apply, actor=actor, expected_version=version, is_edit=True
        )
        return receipt(response, stored)

    router.add_api_route(
        "/{identifier:path}",
        patch,
        methods=["PATCH"],
        operation_id=f"patch_{name_of(aggregate)}",
        summary=f"Change one {aggregate.noun} (JSON merge patch)",
    )


def _add_batch(router: APIRouter, aggregate: Aggregate[C]) -> None:
    async def upsert(
        session: Uow, actor: CurrentActor, request: Request, *, dry_run: DryRun = False
    ) -> Response:
        lines = (await request.body()).splitlines()
        outcomes = await upsert_lines(session, aggregate, lines, actor=actor, dry_run=dry_run)
        return NdjsonResponse("".join(f"{outcome.to_json()}\n" for outcome in outcomes))

    schema = {"schema": {"type": "string", "description": f"One {aggregate.contract.__name__} per line."}}
    router.add_api_route(
        "/upserts",
        upsert,
        methods=["POST"],
        operation_id=f"upsert_{name_of(aggregate)}_batch",
        summary=f"Create or replace many {aggregate.noun} documents, one JSON line and one outcome each",
        response_model=BatchOutcome,
        response_class=NdjsonResponse,
        openapi_extra={"requestBody": {"required": True, "content": {NDJSON: schema}}},
    )


def name_of(aggregate: Aggregate[C]) -> str:
    """Return the noun as part of a name in code."""
    return aggregate.noun.replace("-", "_")


def merge(target: Any, patch: Any) -> Any:  # noqa: ANN401
    """Apply a JSON merge patch (RFC 7396) and return the result."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def patched(aggregate: Aggregate[C], identifier: str, document: C, changes: dict[str, Any]) -> C:
    """Return a document as a JSON merge patch changes it.

    Raises:
        Invalid: the result breaks the contract, or has another identifier than the address.

    """
    result = _validated(aggregate, merge(from_json(document.to_json()), changes))
    require_same(aggregate, identifier, result)
    return result


def _validated(aggregate: Aggregate[C], document: Any) -> C:  # noqa: ANN401
    try:
        return aggregate.contract.model_validate(document)
    except ValidationError as error:
        raise Invalid(f"The change breaks the {aggregate.noun}.", errors=faults_of(error)) from error


def require_same(aggregate: Aggregate[C], identifier: str, document: C) -> None:
    """Check that a document is the one of its address.

    Raises:
        Invalid: it has another identifier.

    """
    if aggregate.identifier(document) != identifier:
        raise Invalid(
            "The identifier of the document is not the one of the address.", code="identifier-mismatch"
        )
