"""JSON bodies, read without passing a number through a float."""

import json
import re
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from shared.chassis.errors import UnsupportedMedia

_JSON = re.compile(r"application/(?:[\w.+-]+\+)?(?:json|x-ndjson|jsonl)\s*(?:;|$)", re.IGNORECASE)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""The escape of half a character, which is no text unless the other half follows."""


class JsonRoute(APIRoute):
    """A route whose JSON body keeps every digit of its numbers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Let the body be read by the rules of this module."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            _require_json(request)
            return await handle(_JsonRequest(request.scope, request.receive))

        return handler


def _require_json(request: Request) -> None:
    """Check that a body, if there is one, says that it is JSON.

    Raises:
        UnsupportedMedia: it says that it is something else.

    """
    told = request.headers.get("content-type", "")
    if told and not _JSON.match(told):
        raise UnsupportedMedia(f"A body of {told!r} is not taken; JSON is.")


class _JsonRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401
        """Return the body; whatever keeps it from being read is a ``JSONDecodeError``."""
        body = await self.body()
        try:
            if _HALF.search(body):
                from_json(body)
            return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
        except json.JSONDecodeError:
            raise
        except RecursionError:
            raise json.JSONDecodeError("it is nested too deeply", "", 0) from None
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
