"""JSON bodies, read without passing a number through a float, and only as deep as a document may be."""

import json
import re
from collections.abc import Callable, Coroutine
from decimal import Decimal
from itertools import accumulate
from typing import Any, NoReturn

from fastapi import Request, Response
from pydantic_core import from_json

from shared.chassis.errors import Invalid, UnsupportedMedia
from shared.chassis.guard import GuardedRoute

_JSON = re.compile(r"application/(?:[\w.+-]+\+)?(?:json|x-ndjson|jsonl)\s*(?:;|$)", re.IGNORECASE)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""The escape of half a character, which is no text unless the other half follows."""
MOST_LEVELS = 64
"""Arrays and objects within one another; a contract has fewer than ten."""
TOO_DEEP = f"It nests more than {MOST_LEVELS} arrays and objects within one another."
_KEPT = b'[]{}"'
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""A level up and a level down, as signed bytes."""
_DROPPED = bytes(set(range(256)) - set(_KEPT))
_QUOTED = re.compile(rb'"[^"]*"')


class JsonRoute(GuardedRoute):
    """A route whose JSON body keeps every digit of its numbers."""

    def open_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Let the body be read by the rules of this module."""
        handle = super().open_handler()

        async def handler(request: Request) -> Response:
            _require_json(request)
            return await handle(_JsonRequest(request.scope, request.receive))

        return handler


def _require_json(request: Request) -> None:
    """Check that a body, if there is one, says that it is JSON, and that it is sent as it is.

    Raises:
        UnsupportedMedia: it says that it is something else, or encoded.

    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedMedia(f"A body encoded as {encoding[:50]!r} is not taken; send it plain.")
    told = request.headers.get("content-type", "")
    if told and not _JSON.match(told):
        raise UnsupportedMedia(f"A body of {told!r} is not taken; JSON is.")


def is_too_deep(text: bytes) -> bool:
    """Tell whether JSON nests deeper than is taken, before any of it is made into objects.

    What is in quotes is dropped, and the brackets are counted up and down. Of a text that is not JSON it is told for what
    lies before its first fault, at which a parser ends.
    """
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    kept = text.translate(None, _DROPPED).replace(b'""', b"")
    steps = _QUOTED.sub(b"", kept).translate(_STEPS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > MOST_LEVELS


class _JsonRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401
        """Return the body; whatever keeps it from being read is a ``JSONDecodeError``, but for its depth.

        Raises:
            Invalid: it is nested too deeply.

        """
        body = await self.body()
        if not json.detect_encoding(body).startswith("utf-8"):
            raise json.JSONDecodeError("it is not UTF-8", "", 0)
        if is_too_deep(body):
            raise Invalid(TOO_DEEP, code="nested-too-deeply")
        try:
            if _HALF.search(body):
                from_json(body)
            return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
        except json.JSONDecodeError:
            raise
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
