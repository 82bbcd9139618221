"""What becomes of a message: it is stored once, mapped, and decided about by a person where it does not fit."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.acting import Caller
from gateway.incoming.mapping import Mapped, NotMapped, mapped, type_of
from gateway.incoming.models import (
    DISCARDED,
    QUARANTINED,
    RECEIVED,
    IncomingMessage,
    IncomingSecret,
    IncomingSource,
)
from gateway.incoming.payloads import Unreadable, body_of, payload_of
from gateway.incoming.schemas import Discard, Release
from gateway.incoming.signatures import SignatureRefused, Signed
from gateway.incoming.sources import mapping_of
from gateway.incoming.store import held_message, is_overtaken, message_of, secrets_of, wake
from gateway.issuer.sealing import Sealer
from shared.chassis.audit.entries import bounded
from shared.chassis.errors import Conflict
from shared.chassis.ids import uuid7
from shared.policy.grants import Grant
from shared.policy.principals import Principal

MOST_NAME = 500


@dataclass(frozen=True, slots=True)
class Fitting:
    """How a message fits the mapping of its source: what it is, and its command, none, or why it has none."""

    type: str | None = None
    mapped: Mapped | None = None
    problem: dict[str, Any] | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a message that tell of it."""
        return {
            "type": self.type,
            "subject": bounded(self.mapped.subject, MOST_NAME) if self.mapped else None,
            "operation": self.mapped.command.operation if self.mapped else None,
        }


async def verified_source(
    session: AsyncSession, sealer: Sealer, source_id: str, signed: Signed, body: bytes
) -> tuple[IncomingSource, IncomingSecret]:
    """Return the source that a message is signed by, and with which of its secrets.

    Raises:
        SignatureRefused: there is no such source, or it did not sign this.

    """
    source = await session.get(IncomingSource, source_id)
    if source is None or source.disabled_at is not None:
        raise SignatureRefused
    now = datetime.now(UTC)
    for secret in (await secrets_of(session, [source_id]))[source_id]:
        if secret.is_in_force(now) and signed.is_by(
            secret.kind, sealer.unseal(secret.sealed, secret.id), body
        ):
            return source, secret
    raise SignatureRefused


async def receive(  # noqa: PLR0913
    session: AsyncSession,
    sealer: Sealer,
    source: IncomingSource,
    secret: IncomingSecret,
    signed: Signed,
    body: bytes,
) -> tuple[IncomingMessage, bool]:
    """Store a message, and tell whether it is new.

    Raises:
        Conflict: another message of the source had this id.

    """
    now, id_ = datetime.now(UTC), uuid7()
    row = {
        "id": id_,
        "source_id": source.id,
        "webhook_id": signed.id,
        "secret_id": secret.id,
        "digest": hashlib.sha256(body).digest(),
        "sealed": sealer.seal(body, str(id_)),
        "state": RECEIVED,
        "attempts": 0,
        "next_at": now,
        "received_at": now,
        **fitting(source, body).columns,
    }
    statement = (
        insert(IncomingMessage).values(row).on_conflict_do_nothing().returning(col(IncomingMessage.id))
    )
    is_new = (await session.exec(statement)).scalar_one_or_none() is not None
    stored = await message_of(session, source.id, signed.id)
    assert stored is not None  # noqa: S101  (told to the type checker)
    if stored.digest != row["digest"]:
        raise Conflict("Another message of this source had this webhook-id.", code="webhook-id-reused")
    if is_new:
        await wake(session)
    return stored, is_new


def fitting(source: IncomingSource, body: bytes) -> Fitting:
    """Return how a message fits the mapping of its source as it is now."""
    mapping, type_ = mapping_of(source), None
    try:
        payload = payload_of(body)
        type_ = bounded(type_of(mapping, payload), MOST_NAME)
        return Fitting(type_, mapped(mapping, payload))
    except Unreadable as error:
        return Fitting(problem=problem("message-unreadable", str(error)))
    except NotMapped as error:
        errors = [{"pointer": f"/mapping{error.pointer}", "code": error.code, "detail": error.detail}]
        return Fitting(type_, problem=problem(error.code, error.detail, errors=errors))


def problem(code: str, detail: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return why a message is held, as it is stored and told."""
    return {"code": code, "detail": detail, **more}


def body_to_apply(sealer: Sealer, row: IncomingMessage) -> bytes:
    """Return what a message says: as it was corrected, or else as it was sent."""
    if row.corrected is not None:
        return sealer.unseal(row.corrected, _label_of_correction(row.id))
    return sealer.unseal(row.sealed or b"", str(row.id))


def texts_of(sealer: Sealer, row: IncomingMessage) -> tuple[str | None, str | None]:
    """Return what a message said as it was sent and as it was corrected; None of what is not there any more."""
    sent = sealer.unseal(row.sealed, str(row.id)) if row.sealed is not None else None
    corrected = (
        sealer.unseal(row.corrected, _label_of_correction(row.id)) if row.corrected is not None else None
    )
    told = (each.decode(errors="replace") if each is not None else None for each in (sent, corrected))
    first, second = told
    return first, second


async def release(
    session: AsyncSession, sealer: Sealer, principal: Principal, message_id: UUID, decision: Release
) -> IncomingMessage:
    """Let a message that is held be applied.

    Raises:
        NotFound: there is no such message.
        Conflict: it is not held, or was overtaken by a later one.

    """
    row = await held_message(session, message_id)
    source = await session.get_one(IncomingSource, row.source_id)
    if decision.message is not None:
        row.corrected = sealer.seal(body_of(decision.message), _label_of_correction(row.id))
        row.released_by = _told(Caller.of(principal))
    fit = fitting(source, body_to_apply(sealer, row))
    for name, value in fit.columns.items():
        setattr(row, name, value)
    await session.flush()
    if not decision.overtaken and await is_overtaken(session, row):
        detail = "A later message of this type about the same thing was applied: this one would undo it."
        raise Conflict(detail, code="message-overtaken")
    row.state, row.problem, row.next_at, row.attempts = RECEIVED, None, datetime.now(UTC), 0
    row.decided_by, row.rationale = principal.subject, decision.rationale
    await session.flush()
    await wake(session)
    return row


async def discard(
    session: AsyncSession, principal: Principal, message_id: UUID, decision: Discard
) -> IncomingMessage:
    """Let a message that is held be.

    Raises:
        NotFound: there is no such message.
        Conflict: it is not held.

    """
    row = await held_message(session, message_id)
    row.state, row.finished_at = DISCARDED, datetime.now(UTC)
    row.decided_by, row.rationale = principal.subject, decision.rationale
    await session.flush()
    return row


def caller_of(issuer: str, source: IncomingSource, row: IncomingMessage) -> Caller:
    """Return for whom a message is applied: its source, or whoever corrected it."""
    if row.released_by is not None:
        told: Mapping[str, Any] = row.released_by
        grants = [Grant.model_validate(grant) for grant in told["grants"]]
        return Caller(**{**told, "grants": grants, "since": datetime.fromisoformat(told["since"])})
    grants = [Grant.model_validate(grant) for grant in source.grants]
    return Caller(issuer, source.id, source.id, source.name, grants, source.created_at)


def quarantined(problem: Mapping[str, Any]) -> dict[str, object]:
    """Return the columns of a message that is held."""
    return {"state": QUARANTINED, "problem": dict(problem)}


def _told(caller: Caller) -> dict[str, Any]:
    return {
        **asdict(caller),
        "grants": [grant.as_claim() for grant in caller.grants],
        "since": caller.since.isoformat(),
    }


def _label_of_correction(message_id: UUID) -> str:
    return f"{message_id} corrected"
