"""The state of every part, asked all at once; one that is away is told as such, and never hides another.

What is told of a part is a JSON object with its ``state``: ``ok``, ``degraded`` (it works, something waits) or ``down``.
"""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.ops.cursors import waiting_behind
from deploy.ops.failures import AWAY, Failed, in_words
from deploy.ops.migrate import tree_of
from deploy.ops.settings import SERVICES, OpsSettings
from shared.chassis.bus import Bus
from shared.chassis.db import execute
from shared.chassis.health import LATE_SECONDS
from shared.chassis.migrations import revisions
from shared.contracts.catalog import OWNERS

PART_SECONDS = 10.0
"""Longest time that a part may take to answer."""

Told = dict[str, Any]

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SIZE = text("SELECT pg_database_size(current_database())")
_HAS = text("SELECT to_regclass(:name) IS NOT NULL")
_OUTBOX = text(
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(recorded_at)), 0) FROM outbox WHERE published_at IS NULL"
)
_COPIES = text("SELECT owner, sequence, subjects FROM copy_position ORDER BY owner")
_COPY_LETTERS = text("SELECT count(*) FROM copy_letter")
_GENERATIONS = text(
    "SELECT id, state, created_at, activated_at, to_regnamespace('read_' || id) IS NOT NULL AS is_there"
    " FROM generation ORDER BY id"
)
_WEBHOOKS = text(
    "SELECT (SELECT count(*) FROM webhook WHERE state = 'enabled'),"
    " (SELECT count(*) FROM webhook WHERE state = 'disabled'), count(*),"
    " coalesce(extract(epoch FROM now() - min(next_at) FILTER (WHERE next_at <= now())), 0)"
    " FROM webhook_delivery WHERE state = 'pending'"
)
_IMPORTS = text(
    "SELECT status, count(*) AS count FROM import WHERE status IN ('queued', 'running') GROUP BY status ORDER BY status"
)


async def look(settings: OpsSettings) -> Told:
    """Return the state of all parts; it takes no longer than the slowest of them is given."""
    async with settings.bus() as bus:
        processes, databases, streams = await asyncio.gather(
            _all({name: _process(url) for name, url in settings.parts.items()}),
            _all({name: _database(settings, name) for name in SERVICES}),
            _all({owner: _stream(bus, owner) for owner in OWNERS}),
        )
        await _all({name: _add_lags(bus, databases[name], streams) for name in SERVICES})
    told = {"processes": processes, "databases": databases, "streams": streams}
    states = [part["state"] for parts in told.values() for part in parts.values()]
    return {"state": worst(states), **told}


def worst(states: list[str]) -> str:
    """Return the worst of some states."""
    return next((state for state in ("down", "degraded") if state in states), "ok")


async def _all(parts: Mapping[str, Awaitable[Told]]) -> dict[str, Told]:
    found = await asyncio.gather(*(_bounded(part) for part in parts.values()))
    return dict(zip(parts, found, strict=True))


async def _bounded(part: Awaitable[Told]) -> Told:
    """Return what is told of a part, or that it is down."""
    try:
        async with asyncio.timeout(PART_SECONDS):
            return await part
    except TimeoutError:
        return {"state": "down", "error": f"no answer within {PART_SECONDS:.0f} s"}
    except (*AWAY, Failed, ValueError, LookupError) as error:
        return {"state": "down", "error": in_words(error)}


async def _process(address: str) -> Told:
    return await asyncio.to_thread(_ready, f"{address.rstrip('/')}/readyz")


def _ready(address: str) -> Told:
    """Ask a process whether it is ready; 503 with the state of its parts is an answer too."""
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address} is no address of a process")
    try:
        with _DIRECT.open(address, timeout=PART_SECONDS / 2) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        told = json.load(error)
    return {"state": told["status"]}


async def _database(settings: OpsSettings, service: str) -> Told:
    async with settings.database(service) as database:
        revision, head = await revisions(database, tree_of(service))
        async with database.session() as session:
            size = (await execute(session, _SIZE)).scalar_one()
            told: Told = {"state": "ok", "bytes": size, "revision": revision, "head": head}
            if revision is not None:
                told |= await (_of_gateway(session) if service == "gateway" else _of_owner(session))
    is_late = told.get("outbox", {}).get("oldest_seconds", 0) > LATE_SECONDS
    if revision != head or is_late or ("answers" in told and told["answers"] is None):
        told["state"] = "degraded"
    return told


async def _of_owner(session: AsyncSession) -> Told:
    waiting, seconds = (await execute(session, _OUTBOX)).one()
    told: Told = {"outbox": {"waiting": waiting, "oldest_seconds": round(float(seconds), 1)}}
    if (await execute(session, _HAS, name="copy_position")).scalar_one():
        rows = (await execute(session, _COPIES)).all()
        told["copies"] = {
            row.owner: {"sequence": row.sequence, "subjects": _subjects(row.subjects)} for row in rows
        }
        told["dead_letters"] = (await execute(session, _COPY_LETTERS)).scalar_one()
    return told


def _subjects(marks: str) -> list[str]:
    return [mark.partition("#")[0] for mark in marks.split()]


async def _of_gateway(session: AsyncSession) -> Told:
    generations = [row._asdict() for row in await execute(session, _GENERATIONS)]
    enabled, disabled, backlog, oldest = (await execute(session, _WEBHOOKS)).one()
    imports = {row.status: row.count for row in await execute(session, _IMPORTS)}
    active = [each for each in generations if each["state"] == "active" and each["is_there"]]
    told: Told = {
        "generations": generations,
        "answers": active[-1]["id"] if active else None,
        "webhooks": {
            "enabled": enabled,
            "disabled": disabled,
            "backlog": backlog,
            "oldest_seconds": round(float(oldest), 1),
        },
        "imports": {"queued": 0, "running": 0, **imports},
    }
    if active:
        schema = f"read_{active[-1]['id']}"
        positions = text(f"SELECT owner, sequence FROM {schema}.position ORDER BY owner")  # noqa: S608
        letters = text(f"SELECT count(*) FROM {schema}.dead_letter")  # noqa: S608
        told["projection"] = {
            row.owner: {"sequence": row.sequence} for row in await execute(session, positions)
        }
        told["dead_letters"] = (await execute(session, letters)).scalar_one()
    return told


async def _stream(bus: Bus, owner: str) -> Told:
    info = await bus.stream(owner)
    cluster = info.cluster
    behind = [
        each.name for each in (cluster.replicas if cluster and cluster.replicas else []) if not each.current
    ]
    return {
        "state": "degraded" if behind else "ok",
        "messages": info.state.messages,
        "bytes": info.state.bytes,
        "last_sequence": info.state.last_seq,
        "replicas": info.config.num_replicas,
        "leader": cluster.leader if cluster else None,
        "behind": behind,
    }


async def _add_lags(bus: Bus, database: Told, streams: Mapping[str, Told]) -> Told:
    """Add how many messages wait to be taken in; None where the stream cannot be asked."""
    for owner, position in database.get("projection", {}).items():
        last = streams[owner].get("last_sequence")
        position["lag"] = None if last is None else max(0, last - position["sequence"])
    for owner, position in database.get("copies", {}).items():
        position["lag"] = None
        if streams[owner]["state"] != "down":
            subjects = position["subjects"]
            position["lag"] = (
                await waiting_behind(bus, owner, position["sequence"], subjects) if subjects else None
            )
    return database
