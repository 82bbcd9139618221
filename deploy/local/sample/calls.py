"""What the sample does through the interface beyond documents that are simply put there: stories of requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request; ``body`` is sent as JSON, and ``if_match`` tells which version of what is stored it is for."""

    method: str
    path: str
    body: Body
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Requests that belong together, in order; they were made already if there is something at ``address``."""

    address: str
    calls: tuple[Call, ...]


def address(path: str, identifier: str, *more: str) -> str:
    """Return the address of a document below a path such as ``/v1/agreements``, or of something below it."""
    return "/".join([path, quote(identifier, safe=""), *more])


def story(path: str, identifier: str, document: Body, *steps: tuple[str, Body]) -> Story:
    """Return the story of one document: it is put there, and then a body is posted to each address below it."""
    at = address(path, identifier)
    posts = (Call("POST", address(path, identifier, below), body) for below, body in steps)
    return Story(at, (Call("PUT", at, document), *posts))
