"""What a message says: JSON, read without passing a number through a float, and only as deep as a document may be."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from pydantic_core import from_json

from shared.chassis.bodies import TOO_DEEP, is_too_deep


class Unreadable(Exception):
    """A body is no JSON object."""


def payload_of(body: bytes) -> dict[str, Any]:
    """Return what a body says.

    Raises:
        Unreadable: it is no JSON object, or one that is nested too deeply.

    """
    if is_too_deep(body):
        raise Unreadable(TOO_DEEP)
    try:
        from_json(body)  # which is UTF-8 and has no half characters
        payload = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError):
        raise Unreadable("The message is no JSON.") from None
    if not isinstance(payload, dict):
        raise Unreadable("The message is no JSON object.")
    return payload


def body_of(payload: Any) -> bytes:  # noqa: ANN401
    """Return the body that says this, with every digit of its numbers."""
    return _text(payload).encode()


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_text(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
