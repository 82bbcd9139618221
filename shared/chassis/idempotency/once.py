"""A request under a key: found answered, refused, or made in the one transaction that keeps its answer too."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from pydantic_core import from_json, to_json
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Message, Receive

from shared.chassis.db import UOW
from shared.chassis.errors import Conflict, Invalid
from shared.chassis.idempotency.keys import HEADER, fingerprint, owned
from shared.chassis.idempotency.packing import Sealer, is_secret, packed, unpacked
from shared.chassis.idempotency.store import Kept, find, keep, take

REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("content-type", "etag", "location", "devcoop-write", "cache-control", "pragma")
CLAIM = "claim"
"""Where a request keeps what it claims by its key."""
LARGE = 1024 * 1024
"""Bytes from which a body is digested in a thread of its own."""

Handle = Callable[[Request], Awaitable[Response]]


class Keying(Enum):
    """What a request of a route is known by: its body, what its handler takes of it, or no key at all."""

    BY_BODY = auto()
    BY_HANDLER = auto()
    NONE = auto()


class KeyReused(Invalid):
    """The key was used for another request."""

    default_code = "idempotency-key-reused"


class KeyInFlight(Conflict):
    """A request of that key is under way."""

    default_code = "idempotency-key-in-flight"

    @property
    def headers(self) -> dict[str, str]:
        """When to ask again."""
        return {"Retry-After": "1"}


class Answered(Exception):
    """The request was made before; ``response`` is what was answered."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Claim:
    """What a request claims by its key, in its transaction."""

    def __init__(self, session: AsyncSession, request: Request, key: str) -> None:
        state = request.scope["state"]
        self._session, self._request = session, request
        self._key, self._operation = owned(state["principal"], key), state["operation"]
        self._days: int = state["runtime"].settings.idempotency_days
        self._sealer: Sealer | None = state["runtime"].parts.get("sealer")
        self._fingerprint = b""

    async def settle(self, content: bytes) -> None:
        """Take the key for the request whose content has this digest; from here on it is made, once.

        Raises:
            Answered: it was made before.
            KeyReused: the key stands for another request.
            KeyInFlight: another request has the key at this moment.

        """
        self._fingerprint = fingerprint(self._request, content)
        if not await take(self._session, self._key):
            raise KeyInFlight(f"A request of this {HEADER} is under way.")
        kept = await find(self._session, self._key, self._days)
        if kept is None:
            return
        if kept.fingerprint != self._fingerprint:
            raise KeyReused(f"This {HEADER} was used for another request.")
        raise Answered(self._told(kept))

    async def keep(self, response: Response) -> None:
        """Keep the answer.

        Raises:
            LookupError: nobody told what the request is known by.

        """
        if not self._fingerprint:
            raise LookupError(f"{self._operation} does not settle its claim")
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        body, packing = packed(
            bytes(response.body), self._operation, self._sealer, secret=is_secret(response)
        )
        kept = Kept(
            self._fingerprint,
            self._operation,
            response.status_code,
            to_json(headers).decode(),
            body,
            packing,
        )
        await keep(self._session, self._key, kept)

    def _told(self, kept: Kept) -> Response:
        headers: dict[str, Any] = {**from_json(kept.headers), REPLAYED: "true"}
        body = unpacked(kept.body, kept.packing, kept.operation, self._sealer)
        return Response(body, kept.status, headers=headers)


async def answer_once(request: Request, key: str, handle: Handle, keying: Keying) -> Response:
    """Answer a request under its key; an answer that is no success leaves nothing, and the key may be tried again.

    Raises:
        KeyReused: the key stands for another request.
        KeyInFlight: another request has the key at this moment.

    """
    state = request.scope["state"]
    async with state["runtime"].database.session() as session, session.begin() as transaction:
        claim = Claim(session, request, key)
        state[UOW], state[CLAIM] = session, claim
        try:
            if keying is Keying.BY_BODY:
                body = await request.body()
                await claim.settle(await digest_of(body))
                request = Request(request.scope, _given(body, request.receive))
            response = await handle(request)
        except Answered as answered:
            return answered.response
        if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            await claim.keep(response)
        else:
            await transaction.rollback()
    return response


async def settle_by(request: Request, content: Callable[[], Awaitable[bytes]]) -> None:
    """Take the key of a request, if it has one, by the digest of what its handler took of it.

    Raises:
        Answered: it was made before.
        KeyReused: the key stands for another request.
        KeyInFlight: another request has the key at this moment.

    """
    claim: Claim | None = request.scope["state"].get(CLAIM)
    if claim is not None:
        await claim.settle(await content())


async def digest_of(body: bytes) -> bytes:
    """Return the digest of a body."""
    if len(body) < LARGE:
        return hashlib.sha256(body).digest()
    return await asyncio.to_thread(lambda: hashlib.sha256(body).digest())


def _given(body: bytes, after: Receive) -> Receive:
    """Return a way to receive a body that was read, and then what comes after it."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return await after()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
