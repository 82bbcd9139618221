"""How the body of an answer is stored: as it is, compressed where that saves something, or sealed where it is secret."""

import zlib
from typing import Literal, Protocol, TypeAlias

from fastapi import Response

Packing: TypeAlias = Literal["plain", "deflated", "sealed"]

COMPRESSED_FROM = 1024
"""Bytes from which a body is compressed."""


class Sealer(Protocol):
    """Seals what a copy of the database must not tell; ``label`` has to be told again to unseal it."""

    def seal(self, content: bytes, label: str) -> bytes:
        """Return content that only who has the key can read."""

    def unseal(self, sealed: bytes, label: str) -> bytes:
        """Return what was sealed."""


def is_secret(response: Response) -> bool:
    """Tell whether an answer must not be stored by whoever passes it on, as one that tells a new secret."""
    return "no-store" in response.headers.get("cache-control", "")


def packed(body: bytes, label: str, sealer: Sealer | None, *, secret: bool) -> tuple[bytes, Packing]:
    """Return a body as it is stored, and how that is.

    Raises:
        LookupError: it is secret, and there is nothing to seal it with.

    """
    if secret:
        if sealer is None:
            raise LookupError(f"there is nothing to seal the answer of {label} with")
        return sealer.seal(body, label), "sealed"
    if len(body) < COMPRESSED_FROM:
        return body, "plain"
    return zlib.compress(body, 6), "deflated"


def unpacked(stored: bytes, packing: Packing, label: str, sealer: Sealer | None) -> bytes:
    """Return a body as it was answered.

    Raises:
        LookupError: it is sealed, and there is nothing to unseal it with.

    """
    if packing == "plain":
        return stored
    if packing == "deflated":
        return zlib.decompress(stored)
    if sealer is None:
        raise LookupError(f"there is nothing to unseal the answer of {label} with")
    return sealer.unseal(stored, label)
