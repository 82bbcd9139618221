"""The keys of an issuer, and what it revoked: fetched in the background, and there while the issuer is away.

A key that is gone from the set holds no longer once the set is fetched again. Until then, and for as long as the
issuer cannot be asked, what it said last holds, over a restart too.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from shared.chassis.health import Check, CheckFunction
from shared.chassis.http import Client, NotFetched
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.jwk import Key, read_keys
from shared.chassis.identity.sources import Source
from shared.chassis.identity.store import KeyStore
from shared.chassis.workers import pause

REFRESH_SECONDS = 300.0
REVOCATIONS_SECONDS = 30.0
MOST_KEY_BYTES = 1024**2
MOST_REVOCATION_BYTES = 8 * 1024**2


class _RevokedClient(BaseModel):
    id: str
    before: float = Field(allow_inf_nan=False)


class _RevocationList(BaseModel):
    tokens: frozenset[str] = frozenset()
    clients: tuple[_RevokedClient, ...] = ()


@dataclass(frozen=True, slots=True)
class Revocations:
    """Tokens that an issuer took back: by their ids, or all that a client was given before a moment."""

    tokens: frozenset[str] = frozenset()
    clients: Mapping[str, float] | None = None

    def hold_for(self, token_id: str, client: str, issued_at: float) -> bool:
        """Tell whether a token was taken back."""
        return token_id in self.tokens or issued_at < (self.clients or {}).get(client, 0)


NOTHING_REVOKED = Revocations()


class KeySet:
    """The keys of one issuer, and what it revoked; a worker that keeps both up to date."""

    def __init__(  # noqa: PLR0913  (what is set apart from what is asked)
        self,
        issuer: TrustedIssuer,
        store: KeyStore,
        client: Client,
        *,
        refresh_seconds: float = REFRESH_SECONDS,
        revocations_seconds: float = REVOCATIONS_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.name = f"keys-{issuer.issuer}"
        self._client = client
        kept = store if issuer.jwks_url else None
        at = issuer.jwks_url or str(issuer.jwks_file)
        self._keys = Source(at, self._fetch_keys, read_keys, kept, seconds=refresh_seconds, clock=clock)
        self._revocations: Source[Revocations] | None = None
        if issuer.revocations_url is not None:
            self._revocations = Source(
                issuer.revocations_url,
                self._fetch_revocations,
                _read_revocations,
                store,
                seconds=revocations_seconds,
                clock=clock,
            )

    @property
    def version(self) -> int:
        """A number that grows with every change of the keys."""
        return self._keys.version

    @property
    def sources(self) -> tuple[Source[tuple[Key, ...]] | Source[Revocations], ...]:
        """What is fetched of the issuer."""
        return (self._keys,) if self._revocations is None else (self._keys, self._revocations)

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch what is due, again and again."""
        for source in self.sources:
            await source.restore()
        while not stop.is_set():
            for source in self.sources:
                if source.rest == 0:
                    await source.fetch()
            await pause(stop, min(source.rest for source in self.sources))

    async def named(self, id_: str | None) -> tuple[Key, ...]:
        """Return the keys of a name, or all if None; an unknown name makes it look for new keys, now and then.

        Raises:
            Unavailable: the keys were never fetched, and cannot be fetched now.

        """
        found = _named(await self._keys.get(), id_)
        if not found:
            await self._keys.fetch_early()
            found = _named(await self._keys.get(), id_)
        return found

    async def revocations(self) -> Revocations:
        """Return what the issuer revoked.

        Raises:
            Unavailable: it tells, but could never be asked: then nobody knows which tokens hold.

        """
        return NOTHING_REVOKED if self._revocations is None else await self._revocations.get()

    async def _fetch_keys(self) -> bytes:
        if self.issuer.jwks_url is not None:
            return await self._client.fetch(self.issuer.jwks_url, most_bytes=MOST_KEY_BYTES)
        return await asyncio.to_thread(self._read_file)

    def _read_file(self) -> bytes:
        assert self.issuer.jwks_file is not None  # noqa: S101  (told to the type checker)
        with self.issuer.jwks_file.open("rb") as file:
            content = file.read(MOST_KEY_BYTES + 1)
        if len(content) > MOST_KEY_BYTES:
            raise NotFetched(f"it is larger than {MOST_KEY_BYTES} bytes")
        return content

    async def _fetch_revocations(self) -> bytes:
        assert self.issuer.revocations_url is not None  # noqa: S101
        return await self._client.fetch(self.issuer.revocations_url, most_bytes=MOST_REVOCATION_BYTES)


def keys_check(keysets: Iterable[KeySet]) -> CheckFunction:
    """Return a check of the issuers; while one is away, what it said last holds, and what is public is answered."""
    sources = [source for keyset in keysets for source in keyset.sources]

    async def check() -> Check:
        unknown = sum(not source.is_known for source in sources)
        failing = sum(source.is_failing for source in sources)
        state = "degraded" if unknown or failing else "ok"
        return Check(state=state, detail={"unknown": unknown, "failing": failing})

    return check


def _named(keys: tuple[Key, ...], id_: str | None) -> tuple[Key, ...]:
    return keys if id_ is None else tuple(key for key in keys if key.id == id_)


def _read_revocations(text: str) -> Revocations:
    read = _RevocationList.model_validate_json(text)
    clients: dict[str, float] = {}
    for client in read.clients:
        clients[client.id] = max(client.before, clients.get(client.id, 0))
    return Revocations(read.tokens, clients)
