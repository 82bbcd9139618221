"""What an import sends to the owning services, and what they answer.

An activity is accepted whole, in all three owners, or refused whole. The reader has validated every part
against the very contract that its owner enforces, so an owner has nothing left to refuse; sending is
idempotent and goes on until every owner has taken the batch.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any, Literal, Self

import structlog
from pydantic_core import from_json

from gateway.acting import ActingToken
from gateway.imports.iati.reader import ActivityParts, Item
from shared.chassis.http import Client, TransportError
from shared.chassis.telemetry import CORRELATION_HEADER
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Partner

Outcome = Literal["accepted", "changed", "unchanged", "refused"]

PATHS = {
    "projects": "/v1/activities/upserts",
    "funding": "/v1/finances/upserts",
    "monitoring": "/v1/frameworks/upserts",
    "partners": "/v1/partners/upserts",
}
"""Where each part of an item goes; partners belong to funding."""

_log = structlog.get_logger()

OWNER_OF_PART = {
    "projects": "projects",
    "funding": "funding",
    "monitoring": "monitoring",
    "partners": "funding",
}

PASSING = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
)
"""Refusals that another try may turn; one of the token, once the owner knows the issuer and its keys."""

RETRY_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(slots=True)
class Taken:
    """What became of a batch: an outcome per item in order, and the last write of each part."""

    outcomes: list[Outcome]
    problems: list[list[dict[str, Any]]]
    last_writes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parcel:
    """An item ready to be sent: its parts as JSON text by where they go, and none of its contracts any more."""

    item: Item
    lines: Mapping[str, str]

    @classmethod
    def of(cls, item: Item) -> Self:
        """Pack an item; a refused one has no parts."""
        lines = {part: contract.to_json() for part, contract in _parts_of(item.content).items()}
        return cls(replace(item, content=None), lines)

    @property
    def size(self) -> int:
        """Characters of its parts."""
        return sum(map(len, self.lines.values()))


def _parts_of(content: ActivityParts | Partner | None) -> Mapping[str, Contract]:
    if isinstance(content, ActivityParts):
        return {"projects": content.activity, "funding": content.finance, "monitoring": content.framework}
    return {} if content is None else {"partners": content}


class OwnerRefused(Exception):
    """An owner refused a batch as a whole, as it would every time."""


class OwnerAway(Exception):
    """An owner did not take a batch within the time that an import waits."""


class Owners:
    """The owning services as an import sees them."""

    def __init__(self, clients: Mapping[str, Client], *, retry_seconds: float) -> None:
        self._clients = clients
        self._retry_seconds = retry_seconds

    async def take(
        self, parcels: Sequence[Parcel], *, token: ActingToken, correlation_id: str, dry_run: bool
    ) -> Taken:
        """Send a batch to every owner it concerns and return what became of each item.

        Raises:
            OwnerAway: an owner stayed away; the batch may be sent again.
            OwnerRefused: an owner will never take it.
            CallerRefused: nobody may act for who started the import.

        """
        lines: dict[str, list[str]] = defaultdict(list)
        places: dict[str, list[int]] = defaultdict(list)
        for place, parcel in enumerate(parcels):
            for part, line in parcel.lines.items():
                lines[part].append(line)
                places[part].append(place)
        answers = await asyncio.gather(
            *(
                self._send(part, lines[part], token=token, correlation_id=correlation_id, dry_run=dry_run)
                for part in lines
            ),
            return_exceptions=True,  # the others have been sent, and are waited for
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        taken = Taken(
            outcomes=["refused" if parcel.item.problems else "unchanged" for parcel in parcels],
            problems=[[asdict(problem) for problem in parcel.item.problems] for parcel in parcels],
        )
        good = [answer for answer in answers if not isinstance(answer, BaseException)]
        for part, answer in zip(lines, good, strict=True):
            for place, outcome in zip(places[part], answer, strict=True):
                _merge(taken, place, part, outcome)
        return taken

    async def _send(
        self, part: str, lines: list[str], *, token: ActingToken, correlation_id: str, dry_run: bool
    ) -> list[dict[str, Any]]:
        client = self._clients[OWNER_OF_PART[part]]
        deadline = time.monotonic() + self._retry_seconds
        for pause in chain(RETRY_PAUSES, repeat(RETRY_PAUSES[-1])):
            bearer = await token.bearer()
            try:
                response = await client.request(
                    "POST",
                    f"{PATHS[part]}?dry_run={str(dry_run).lower()}&rationale=Import%20{correlation_id}",
                    content="\n".join(lines).encode(),
                    headers={
                        "Authorization": bearer,
                        "Content-Type": "application/x-ndjson",
                        CORRELATION_HEADER: correlation_id,
                    },
                )
            except TransportError as error:
                reason = type(error).__name__
            else:
                if response.status_code == HTTPStatus.OK:
                    return [from_json(line) for line in response.content.splitlines()]
                reason = f"status {response.status_code}"
                if response.status_code == HTTPStatus.UNAUTHORIZED:
                    token.renew()
                if response.is_client_error and response.status_code not in PASSING:
                    raise OwnerRefused(f"{OWNER_OF_PART[part]} refused a batch: {reason}")
            if time.monotonic() + pause > deadline:
                break
            _log.warning("import.owner_away", owner=OWNER_OF_PART[part], reason=reason, retry_in=pause)
            await asyncio.sleep(pause)
        raise OwnerAway(f"{OWNER_OF_PART[part]} did not take the batch: {reason}")


def _merge(taken: Taken, place: int, part: str, outcome: Mapping[str, Any]) -> None:
    """Note what one owner did: an item is new if its activity is new, changed if any part changed."""
    what = outcome["outcome"]
    if what in ("created", "changed"):
        taken.last_writes[part] = outcome["write"]
    if what == "refused":
        taken.outcomes[place] = "refused"
        taken.problems[place] += [
            {
                "code": fault["code"],
                "reason": f"{OWNER_OF_PART[part]}: {fault['detail']}",
                "line": None,
                "xpath": None,
            }
            for fault in outcome["errors"]
        ]
    elif taken.outcomes[place] not in ("refused", "accepted") and what != "unchanged":
        taken.outcomes[place] = (
            "accepted" if what == "created" and part in ("projects", "partners") else "changed"
        )
