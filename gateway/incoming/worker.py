"""The worker that applies messages: as commands of their owners, in order of source and subject, once each.

One process at a time works. A command bears an ``Idempotency-Key`` that is made of source and ``webhook-id``, so that a
crash between the owner's answer and our note of it costs nothing: it is sent again, and answered the same. While an owner is
away the message waits, and so does what comes after it about the same subject. What an owner refuses is held, and what
comes after it goes on: whether it may still be applied then is asked when it is released.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import asyncpg
import structlog
from pydantic_core import from_json, to_json

from gateway.acting import ActingToken, CallerRefused
from gateway.incoming.handlers import body_to_apply, caller_of, fitting, problem, quarantined
from gateway.incoming.mapping import Mapped
from gateway.incoming.models import APPLIED, IGNORED, RECEIVED, IncomingMessage, IncomingSource
from gateway.incoming.store import CHANNEL, erase_bodies, heads, settle
from gateway.issuer.sealing import Sealer
from gateway.issuer.tokens import Issuer
from shared.chassis.audit.entries import Affected, Attempt, note_changes
from shared.chassis.db import Database
from shared.chassis.http import Client, Response, TransportError
from shared.chassis.leadership import lead
from shared.chassis.telemetry import CORRELATION_HEADER

INCOMING_LOCK = 0x1BC0
POLL_SECONDS = 1.0
ERASE_SECONDS = 3600.0
MOST_HEADS = 64
AT_ONCE = 8
MOST_ERASED = 1000
PAUSES = (1, 2, 5, 15, 60, 300)
"""Seconds before a message is tried again whose owner was away."""
MOST_ATTEMPTS = 3 * 24 * 3600 // PAUSES[-1]
"""Attempts before a person is asked: about those of three days."""
MOST_PROBLEM_BYTES = 64 * 1024
KEY_NAMESPACE = UUID("f3c1b7a4-95d8-5e0c-9d3e-7a3f0f0b6c11")

_PASSING = (HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_IN_FLIGHT = "idempotency-key-in-flight"

_log = structlog.get_logger()


class OwnerAway(Exception):
    """The owner did not take a command yet."""


class IncomingWorker:
    """Applies messages, and erases what those said that were done with some time ago."""

    name = "incoming messages"

    def __init__(
        self,
        database: Database,
        owners: Mapping[str, Client],
        issuer: Issuer,
        sealer: Sealer,
        *,
        body_days: int,
    ) -> None:
        self._database, self._owners = database, owners
        self._issuer, self._sealer = issuer, sealer
        self._kept = timedelta(days=body_days)
        self._tokens: dict[str, tuple[int, ActingToken]] = {}
        self._woken = asyncio.Event()
        self._erase_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Work while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, INCOMING_LOCK, stop, self._lead)

    def _on_notification(self, *_: object) -> None:
        self._woken.set()

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        await connection.add_listener(CHANNEL, self._on_notification)
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                await connection.execute("SELECT")  # fails once the lock is lost
                if await self._apply_some():
                    continue
                await self._erase()
                woken = asyncio.create_task(self._woken.wait())
                await asyncio.wait(
                    {woken, stopped}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
        finally:
            stopped.cancel()

    async def _apply_some(self) -> bool:
        """Apply the first message of each subject that may be; False if there was none."""
        async with self._database.session() as session:
            found = await heads(session, datetime.now(UTC), MOST_HEADS)
        places = asyncio.Semaphore(AT_ONCE)

        async def one(message_id: UUID) -> None:
            async with places:
                await self._apply(message_id)

        for failure in await asyncio.gather(*map(one, found), return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure
        return bool(found)

    async def _apply(self, message_id: UUID) -> None:
        async with self._database.session() as session:
            row = await session.get_one(IncomingMessage, message_id)
            source = await session.get_one(IncomingSource, row.source_id)
        log = _log.bind(message_id=str(row.id), source=source.id)
        try:
            values = await self._outcome(row, source)
        except OwnerAway as away:
            log.warning("incoming.waiting", reason=str(away), attempts=row.attempts + 1)
            values = self._later(row, str(away))
        except Exception:
            log.exception("incoming.broken")
            values = quarantined(
                problem("internal-error", "An error of ours; the log has it under the message's id.")
            )
        else:
            log.info("incoming.settled", state=values["state"], type=row.type)
        async with self._database.session() as session, session.begin():
            await settle(session, row.id, RECEIVED, {"attempts": row.attempts + 1, **values})
            if "state" in values:
                attempt = Attempt.of_service(
                    "gateway",
                    action=f"incoming_{values['state']}",
                    correlation_id=str(row.id),
                    reason=f"message {row.webhook_id} of {source.id}",
                )
                affected = Affected(aggregate="incoming-message", identifier=str(row.id))
                await note_changes(session, attempt, [affected])

    async def _outcome(self, row: IncomingMessage, source: IncomingSource) -> dict[str, object]:
        """Send the command of a message, and return the columns that tell what became of it.

        Raises:
            OwnerAway: nothing became of it yet.

        """
        if source.disabled_at is not None and row.released_by is None:
            return quarantined(problem("source-disabled", "The source was disabled."))
        fit = fitting(source, body_to_apply(self._sealer, row))
        if fit.problem is not None:
            return {**fit.columns, **quarantined(fit.problem)}
        if fit.mapped is None:
            return {**fit.columns, "state": IGNORED, "finished_at": datetime.now(UTC), "problem": None}
        answer = await self._send(row, source, fit.mapped)
        if answer.is_success:
            done = {"state": APPLIED, "finished_at": datetime.now(UTC), "problem": None}
            return {**fit.columns, **done, "write": answer.headers.get("devcoop-write")}
        return {**fit.columns, **quarantined(_problem_of(answer))}

    async def _send(self, row: IncomingMessage, source: IncomingSource, mapped: Mapped) -> Response:
        """Return what the owner answers for good.

        Raises:
            OwnerAway: it does not.

        """
        token = self._token(row, source)
        why = quote(f"Message {row.webhook_id} of {source.name}", safe="")
        try:
            headers = {
                "authorization": await token.bearer(),
                "content-type": "application/json",
                "idempotency-key": str(key_of(source.id, row.webhook_id)),
                CORRELATION_HEADER: str(row.id),
            }
            answer = await self._owners[mapped.command.owner].request(
                mapped.command.method,
                f"{mapped.target}?rationale={why}",
                content=to_json(mapped.body),
                headers=headers,
            )
        except TransportError as error:
            raise OwnerAway(type(error).__name__) from error
        except CallerRefused as error:
            return Response(HTTPStatus.FORBIDDEN, json=problem("caller-refused", str(error)))
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            token.renew()
        if answer.status_code in _PASSING or answer.is_server_error or _is_in_flight(answer):
            raise OwnerAway(f"status {answer.status_code}")
        return answer

    def _token(self, row: IncomingMessage, source: IncomingSource) -> ActingToken:
        """Return the token that a message is applied with: one for all of a source, as long as that is not changed."""
        caller = caller_of(self._issuer.url, source, row)
        if row.released_by is not None:
            return ActingToken(self._database, self._issuer, caller)
        held = self._tokens.get(source.id)
        if held is None or held[0] != source.version:
            token = ActingToken(self._database, self._issuer, caller)
            self._tokens[source.id] = held = (source.version, token)
        return held[1]

    def _later(self, row: IncomingMessage, reason: str) -> dict[str, object]:
        """Return the columns of a message that has to wait, or has waited for too long."""
        told = problem("owner-away", f"The owner did not take the command yet: {reason}.")
        now = datetime.now(UTC)
        if row.attempts >= MOST_ATTEMPTS:
            return quarantined(told)
        seconds = PAUSES[min(row.attempts, len(PAUSES) - 1)]
        return {"next_at": now + timedelta(seconds=seconds), "problem": told}

    async def _erase(self) -> None:
        """Erase what messages said that were done with some time ago, now and then."""
        now = asyncio.get_running_loop().time()
        if now < self._erase_at:
            return
        async with self._database.session() as session, session.begin():
            erased = await erase_bodies(session, datetime.now(UTC) - self._kept, MOST_ERASED)
        if erased < MOST_ERASED:
            self._erase_at = now + ERASE_SECONDS


def key_of(source_id: str, webhook_id: str) -> UUID:
    """Return the key by which an owner knows the command of a message."""
    return uuid5(KEY_NAMESPACE, f"{source_id} {webhook_id}")


def _is_in_flight(answer: Response) -> bool:
    return answer.status_code == HTTPStatus.CONFLICT and _problem_of(answer)["code"] == _IN_FLIGHT


def _problem_of(answer: Response) -> dict[str, Any]:
    """Return why an owner refused a command."""
    try:
        told = from_json(answer.content[:MOST_PROBLEM_BYTES])
        return problem(told["code"], told["detail"], status=answer.status_code, errors=told.get("errors", []))
    except (ValueError, KeyError, TypeError):
        return problem("refused", f"The owner answered {answer.status_code}.", status=answer.status_code)
