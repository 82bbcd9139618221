"""The key of a request: as its header tells it, whose it is, and what it stands for."""

import hashlib
import re

from fastapi import Request
from starlette.datastructures import Headers

from shared.chassis.errors import BadRequest
from shared.policy.principals import Principal

HEADER = "Idempotency-Key"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_CHARACTERS = 255

PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Names the request, so that it may be sent again: the same key and request get the same answer, "
    "and nothing is done twice. A UUIDv7, or up to 255 other printable characters.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
}
"""The header as OpenAPI describes it."""

_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
"""A string of structured fields (RFC 9651, section 3.3.3), which the draft asks for."""


def key_of(headers: Headers) -> str | None:
    """Return the key of a request, None if it has none; one in quotes is the same as it is without.

    Raises:
        BadRequest: it is no key, or there are several.

    """
    given = headers.getlist(HEADER)
    if not given:
        return None
    key = given[0].strip()
    if key.startswith('"'):
        quoted = _QUOTED.fullmatch(key)
        key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else ""
    if len(given) > 1 or not _PRINTABLE.fullmatch(key):
        detail = f"An {HEADER} is one, of 1 to {MOST_CHARACTERS} printable characters of ASCII."
        raise BadRequest(detail, code="invalid-idempotency-key")
    return key


def owned(principal: Principal, key: str) -> bytes:
    """Return the digest of a key of a principal: nobody's key is another's, and the database names no principal."""
    return _digest(principal.id.encode(), key.encode())


def fingerprint(request: Request, content: bytes) -> bytes:
    """Return what tells a request from any other of its key: method, address, media type and digest of the content."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    path, query = request.scope["raw_path"], request.scope["query_string"]
    return _digest(request.method.encode(), path, query, media.encode(), content)


def _digest(*parts: bytes) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.digest()
