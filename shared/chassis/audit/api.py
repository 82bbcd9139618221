"""The route that reads the audit of a service, newest first, as far as the caller's scope goes."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, JsonValue
from sqlalchemy import ColumnElement, Row, select, text, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.entries import Outcome
from shared.chassis.audit.tables import ENTRY, LINK
from shared.chassis.db import ReadSession, execute
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.events import decode

MOST_WITH_DOCUMENTS = 50
MOST_BYTES = 32 * 1024 * 1024

_DOCUMENTS = text("""
SELECT before.payload, after.payload FROM outbox AS after LEFT JOIN LATERAL (
    SELECT o.payload FROM outbox AS o
    WHERE o.aggregate_id = after.aggregate_id AND o.id < after.id
        AND split_part(o.subject, '.', 3) = split_part(after.subject, '.', 3)
    ORDER BY o.id DESC LIMIT 1
) AS before ON true WHERE after.event_id = :event_id
""")


class AuditItem(BaseModel):
    """One entry of the audit; ``seq`` is its place in the chain, null until it is linked.

    Who it was is null where that was erased. ``count`` is how often the same was refused within a minute. ``before`` and
    ``after`` are there if they are asked for: the document of the version that was changed, and of the one that it left.
    """

    id: int
    seq: int | None
    at: AwareDatetime
    principal: str | None
    name: str | None
    client: str | None
    delegate: str | None
    source: str | None
    action: str
    outcome: Outcome
    status: int | None
    code: str | None
    count: int
    reason: str | None
    correlation_id: str
    aggregate: str | None
    aggregate_id: UUID | None
    identifier: str | None
    version_before: int | None
    version_after: int | None
    event_id: UUID | None
    before: JsonValue = None
    after: JsonValue = None


_COLUMNS = (LINK.c.seq, *(column for column in ENTRY.columns if column.name in AuditItem.model_fields))


class AuditPage(BaseModel):
    """One page of entries, newest first, and the cursor of the next (null on the last)."""

    items: list[AuditItem]
    next: str | None


async def show_whole(_session: AsyncSession, _noun: str, _aggregate_id: UUID, document: str) -> str:
    """Return a document as it is, for readers from whom nothing is withheld."""
    return document


Show = Callable[[AsyncSession, str, UUID, str], Awaitable[str]]
"""Takes the noun and the id of an aggregate and the JSON text of its document, and returns what of it may be read."""


@dataclass(frozen=True, slots=True)
class AuditReader:
    """What a caller may read: entries that meet a condition, and of documents what ``show`` leaves."""

    scope: ColumnElement[bool]
    show: Show


@dataclass(frozen=True, slots=True)
class _Filter:
    """What of the audit is asked for."""

    principal: Annotated[
        FilterText | None, Query(description="Who: the issuer and the subject, as in `issuer#subject`")
    ] = None
    aggregate: Annotated[FilterText | None, Query(description="Kind of what it is about")] = None
    identifier: Annotated[FilterText | None, Query(description="Identifier of what it is about")] = None
    action: Annotated[FilterText | None, Query(description="Operation that was asked for")] = None
    outcome: Annotated[Outcome | None, Query(description="Whether it was done or refused")] = None
    correlation_id: Annotated[FilterText | None, Query(description="Request that caused it")] = None
    since: Annotated[Moment | None, Query(description="At or after this time")] = None
    until: Annotated[Moment | None, Query(description="Before this time")] = None

    def conditions(self) -> list[ColumnElement[bool]]:
        named = ("principal", "aggregate", "identifier", "action", "outcome", "correlation_id")
        stated = [(name, getattr(self, name)) for name in named]
        found = [ENTRY.c[name] == value for name, value in stated if value is not None]
        if self.since is not None:
            found.append(ENTRY.c.at >= self.since)
        if self.until is not None:
            found.append(ENTRY.c.at < self.until)
        return found


WithDocuments = Annotated[
    bool, Query(description=f"Tell before and after; a page has at most {MOST_WITH_DOCUMENTS} items then")
]


def audit_router(service: str, reader: Callable[..., Any]) -> APIRouter:
    """Return the route that reads the audit of a service.

    Args:
        service: its name.
        reader: a dependency that returns the ``AuditReader`` of the caller.

    """
    router = APIRouter(tags=["audit"], route_class=GuardedRoute)

    async def list_audit(
        session: ReadSession,
        cursors: Cursors,
        reading: Annotated[AuditReader, Depends(reader)],
        wanted: Annotated[_Filter, Depends()],
        *,
        with_documents: WithDocuments = False,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        most = min(limit, MOST_WITH_DOCUMENTS) if with_documents else limit
        conditions: list[ColumnElement[bool]] = [reading.scope, *wanted.conditions()]
        if cursor is not None:
            at, id_ = cursors.decode(cursor, str, int)
            conditions.append(tuple_(ENTRY.c.at, ENTRY.c.id) < (datetime.fromisoformat(at), id_))
        rows = await _entries(session, conditions, most + 1)
        texts = await _items(session, rows[:most], reading.show if with_documents else None)
        last = rows[len(texts) - 1] if len(texts) < len(rows) else None
        following = "null" if last is None else f'"{cursors.encode([last.at, last.id])}"'
        return Response(f'{{"items":[{",".join(texts)}],"next":{following}}}', media_type="application/json")

    router.add_api_route(
        f"/v1/{service}-audit",
        list_audit,
        methods=["GET"],
        operation_id=f"list_{service}_audit",
        summary=f"What was done and refused in {service}, newest first",
        response_model=AuditPage,
    )
    return router


async def _entries(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]], most: int
) -> Sequence[Row[Any]]:
    linked = ENTRY.outerjoin(LINK, LINK.c.entry_id == ENTRY.c.id)
    statement = select(*_COLUMNS).select_from(linked).where(*conditions)
    newest = statement.order_by(ENTRY.c.at.desc(), ENTRY.c.id.desc()).limit(most)
    return (await (await session.connection()).execute(newest)).all()


async def _items(session: AsyncSession, rows: Iterable[Row[Any]], show: Show | None) -> list[str]:
    """Return the JSON texts of entries; with documents, of as many as a page has room for, at least one."""
    texts: list[str] = []
    room = MOST_BYTES
    for row in rows:
        head = AuditItem.model_validate(row._asdict()).model_dump_json(exclude={"before", "after"})
        if show is not None:
            before, after = await _documents(session, row, show)
            head = f'{head[:-1]},"before":{before},"after":{after}}}'
        room -= len(head)
        if texts and room < 0:
            break
        texts.append(head)
    return texts


async def _documents(session: AsyncSession, row: Row[Any], show: Show) -> tuple[str, str]:
    """Return the JSON texts of the documents before and after a change; null where there is none."""
    if row.event_id is None:
        return "null", "null"
    found = (await execute(session, _DOCUMENTS, event_id=row.event_id)).one_or_none()
    told = ["null", "null"]
    versions = (row.version_before, row.version_after)
    for place, (payload, version) in enumerate(zip(found or (), versions, strict=False)):
        if payload is None or version is None:
            continue
        header, data = decode(payload.encode())
        if header.aggregate_version == version:
            told[place] = await show(session, row.aggregate, row.aggregate_id, data.decode())
    return told[0], told[1]
