"""The store of aggregates that are kept whole: one row, one JSON document, one version.

A document that says what is already stored changes nothing and publishes nothing. Everything else raises
the version by one and stages one fact with the new state, in the caller's transaction.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Generic, Literal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.db import bulk_upsert, is_one_of
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C, DocumentRow, not_found
from shared.chassis.documents.bounds import require_storable
from shared.chassis.documents.conditions import is_met, require_condition, stale
from shared.chassis.documents.faults import introduced, told
from shared.chassis.documents.finding import find, locked_row
from shared.chassis.documents.reach import require_place, require_reach
from shared.chassis.errors import Conflict, Fault, Invalid, ProblemError
from shared.chassis.outbox import Fact, Staged, stage
from shared.contracts.catalog import EventType

Outcome = Literal["created", "changed", "unchanged"]

_NOT_UNIQUE = "23505"
"""What PostgreSQL calls a second row of a unique key (SQLSTATE)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an aggregate stands after a command; ``write`` is what a reader may wait for."""

    noun: str
    id: UUID
    identifier: str
    outcome: Outcome
    version: int
    updated_at: datetime

    @property
    def write(self) -> str:
        """The name of the version that the command left: ``<aggregate>.<id>.<version>``."""
        return f"{self.noun}.{self.id}.{self.version}"


async def put_one(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    document: C,
    *,
    actor: Actor,
    expected_version: int | None = None,
    must_be_new: bool = False,
    on_condition: bool = False,
) -> Stored:
    """Store one document, optionally only if it is new or still at the version that the caller saw.

    With ``on_condition``, who would change what is stored has to say which version they saw.

    Raises:
        Conflict: ``must_be_new`` and it exists, or another write came between.
        StaleVersion: the stored version is not ``expected_version``.
        VersionRequired: it would change, and there is no ``expected_version``.
        Invalid: the document has faults that the stored one does not have.

    """
    draft = _draft(aggregate, aggregate.derive(document))
    identifier = draft.identifier
    await require_reach(session, aggregate, identifier, actor)
    await require_place(session, aggregate, draft.document, actor)
    held = await _held(session, aggregate, [draft.id])
    stored = held.get(draft.id)
    if must_be_new and stored:
        raise Conflict(f"The {aggregate.noun} {identifier!r} exists already.", code="already-exists")
    if not is_met(expected_version, stored.version if stored else None):
        row = await session.get(aggregate.model, draft.id)
        raise await stale(
            session,
            aggregate,
            identifier,
            row,
            expected=expected_version,
            actor=actor,
            yours=lambda _: draft.document,
        )
    if faults := await _faults(session, aggregate, draft.document):
        row = await find(session, aggregate, identifier) if held else None
        await _refuse(session, aggregate, draft.document, faults, row)
    if on_condition and stored and stored.digest != draft.digest:
        require_condition(aggregate, identifier, stored.version, expected_version)
    return (await _store(session, aggregate, [draft], held, actor=actor))[0]


async def change(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    identifier: str,
    apply: Callable[[C], C],
    *,
    actor: Actor,
    expected_version: int | None = None,
    is_edit: bool = False,
    on_condition: bool = False,
) -> Stored:
    """Replace a stored document by what ``apply`` makes of it.

    ``is_edit`` says that ``apply`` is what the caller wrote, so that it can be set beside what others wrote. With
    ``on_condition``, who would change what is stored has to say which version they saw.

    Raises:
        NotFound: no aggregate has that identifier.
        StaleVersion: the stored version is not ``expected_version``.
        VersionRequired: it would change, and there is no ``expected_version``.
        Invalid: the new document has faults that the stored one does not have.

    """
    row = await locked_row(session, aggregate, identifier)
    if row is None:
        raise not_found(aggregate, identifier)
    await require_reach(session, aggregate, identifier, actor)
    if not is_met(expected_version, row.version):
        raise await stale(
            session,
            aggregate,
            identifier,
            row,
            expected=expected_version,
            actor=actor,
            yours=_edit_of(aggregate, apply) if is_edit else _nothing,
        )
    document = apply(aggregate.contract.from_json(row.document))
    draft = _draft(aggregate, aggregate.derive(document))
    await require_place(session, aggregate, draft.document, actor)
    if faults := await _faults(session, aggregate, draft.document):
        await _refuse(session, aggregate, draft.document, faults, row)
    if on_condition and row.digest != draft.digest:
        require_condition(aggregate, identifier, row.version, expected_version)
    held = await _held(session, aggregate, [draft.id])
    return (await _store(session, aggregate, [draft], held, actor=actor))[0]


def _edit_of(aggregate: Aggregate[C], apply: Callable[[C], C]) -> Callable[[C | None], C | None]:
    """Return what makes what a caller wrote of the version that they saw, as far as that can be told."""

    def edit(document: C | None) -> C | None:
        try:
            return None if document is None else aggregate.derive(apply(document))
        except ProblemError:
            return None

    return edit


def _nothing(_: C | None) -> C | None:
    return None


async def put_many(
    session: AsyncSession,
    aggregate: Aggregate[C],
    documents: Sequence[C],
    *,
    actor: Actor,
    dry_run: bool = False,
) -> list[Stored]:
    """Store documents of distinct identifiers and stage a fact for each that is new or changed.

    A repetition under the same correlation reports what the first try did, so that a batch whose answer
    was lost can be sent again.

    Raises:
        Invalid: a document holds what cannot be stored.
        Conflict: another transaction changed one of them in between; nothing is stored.

    """
    drafts = [_draft(aggregate, aggregate.derive(document)) for document in documents]
    for draft in drafts:
        await require_reach(session, aggregate, draft.identifier, actor)
        await require_place(session, aggregate, draft.document, actor)
    held = await _held(session, aggregate, [draft.id for draft in drafts])
    return await _store(session, aggregate, drafts, held, actor=actor, dry_run=dry_run)


async def _store(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    drafts: Sequence["_Draft[C]"],
    held: Mapping[UUID, "_Held"],
    *,
    actor: Actor,
    dry_run: bool = False,
) -> list[Stored]:
    """Write what differs from what is held, and stage its facts."""
    now = datetime.now(UTC)
    answers = [_compare(aggregate, draft, held.get(draft.id), actor, now) for draft in drafts]
    writes = [
        (draft, answer)
        for draft, answer in zip(drafts, answers, strict=True)
        if draft.id not in held or held[draft.id].digest != draft.digest
    ]
    if dry_run or not writes:
        return answers
    rows = [_row(aggregate, draft, answer, held.get(draft.id), actor) for draft, answer in writes]
    in_order = sorted(rows, key=itemgetter("id"))  # of the locks
    try:
        written = await bulk_upsert(session, aggregate.model, in_order, key=["id"], newer="version")
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_UNIQUE:
            raise
        written = 0  # of two that are new at once, PostgreSQL may find the identifier before the id
    if written != len(rows):
        raise Conflict(
            f"Another write changed one of these {aggregate.noun} documents.", code="concurrent-change"
        )
    facts = [_fact(aggregate, draft, answer, held.get(draft.id)) for draft, answer in writes]
    staged = await stage(
        session,
        facts,
        actor=actor.name,
        correlation_id=actor.correlation_id,
        rationale=actor.rationale,
    )
    affected = [_affected(aggregate, row, event) for row, event in zip(rows, staged, strict=True)]
    await note_changes(session, actor.attempt, affected)
    return answers


def _affected(aggregate: Aggregate[C], row: Mapping[str, Any], event: Staged) -> Affected:
    """Return what the audit tells of one change, by the row that it left."""
    return Affected(
        aggregate=aggregate.noun,
        aggregate_id=row["id"],
        identifier=row["identifier"],
        version_before=row["version"] - 1 or None,
        version_after=row["version"],
        event_id=event.event_id,
        event_digest=event.digest,
        place_countries=row["place_countries"],
        place_organisations=row["place_organisations"],
        place_projects=row["place_projects"],
    )


async def _faults(session: AsyncSession, aggregate: Aggregate[C], document: C) -> list[Fault]:
    """Return what refuses a completed document, by itself and beside others."""
    return told([*aggregate.faults(document), *await aggregate.faults_beside(session, document)])


async def _refuse(
    session: AsyncSession,
    aggregate: Aggregate[C],
    document: C,
    faults: Sequence[Fault],
    row: DocumentRow | None,
) -> None:
    """Refuse a document for its faults, save for those that are stored already."""
    if row is not None:
        stored = aggregate.contract.from_json(row.document)
        faults = introduced(faults, document, await _faults(session, aggregate, stored), stored)
    if faults:
        raise Invalid(f"The {aggregate.noun} breaks a rule.", errors=faults)


@dataclass(frozen=True, slots=True)
class _Draft(Generic[C]):
    id: UUID
    identifier: str
    document: C
    text: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Held:
    version: int
    digest: bytes
    correlation_id: str
    created_at: datetime
    updated_at: datetime
    state: str | None = None


def _draft(aggregate: Aggregate[C], document: C) -> _Draft[C]:
    identifier = aggregate.identifier(document)
    text = document.to_json()
    require_storable(text)
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return _Draft(aggregate.id_of(identifier), identifier, document, text, digest)


async def _held(session: AsyncSession, aggregate: Aggregate[C], ids: Sequence[UUID]) -> dict[UUID, _Held]:
    """Return what is stored of these aggregates, locked in one order so that no two writers block each other."""
    model: Any = aggregate.model
    columns = [
        model.id,
        model.version,
        model.digest,
        model.correlation_id,
        model.created_at,
        model.updated_at,
    ]
    if aggregate.facts.entered:
        columns.append(model.state)
    statement = select(*columns).where(is_one_of(model.id, ids)).order_by(col(model.id)).with_for_update()
    return {row[0]: _Held(*row[1:]) for row in await session.exec(statement)}


def _compare(
    aggregate: Aggregate[C], draft: _Draft[C], held: _Held | None, actor: Actor, now: datetime
) -> Stored:
    outcome: Outcome = "unchanged"
    if held is None:
        return Stored(aggregate.noun, draft.id, draft.identifier, "created", 1, now)
    if held.digest != draft.digest:
        return Stored(aggregate.noun, draft.id, draft.identifier, "changed", held.version + 1, now)
    if held.correlation_id == actor.correlation_id:
        outcome = "created" if held.version == 1 else "changed"
    return Stored(aggregate.noun, draft.id, draft.identifier, outcome, held.version, held.updated_at)


def _fact(aggregate: Aggregate[C], draft: _Draft[C], answer: Stored, held: _Held | None) -> Fact:
    return Fact(
        type=_type(aggregate, draft, held),
        aggregate_id=draft.id,
        aggregate_version=answer.version,
        data=draft.text,
        occurred_at=answer.updated_at,
    )


def _type(aggregate: Aggregate[C], draft: _Draft[C], held: _Held | None) -> EventType:
    """Return which fact it is: a state that was entered says more than that something changed."""
    if held is None:
        return aggregate.facts.created
    if aggregate.facts.entered:
        state = aggregate.columns(draft.document)["state"]
        if state != held.state and state in aggregate.facts.entered:
            return aggregate.facts.entered[state]
    return aggregate.facts.changed


def _row(
    aggregate: Aggregate[C], draft: _Draft[C], answer: Stored, held: _Held | None, actor: Actor
) -> dict[str, Any]:
    return {
        "id": draft.id,
        "identifier": draft.identifier,
        "version": answer.version,
        "digest": draft.digest,
        "document": draft.text,
        "correlation_id": actor.correlation_id,
        "created_at": held.created_at if held else answer.updated_at,
        "updated_at": answer.updated_at,
        **aggregate.placed(draft.document),
        **aggregate.columns(draft.document),
    }
