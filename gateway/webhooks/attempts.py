"""One attempt at a delivery: signed, sent, and judged."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind

from gateway.webhooks.records import printable
from gateway.webhooks.schedule import BUSY, ENDS_IT, asked_seconds, is_success
from gateway.webhooks.signing import Sign, signed_headers
from shared.chassis.egress import Egress, NoAnswer, NotAllowed
from shared.chassis.tracing import EVENT, is_in_trace, note_error, span


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt went; ``asked`` are the seconds that the endpoint asks to be left alone."""

    at: datetime
    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str = ""
    asked: float = 0

    @property
    def is_success(self) -> bool:
        """Whether the endpoint took the delivery."""
        return self.status is not None and is_success(self.status)

    @property
    def ends_it(self) -> bool:
        """Whether the endpoint wants nothing more."""
        return self.status == ENDS_IT

    @property
    def is_busy(self) -> bool:
        """Whether the endpoint as a whole asks to be left alone."""
        return self.status in BUSY

    @property
    def error_code(self) -> str:
        """Why there was no answer, as a code."""
        return (self.error or "").partition(":")[0]

    @property
    def kind(self) -> str:
        """The class of its status, for counting."""
        return "none" if self.status is None else f"{self.status // 100}xx"


async def attempt(  # noqa: PLR0913
    egress: Egress, url: str, signers: Sequence[Sign], *, id_: str, body: bytes, cause: str | None = None
) -> Attempt:
    """Send a body to an endpoint, signed as of now; an attempt has a span if its cause, or the current span, is traced."""
    if not is_in_trace(cause):
        return await _attempt(egress, url, signers, id_=id_, body=body)
    told = {"http.request.method": "POST", "server.address": urlsplit(url).hostname or "", EVENT: id_}
    with span("POST webhook", SpanKind.CLIENT, parent=cause, attributes=told) as made:
        done = await _attempt(egress, url, signers, id_=id_, body=body)
        if done.status is not None:
            made.set_attribute("http.response.status_code", done.status)
        if not done.is_success:
            note_error(made, str(done.status) if done.status is not None else done.error_code)
        return done


async def _attempt(egress: Egress, url: str, signers: Sequence[Sign], *, id_: str, body: bytes) -> Attempt:
    at, started = datetime.now(UTC), time.perf_counter()
    headers = signed_headers(signers, id_=id_, timestamp=int(at.timestamp()), body=body)
    try:
        answer = await egress.post(url, content=body, headers=headers)
    except (NotAllowed, NoAnswer) as error:
        return Attempt(at, _milliseconds(started), error=f"{error.code}: {error}"[:500])
    asked = asked_seconds(answer.headers.get("retry-after"), datetime.now(UTC))
    return Attempt(at, _milliseconds(started), answer.status, None, printable(answer.start), asked)


def _milliseconds(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
