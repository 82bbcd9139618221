"""Commands of a batch: what a line says, and which owner it is for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from pydantic import ValidationError
from pydantic_core import to_json

from gateway.batch.schemas import CommandLine
from gateway.passthrough import OWNER_OF_PATH, require_plain
from shared.chassis.bodies import TOO_DEEP, is_too_deep
from shared.chassis.errors import BadRequest, Invalid, NotFound, Problem, ProblemError, faults_of

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_KEY_CHARACTERS = 255

_METHOD_REFUSED = Problem(
    title=HTTPStatus.METHOD_NOT_ALLOWED.phrase,
    status=HTTPStatus.METHOD_NOT_ALLOWED,
    code="method-not-allowed",
    detail="A line of a batch takes POST, PUT, PATCH or DELETE.",
)
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Command:
    """What an owner is asked to do; ``target`` is path and query, ``body`` JSON text or nothing."""

    key: str
    method: str
    target: str
    owner: str
    body: bytes = b""
    if_match: str | None = None
    correlation_id: str = ""


class Refused(Exception):
    """A line that no owner is asked to do; ``key`` is that of the line, where it tells one."""

    def __init__(self, problem: Problem, key: str | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.key = key


def command_of(line: bytes, correlation_id: str = "") -> Command:
    """Return the command of a line.

    Raises:
        Refused: it is none.

    """
    try:
        members = _members(line)
    except ProblemError as error:
        raise Refused(error.problem()) from error
    key = _key_of(members)
    try:
        _require_key(key)
        told = _validated(members)
        _require_if_match(told.if_match)
        owner = _owner_of(told.path)
    except ProblemError as error:
        raise Refused(error.problem(), key) from error
    if told.method not in UNSAFE:
        raise Refused(_METHOD_REFUSED, key)
    body = members.get("body", "null")
    return Command(
        key=told.key,
        method=told.method,
        target=told.path,
        owner=owner,
        body=b"" if body == "null" else body.encode(),
        if_match=told.if_match,
        correlation_id=correlation_id,
    )


def _members(line: bytes) -> dict[str, str]:
    """Return the JSON text of each member of an object, so that no digit of a number is lost.

    Raises:
        BadRequest: the line is no JSON object.
        Invalid: it is nested too deeply.

    """
    if is_too_deep(line):
        raise Invalid(TOO_DEEP, code="nested-too-deeply")
    try:
        text = line.decode()
        if not text.startswith("{"):
            json.loads(text)
            raise Invalid("A line of a batch is a JSON object.")
        return _scan(text)
    except ValueError as error:
        raise BadRequest(f"The line is not JSON: {error}.", code="malformed-json") from error


def _scan(text: str) -> dict[str, str]:
    """Return the text of each member of the object that a text is."""
    members: dict[str, str] = {}
    at = _after_blanks(text, 1)
    if text[at : at + 1] == "}":
        _require(text, at + 1, "")
        return members
    while True:
        _require(text, at, '"')
        name, at = _DECODER.raw_decode(text, at)
        at = _require(text, _after_blanks(text, at), ":")
        start = _after_blanks(text, at)
        _, at = _DECODER.raw_decode(text, start)
        members[name] = text[start:at]
        at = _after_blanks(text, at)
        if text[at : at + 1] == "}":
            _require(text, at + 1, "")
            return members
        at = _after_blanks(text, _require(text, at, ","))


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANKS and at < len(text):
        at += 1
    return at


def _require(text: str, at: int, wanted: str) -> int:
    """Return where a text goes on behind what has to stand there; nothing is the end."""
    found = text[at : at + 1]
    if found != wanted:
        raise json.JSONDecodeError(
            f"there is no {wanted!r}" if wanted else "there is more behind it", text, at
        )
    return at + 1


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)


def _validated(members: Mapping[str, str]) -> CommandLine:
    head = ",".join(
        f"{to_json(name).decode()}:{'null' if name == 'body' else text}" for name, text in members.items()
    )
    try:
        return CommandLine.model_validate_json(f"{{{head}}}")
    except ValidationError as error:
        raise Invalid("The line is no command.", errors=faults_of(error)) from error


def _key_of(members: Mapping[str, str]) -> str | None:
    text = members.get("key", "")
    key: str | None = json.loads(text) if text.startswith('"') else None
    return key if key is not None and len(key) <= MOST_KEY_CHARACTERS else None


def _require_key(key: str | None) -> None:
    if not key or not key.isascii() or not key.isprintable() or key != key.strip():
        detail = f"A key has 1 to {MOST_KEY_CHARACTERS} printable characters; a UUID of version 7 is one."
        raise BadRequest(detail, code="invalid-idempotency-key")


def _require_if_match(if_match: str | None) -> None:
    if if_match is not None and not (if_match.isascii() and if_match.isprintable()):
        raise BadRequest('`if_match` takes one entity tag, as in "3".', code="invalid-if-match")


def _owner_of(path: str) -> str:
    """Return the owner of a path.

    Raises:
        BadRequest: it can not be sent as it is.
        NotFound: no owner has it.

    """
    if not path.isascii() or not path.isprintable() or " " in path or "#" in path or "\\" in path:
        raise BadRequest("A path is percent-encoded, and has no fragment.", code="invalid-address")
    require_plain(path)
    segments = path.partition("?")[0].split("/")
    owner = OWNER_OF_PATH.get(segments[2]) if segments[:2] == ["", "v1"] and len(segments) > 2 else None  # noqa: PLR2004
    if owner is None:
        raise NotFound(f"No owner has the address {path[:200]}.")
    return owner
