"""A batch under way: lines become commands, and answers become outcomes."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_core import to_json

from gateway.batch.commands import Command, Refused, command_of
from gateway.batch.decoding import Decoder, Malformed
from gateway.batch.lanes import Lanes
from gateway.batch.lines import Bounds, Line, LineReader, TooMuch
from gateway.batch.sending import Answer, Sender
from gateway.batch.streaming import Body, BrokenOff
from shared.chassis.errors import BadRequest, Problem, TooLarge, Unavailable

REPLAYED = "idempotency-replayed"
MOST_CORRELATION = 90
"""Characters of an id of a request that leave room for the number of a line."""

STOPPED = Unavailable("The gateway stops; send again what has no outcome.").problem()


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome of one line."""

    line: int
    key: str | None
    answer: Answer

    def size(self) -> int:
        """Bytes that it takes to keep it."""
        return len(self.answer.body)


class Batch:
    """One batch."""

    def __init__(self, sender: Sender, decoder: Decoder, bounds: Bounds, correlation_id: str) -> None:
        self._sender, self._decoder, self._correlation_id = sender, decoder, correlation_id
        self._lines = LineReader(bounds)
        self._line_bytes = bounds.line_bytes
        self._told = self._refused = 0
        self._problem: Problem | None = None

    async def fill(self, body: Body, lanes: Lanes[Told]) -> None:
        """Put the commands of the lines into lanes, as they come.

        What keeps the rest of the body from being read is told at the end; a line that did not end is not carried out.

        Raises:
            BrokenOff: the body did.

        """
        try:
            async for packed in body.pieces():
                for piece in self._decoder.feed(packed):
                    await self._take(self._lines.feed(piece), lanes)
            self._decoder.end()
            await self._take(self._lines.end(), lanes)
        except Malformed as error:
            self._problem = BadRequest(str(error), code="malformed-encoding").problem()
        except TooMuch as error:
            self._problem = TooLarge(str(error), code=error.code).problem()
        except BrokenOff:
            self._problem = BadRequest("The body broke off.", code="truncated-body").problem()
            raise

    def write(self, told: Told) -> bytes:
        """Return the line that tells of an outcome."""
        self._told += 1
        self._refused += not told.answer.is_good
        headers = told.answer.headers
        head: dict[str, Any] = {
            "line": told.line,
            "key": told.key,
            "status": told.answer.status,
            "etag": headers.get("etag"),
            "write": headers.get("devcoop-write"),
            "replayed": headers.get(REPLAYED) == "true" or None,
        }
        known = {name: value for name, value in head.items() if value is not None}
        return to_json(known)[:-1] + b',"body":' + told.answer.body + b"}\n"

    def end(self, is_stopped: bool) -> bytes:
        """Return the last line, by whether the batch was stopped before its end."""
        told: dict[str, Any] = {"end": True, "lines": self._told, "refused": self._refused}
        problem = self._problem or (STOPPED if is_stopped else None)
        if problem is not None:
            told["problem"] = problem.model_dump(exclude_none=True)
        return to_json(told) + b"\n"

    async def _take(self, lines: Iterator[Line], lanes: Lanes[Told]) -> None:
        for line in lines:
            if lanes.is_stopped:
                return
            self._add(line, lanes)
            await lanes.room()
        await asyncio.sleep(0)

    def _add(self, line: Line, lanes: Lanes[Told]) -> None:
        if line.content is None:
            problem = TooLarge(f"A line has at most {self._line_bytes} bytes.", code="line-too-large")
            lanes.tell(Told(line.number, None, Answer.of(problem)))
            return
        try:
            command = command_of(line.content, f"{self._correlation_id[:MOST_CORRELATION]}:{line.number}")
        except Refused as refused:
            body = refused.problem.model_dump_json(exclude_none=True).encode()
            lanes.tell(Told(line.number, refused.key, Answer(refused.problem.status, body)))
            return
        lanes.add(command.owner, partial(self._carry_out, line.number, command), size=len(line.content))

    async def _carry_out(self, number: int, command: Command) -> Told:
        return Told(number, command.key, await self._sender.send(command))
