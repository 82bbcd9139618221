"""Keyset pages: the cursor of a page names the last row of the one before, signed so that it cannot be made up."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic_core import from_json, to_json

from shared.chassis.errors import BadRequest

_MAC_BYTES = 16

Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500, description="Most items in a page")]


class CursorCodec:
    """Makes cursors and reads them back, those too that were made with the key before."""

    def __init__(self, key: bytes, former: bytes | None = None) -> None:
        self._key = key
        self._keys = (key,) if former is None else (key, former)

    def encode(self, values: Sequence[Any]) -> str:
        """Return the cursor of a row by the values that it is ordered by."""
        payload = to_json(list(values))
        return base64.urlsafe_b64encode(_mac(self._key, payload) + payload).decode().rstrip("=")

    def decode(self, cursor: str, *types: type) -> list[Any]:
        """Return the values of a cursor.

        Raises:
            BadRequest: we did not make it, or not for this list.

        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _invalid() from None
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(key, payload)) for key in self._keys):
            raise _invalid()
        values: list[Any] = from_json(payload)
        if [type(value) for value in values] != list(types):
            raise _invalid()
        return values


def _mac(key: bytes, payload: bytes) -> bytes:
    return hashlib.blake2b(payload, key=key[:64], digest_size=_MAC_BYTES).digest()


def _invalid() -> BadRequest:
    return BadRequest("The cursor is not one that this list gave.", code="invalid-cursor")


async def _cursors(request: Request) -> CursorCodec:
    codec: CursorCodec = request.state.runtime.cursors
    return codec


Cursors = Annotated[CursorCodec, Depends(_cursors)]
