"""One attempt at a delivery: signed, sent, and judged."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.webhooks.records import printable
from gateway.webhooks.schedule import BUSY, ENDS_IT, asked_seconds, is_success
from gateway.webhooks.signing import Sign, signed_headers
from shared.chassis.egress import Egress, NoAnswer, NotAllowed


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
    def kind(self) -> str:
        """The class of its status, for counting."""
        return "none" if self.status is None else f"{self.status // 100}xx"


async def attempt(egress: Egress, url: str, signers: Sequence[Sign], *, id_: str, body: bytes) -> Attempt:
    """Send a body to an endpoint, signed as of now."""
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
