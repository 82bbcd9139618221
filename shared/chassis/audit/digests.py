"""The forms in which entries and links are hashed. They are for good: a chain is verified by them for ever.

An entry is written as two JSON objects, of what an attempt was and of what it was about, each with those members that
are not null, in order of their names. What names persons is in them by digest only, over a salt that is kept beside the
value: it can be erased, value and salt, and the chain still holds. Without its salt a digest tells nothing of a value,
however few values are possible.

A link is the SHA-256 of the link before, its own place, its entry and the digest of that.
"""

import hashlib
import json
import secrets
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii
from typing import Any
from uuid import UUID

SALT_BYTES = 16
IDENTITY = ("principal", "name", "client", "delegate", "source")
"""Members that tell who it was, and who acted for them; they are sealed, and erased, together."""

ATTEMPT_MEMBERS = (
    "action",
    "at",
    "code",
    "correlation_id",
    "count",
    "identity_digest",
    "outcome",
    "reason_digest",
    "status",
)
AFFECTED_MEMBERS = (
    "aggregate",
    "aggregate_id",
    "event_digest",
    "event_id",
    "identifier",
    "place_countries",
    "place_organisations",
    "place_projects",
    "version_after",
    "version_before",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LINK = struct.Struct(">32sqqq32s")


def genesis(service: str) -> bytes:
    """Return what the first link of a service's chain follows on."""
    return hashlib.sha256(b"devcoop audit\n" + service.encode()).digest()


def link_hash(previous: bytes, seq: int, entry_id: int, linked_at: datetime, digest: bytes) -> bytes:
    """Return the hash of a link."""
    return hashlib.sha256(_LINK.pack(previous, seq, entry_id, _microseconds(linked_at), digest)).digest()


def entry_digest(row: Mapping[str, Any]) -> bytes:
    """Return the digest of an entry by its columns."""
    return digest_within(canonical_attempt(row), row)


def canonical_attempt(row: Mapping[str, Any]) -> bytes:
    """Return the form of what several entries of one attempt have in common."""
    return _canonical(row, ATTEMPT_MEMBERS)


def digest_within(attempt: bytes, row: Mapping[str, Any]) -> bytes:
    """Return the digest of an entry of an attempt, which is given in its form."""
    return hashlib.sha256(attempt + _canonical(row, AFFECTED_MEMBERS)).digest()


def new_salt() -> bytes:
    """Return a salt that nobody can guess."""
    return secrets.token_bytes(SALT_BYTES)


def sealed(salt: bytes, values: Sequence[str | None]) -> bytes:
    """Return what stands for values that name persons."""
    return hashlib.sha256(salt + json.dumps(values).encode()).digest()


def erased_digest(erased: Iterable[tuple[int, str]]) -> bytes:
    """Return the digest of what an erasure erased: entries and parts, in their order."""
    whole = hashlib.sha256()
    for entry_id, part in erased:
        whole.update(f"{entry_id} {part}\n".encode())
    return whole.digest()


def _canonical(row: Mapping[str, Any], members: Iterable[str]) -> bytes:
    """Return members as a JSON object. It is written by hand: an import does so a thousand times a second."""
    stated = [f'"{name}":{_json(row[name])}' for name in members if row[name] is not None]
    return f"{{{','.join(stated)}}}".encode()


def _json(value: object) -> str:
    write = _WRITERS.get(type(value))
    if write is None:  # the driver has a UUID of its own
        write = next(each for kind, each in _WRITERS.items() if isinstance(value, kind))
    return write(value)


def _list(values: Iterable[object]) -> str:
    return f"[{','.join([_json(value) for value in values])}]"


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    int: str,
    bytes: lambda value: f'"{value.hex()}"',
    UUID: lambda value: f'"{value.bytes.hex()}"',
    datetime: lambda value: str(_microseconds(value)),
    list: _list,
    tuple: _list,
}
