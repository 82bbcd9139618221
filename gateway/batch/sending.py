"""Commands on their way to their owners, in the name of one caller.

An owner that is away is asked again for a while. If it stays away, whatever comes behind in the same request is not sent
to it any more: nothing overtakes a command that has to be sent again.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any

import structlog
from pydantic_core import from_json, to_json

from gateway.acting import ActingToken, CallerRefused
from gateway.batch.commands import Command
from shared.chassis.errors import ProblemError, TimedOut, Unauthenticated, Unavailable
from shared.chassis.http import Client, NoConnection, Response, TransportError
from shared.chassis.telemetry import CORRELATION_HEADER

RETRY_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
MOST_WAIT_SECONDS = 60
MOST_WAITS = 30
"""How often an owner may ask one command to come again later, each time for at most ``MOST_WAIT_SECONDS``."""
AWAY = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
"""Answers of an owner that can do nothing just now; of the token, once it knows the issuer and its keys."""
PASSING = ("idempotency-key-in-flight", "concurrent-change")
"""Codes of conflicts that another try may turn."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an owner answered, or what is answered in its place."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: ProblemError) -> "Answer":
        """Return a refusal as an answer."""
        return cls(error.status, error.problem().model_dump_json(exclude_none=True).encode())

    @property
    def is_good(self) -> bool:
        """Whether it is no refusal."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def code(self) -> str | None:
        """Code of the problem, None where it is none."""
        told = None if self.is_good else self.document
        return told.get("code") if isinstance(told, dict) else None

    @property
    def document(self) -> Any:  # noqa: ANN401
        """The body read as JSON, None where it is none."""
        try:
            return from_json(self.body)
        except ValueError:
            return None


class Sender:
    """Sends what one caller asks in one request; ``source`` is the address that it asks from."""

    def __init__(
        self, clients: Mapping[str, Client], token: ActingToken, *, source: str, retry_seconds: float
    ) -> None:
        self._clients, self._token, self._source = clients, token, source
        self._retry_seconds = retry_seconds
        self._given_up: dict[str, Answer] = {}

    async def send(self, command: Command) -> Answer:
        """Return what the owner of a command answers, sooner or later."""
        if command.owner in self._given_up:
            return self._given_up[command.owner]
        deadline = time.monotonic() + self._retry_seconds
        pauses, waits = chain(RETRY_PAUSES, repeat(RETRY_PAUSES[-1])), iter(range(MOST_WAITS))
        while True:
            answer = await self._try(command)
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS and next(waits, None) is not None:
                waited = _seconds(answer)
                deadline += waited
                await asyncio.sleep(waited)
                continue
            if not _may_pass(answer):
                return answer
            if time.monotonic() >= deadline:
                return self._last(command, answer)
            await self._pause(command, answer, pauses)

    async def _try(self, command: Command) -> Answer:
        """Ask once, and return what is answered or what keeps it from being."""
        try:
            return await self._ask(command)
        except NoConnection:
            return Answer.of(Unavailable(f"The {command.owner} service is away.", code="owner-unavailable"))
        except TransportError:
            detail = f"The {command.owner} service did not answer; what was asked of it may have been done."
            return Answer.of(TimedOut(detail, code="owner-no-answer"))
        except CallerRefused as refused:
            self._given_up[command.owner] = Answer.of(Unauthenticated(str(refused), code="token-revoked"))
            return self._given_up[command.owner]
        except Exception as error:  # noqa: BLE001  (a command must not cost others their outcome)
            _log.error("batch.broken", owner=command.owner, exc_info=error)
            return Answer.of(Unavailable("The gateway met an error of its own; the log has it."))

    async def _ask(self, command: Command) -> Answer:
        headers = {
            "Authorization": await self._token.bearer(),
            "Idempotency-Key": command.key or None,
            "Content-Type": "application/json" if command.body else None,
            "If-Match": command.if_match,
            CORRELATION_HEADER: command.correlation_id or None,
            "X-Forwarded-For": self._source or None,
        }
        response = await self._clients[command.owner].request(
            command.method,
            command.target,
            content=command.body,
            headers={name: value for name, value in headers.items() if value is not None},
        )
        return Answer(response.status_code, _one_line(response), response.headers)

    async def _pause(self, command: Command, answer: Answer, pauses: Iterator[float]) -> None:
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._token.renew()
        _log.info("batch.again", owner=command.owner, status=answer.status, code=answer.code)
        await asyncio.sleep(next(pauses))

    def _last(self, command: Command, answer: Answer) -> Answer:
        """Return an answer that another try did not turn; nothing further is sent to an owner that is away."""
        if answer.status in AWAY:
            _log.warning("batch.owner_away", owner=command.owner, status=answer.status, code=answer.code)
            self._given_up[command.owner] = answer
        return answer


def _may_pass(answer: Answer) -> bool:
    if answer.status == HTTPStatus.CONFLICT:
        return answer.code in PASSING
    return answer.status in AWAY and answer.code != "token-revoked"


def _seconds(answer: Answer) -> float:
    """Return when an owner asks to be asked again."""
    told = answer.headers.get("retry-after", "1")
    return min(float(told), MOST_WAIT_SECONDS) if told.isdecimal() else 1


def _one_line(response: Response) -> bytes:
    """Return the body of an answer as JSON without line breaks."""
    body = response.content.strip()
    if not body:
        return b"null"
    if b"\n" not in body and "json" in response.headers.get("content-type", ""):
        return body
    try:
        return to_json(from_json(body))
    except ValueError:
        return to_json(body.decode(errors="replace"))
