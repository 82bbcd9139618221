"""The secrets of clients: made here, shown once, and known as argon2 hashes from then on."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.chassis.errors import Unavailable

SECRET_BYTES = 32
AT_ONCE = 4
"""Most hashes that are computed at the same time; each takes 19 MiB."""
MOST_WAITING = 100

_ID_BYTES = 8
_FORM = re.compile(r"dcs_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret; ``id`` is part of it, so that it tells which hash is its own."""

    id: str
    value: str = field(repr=False)


def new_secret() -> Secret:
    """Return a secret of 32 random bytes."""
    secret_id = secrets.token_hex(_ID_BYTES)
    return Secret(secret_id, f"dcs_{secret_id}_{secrets.token_urlsafe(SECRET_BYTES)}")


def id_of(value: str) -> str | None:
    """Return the id of a secret, None if it is none of ours."""
    match = _FORM.fullmatch(value)
    return match[1] if match else None


def owasp_hasher() -> PasswordHasher:
    """Return argon2id with what OWASP's cheat sheet on the storage of passwords asks for at least."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class SecretHashes:
    """Computes and verifies hashes in threads, a few at once; whatever is verified costs one hash."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or owasp_hasher()
        self._dummy = self._hasher.hash(secrets.token_urlsafe(SECRET_BYTES))  # of what nobody knows
        self._places = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    async def of(self, value: str) -> str:
        """Return the hash of a secret."""
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, value)

    async def verify(self, hashed: str | None, value: str) -> bool:
        """Tell whether a secret has this hash; without one, take the same time to tell that it has not.

        Raises:
            Unavailable: too many wait already.

        """
        if self._asked >= MOST_WAITING:
            raise Unavailable("Too many secrets wait to be verified.", code="issuer-busy")
        self._asked += 1
        try:
            async with self._places:
                return await asyncio.to_thread(self._matches, hashed or self._dummy, value)
        finally:
            self._asked -= 1

    def _matches(self, hashed: str, value: str) -> bool:
        try:
            return self._hasher.verify(hashed, value)
        except (VerificationError, InvalidHashError):
            return False
