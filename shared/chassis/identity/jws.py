"""Signed JSON objects in their compact form (JWS, RFC 7515), read once, strictly, and before anything of them is believed."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")


class Malformed(ValueError):
    """The text is no JWS of a JSON object."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A signed object; neither ``header`` nor ``claims`` is true before the signature is verified."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    def is_of_type(self, name: str) -> bool:
        """Tell whether the header names a media type, in full or without ``application/`` (RFC 7515, section 4.1.9)."""
        stated = self.header.get("typ")
        return isinstance(stated, str) and stated.lower() in (name, f"application/{name}")

    @property
    def algorithm(self) -> str:
        """The algorithm that the header names; empty if it names none."""
        stated = self.header.get("alg")
        return stated if isinstance(stated, str) else ""

    @property
    def changes_how_it_is_read(self) -> bool:
        """Whether the header demands extensions to be understood (RFC 7515, 4.1.11; RFC 7797): we understand none."""
        return "crit" in self.header or "b64" in self.header


def read_jws(text: str) -> Jws:
    """Read the compact form of a signed object.

    Raises:
        Malformed: it is not three parts in base64url, each in its one spelling, of which two are JSON objects.

    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise Malformed("it is not three parts in base64url")
    header, claims, signature = found.groups()
    return Jws(_object(header), _object(claims), f"{header}.{claims}".encode(), decode(signature))


def decode(text: str) -> bytes:
    """Return the bytes that base64url without padding stands for.

    Raises:
        Malformed: they would be written in another way, so that one signature would have several spellings.

    """
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Malformed("a part is not base64url") from error
    if encode(decoded) != text:
        raise Malformed("a part is not base64url in its one spelling")
    return decoded


def encode(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _object(segment: str) -> dict[str, Any]:
    try:
        value = from_json(decode(segment), allow_inf_nan=False)
    except ValueError as error:
        raise Malformed("a part is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("a part is not a JSON object")
    return value
