"""Entries of the audit: written in the transaction of the change that they tell of, or in one of their own.

Text that comes from outside is bounded, and what PostgreSQL cannot hold is replaced, so that no entry can be refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.digests import (
    AFFECTED_MEMBERS,
    IDENTITY,
    canonical_attempt,
    digest_within,
    new_salt,
    sealed,
)
from shared.chassis.audit.tables import ENTRY
from shared.chassis.db import array_text, execute
from shared.policy.principals import PUBLIC, Principal

Outcome = Literal["done", "refused"]

MOST_NAME = 500
MOST_SOURCE = 100
MOST_REASON = 2000

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_EACH = (*AFFECTED_MEMBERS, "digest")
_ONCE = tuple(column.name for column in ENTRY.columns if column.name not in ("id", *_EACH))


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who does or asks for something, from where, as which operation, why, and in which request."""

    principal: str
    name: str
    client: str
    source: str
    action: str
    correlation_id: str
    reason: str | None = None
    delegate: str | None = None

    @classmethod
    def by(
        cls,
        principal: Principal,
        *,
        action: str,
        source: str,
        correlation_id: str,
        reason: str | None = None,
    ) -> Self:
        """Return the attempt of a principal; the public has no identity but that word."""
        is_public = principal.is_anonymous
        return cls(
            principal=PUBLIC.name if is_public else principal.id,
            name=principal.name,
            client=principal.client,
            source=source,
            action=action,
            correlation_id=correlation_id,
            reason=reason,
            delegate=principal.delegate,
        )

    @classmethod
    def of_service(cls, service: str, *, action: str, correlation_id: str, reason: str | None = None) -> Self:
        """Return what a service does by a rule of its own."""
        return cls(service, service, service, "", action, correlation_id, reason)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular asks."""
        return not self.client


@dataclass(frozen=True, slots=True)
class Affected:
    """One aggregate that an attempt is about, and the versions before and after where it was changed.

    ``event_digest`` is the SHA-256 of the payload of the event in the outbox; places are as ``PlacedRow`` has them.
    """

    aggregate: str | None = None
    aggregate_id: UUID | None = None
    identifier: str | None = None
    version_before: int | None = None
    version_after: int | None = None
    event_id: UUID | None = None
    event_digest: bytes | None = None
    place_countries: Sequence[str] = ()
    place_organisations: Sequence[str] = ()
    place_projects: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that was refused, with the status and code of the problem that was answered."""

    attempt: Attempt
    status: int
    code: str
    affected: Affected = Affected()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


async def note_changes(session: AsyncSession, attempt: Attempt, affected: Sequence[Affected]) -> list[int]:
    """Write what an attempt changed, in the caller's transaction, and return the ids of the entries."""
    if not affected:
        return []
    return await _insert(session, _once(attempt, datetime.now(UTC), "done"), affected)


async def note_refused(session: AsyncSession, refusal: Refusal, count: int) -> None:
    """Write an attempt that was refused, so many times."""
    once = _once(refusal.attempt, refusal.at, "refused")
    once |= {"status": refusal.status, "code": refusal.code, "count": count}
    await _insert(session, once, [refusal.affected])


def row_of(attempt: Attempt, affected: Affected, at: datetime) -> dict[str, Any]:
    """Return the columns of one entry of what was done, save for its id."""
    row = _once(attempt, at, "done") | _members(affected)
    return {**row, "digest": digest_within(canonical_attempt(row), row)}


def _once(attempt: Attempt, at: datetime, outcome: Outcome) -> dict[str, Any]:
    """Return the columns that all entries of an attempt share. They share their salts too: what one tells all tell."""
    told = _told(attempt)
    reason_salt = None if told.reason is None else new_salt()
    identity_salt = new_salt()
    identity = {name: getattr(told, name) for name in IDENTITY}
    return {
        "at": at,
        **identity,
        "identity_salt": identity_salt,
        "identity_digest": sealed(identity_salt, list(identity.values())),
        "action": told.action,
        "outcome": outcome,
        "status": None,
        "code": None,
        "count": 1,
        "reason": told.reason,
        "reason_salt": reason_salt,
        "reason_digest": None if reason_salt is None else sealed(reason_salt, [told.reason]),
        "correlation_id": told.correlation_id,
    }


def _told(attempt: Attempt) -> Attempt:
    return replace(
        attempt,
        principal=bounded(attempt.principal, 2 * MOST_NAME),
        name=bounded(attempt.name, MOST_NAME),
        client=bounded(attempt.client, MOST_NAME),
        source=bounded(attempt.source, MOST_SOURCE),
        action=bounded(attempt.action, MOST_NAME),
        correlation_id=bounded(attempt.correlation_id, MOST_NAME),
        reason=None if attempt.reason is None else bounded(attempt.reason, MOST_REASON),
        delegate=None if attempt.delegate is None else bounded(attempt.delegate, MOST_NAME),
    )


def _members(affected: Affected) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(affected, name) for name in AFFECTED_MEMBERS}
    if affected.identifier is not None:
        row["identifier"] = bounded(affected.identifier, MOST_NAME)
    return row


def bounded(value: str, most: int) -> str:
    """Return text that can be stored, of at most so many characters."""
    if len(value) <= most and value.isascii() and "\0" not in value:
        return value
    return value[:most].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


async def _insert(session: AsyncSession, once: dict[str, Any], affected: Iterable[Affected]) -> list[int]:
    shared = canonical_attempt(once)
    rows = [_members(each) for each in affected]
    parameters = {name: [row[name] for row in rows] for name in AFFECTED_MEMBERS if name not in _PLACES}
    parameters |= {name: [array_text(tuple(row[name])) for row in rows] for name in _PLACES}
    parameters["digest"] = [digest_within(shared, row) for row in rows]
    ids: list[int] = (await execute(session, _INSERT, **once, **parameters)).scalar_one()
    return ids


def _type(name: str) -> str:
    return str(ENTRY.c[name].type.compile(dialect=_DIALECT))


def _statement() -> str:
    """Return the insert of many entries: one value of what they share, one array of each of the rest."""
    once = [f"CAST(:{name} AS {_type(name)})" for name in _ONCE]
    each = [f"CAST(r.{name} AS {_type(name)})" if name in _PLACES else f"r.{name}" for name in _EACH]
    arrays = [f"CAST(:{name} AS {'TEXT' if name in _PLACES else _type(name)}[])" for name in _EACH]
    return (
        f"WITH added AS (INSERT INTO audit_entry ({', '.join([*_ONCE, *_EACH])})"  # noqa: S608  (names of our own)
        f" SELECT {', '.join([*once, *each])} FROM unnest({', '.join(arrays)}) AS r({', '.join(_EACH)})"
        " RETURNING id) SELECT array_agg(id ORDER BY id) FROM added"
    )


_PLACES = ("place_countries", "place_organisations", "place_projects")
_INSERT = text(_statement())
