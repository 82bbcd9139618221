"""The routes of the feed: what changed, and what happens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from gateway.feed.counting import OpenStreams
from gateway.feed.cursors import FeedCursors, purpose_of
from gateway.feed.encodings import chosen, packer
from gateway.feed.events import EventStream
from gateway.feed.lines import ChangeLines, Piece
from gateway.feed.positions import ZERO
from gateway.feed.schemas import ChangeLine, ChangesQuery, EventsQuery, FeedQuery
from gateway.feed.sharing import Once
from gateway.feed.source import Source
from gateway.feed.streaming import Ending, Stream
from gateway.feed.views import View
from gateway.projection.generations import CurrentReadModel
from gateway.results.asked import CurrentReads, Reads
from gateway.settings import Settings
from shared.chassis.app import CurrentRuntime
from shared.chassis.documents.routes import NDJSON, NdjsonResponse
from shared.chassis.guard import CurrentPermit, GuardedRoute
from shared.chassis.limits import source_of
from shared.chassis.pagination import Cursors
from shared.policy.principals import Principal

EVENT_STREAM = "text/event-stream"

PACKED_BESIDE = 256 * 1024
"""Bytes from which on packing takes longer than others should wait."""

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

router = APIRouter(prefix="/v1", tags=["feed"], route_class=GuardedRoute)


class EventStreamResponse(Response):
    """Server-sent events."""

    media_type = EVENT_STREAM


@router.get(
    "/changes",
    response_class=NdjsonResponse,
    response_model=ChangeLine,
    summary="Everything that the caller may see, and what changes of it, one JSON line each",
)
async def read_changes(
    request: Request,
    runtime: CurrentRuntime,
    permit: CurrentPermit,
    reads: CurrentReads,
    read_model: CurrentReadModel,
    cursors: Cursors,
    query: Annotated[ChangesQuery, Query()],
    accept_encoding: Annotated[
        str | None, Header(description="`zstd` or `gzip`, by weight; packed so that each cursor is out whole")
    ] = None,
) -> Response:
    """Return each thing once at its newest version, those that are gone from sight, and cursors to go on from."""
    coding = chosen(accept_encoding)
    view = _view(permit.principal, query)
    known = FeedCursors(cursors, purpose_of(view))
    position = known.decode(query.since) if query.since is not None else ZERO
    await _seen(reads)
    source, ending = Source(read_model, view), Ending(request)
    moved = read_model.next_move()
    first = await source.changes(position)
    lines = ChangeLines(source, known, ending, position, moved, query.limit)
    headers = {**_HEADERS, "Vary": "Accept-Encoding"}
    if coding != "identity":
        headers["Content-Encoding"] = coding
    return Stream(
        _packed(lines.write(first, wait=query.wait), coding),
        ending,
        media_type=NDJSON,
        headers=headers,
        stall_seconds=runtime.settings_as(Settings).stream_stall_seconds,
    )


@router.get(
    "/events",
    response_class=EventStreamResponse,
    summary="What happens of what the caller may see, as server-sent events",
    responses={200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}},
)
async def stream_events(
    request: Request,
    runtime: CurrentRuntime,
    permit: CurrentPermit,
    read_model: CurrentReadModel,
    cursors: Cursors,
    query: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[
        str | None, Header(max_length=2000, description="The id of the last event that was received")
    ] = None,
) -> Response:
    """Return a CloudEvent for each event after a position, and go on with each that comes, until the token expires."""
    settings = runtime.settings_as(Settings)
    once: Once = runtime.parts["once"]
    source, known = Source(read_model, _view(permit.principal, query), once), FeedCursors(cursors)
    since = last_event_id or query.since
    position = known.decode(since) if since is not None else await source.newest()
    await source.entries(position, most=1)
    open_streams: OpenStreams = runtime.parts["open_streams"]
    ending = Ending(request)
    stream = EventStream(source, known, ending, position, tuple(query.type), settings.event_keepalive_seconds)
    return Stream(
        stream.write(),
        ending,
        media_type=EVENT_STREAM,
        headers=_HEADERS,
        stall_seconds=settings.stream_stall_seconds,
        done=open_streams.take(_caller(request, permit.principal)),
    )


async def _seen(reads: Reads) -> None:
    """Wait until the read model has the write that the caller names, if it names one."""
    async with reads.at(None):
        return


def _view(principal: Principal, query: FeedQuery) -> View:
    return View(principal, frozenset(query.aggregate) or None, frozenset(query.country) or None)


def _caller(request: Request, principal: Principal) -> str:
    return source_of(request.scope) if principal.is_anonymous else principal.id


async def _packed(pieces: AsyncGenerator[Piece, None], coding: str) -> AsyncGenerator[bytes, None]:
    """Yield what pieces become in a coding, up to each cursor whole; what takes a while is packed beside other work."""
    packing = packer(coding)
    async with aclosing(pieces):
        async for piece in pieces:
            if coding != "identity" and len(piece.text) > PACKED_BESIDE:
                packed = await asyncio.to_thread(packing.feed, piece.text)
            else:
                packed = packing.feed(piece.text)
            if piece.is_mark:
                packed += packing.flush()
            if packed:
                yield packed
    if ended := packing.end():
        yield ended
