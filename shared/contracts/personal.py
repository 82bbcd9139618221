"""Personal data: which members of contracts may hold it, marked where they are declared.

A marked member is one of three kinds. A ``name`` is that of a person, or of a unit. A ``contact`` belongs to one person
together with the others of the same object. A ``text`` is words of somebody, which may name persons. Schemas tell the
kind as ``x-personal``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.contracts.base import Contract

SCHEMA_MEMBER = "x-personal"


@dataclass(frozen=True, slots=True)
class Personal:
    """That a member may hold personal data: of which kind, whose, and what it is kept for."""

    kind: Literal["name", "contact", "text"]
    whose: str
    purpose: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell of it in the schema of the member."""
        return {**handler(core), SCHEMA_MEMBER: self.kind}


CONTACT = Personal("contact", "a contact person", "so that partners and the public can ask about an activity")
AUTHOR = Personal("name", "an author", "so that nobody decides on what they wrote themselves")
APPRAISER = Personal("name", "an appraiser", "so that an appraisal can be answered for")
EVALUATOR = Personal("name", "an evaluator", "so that the independence of an evaluation can be judged")
RESPONSIBLE = Personal("name", "who is to act", "so that follow-up can be asked for")
DECIDER = Personal("name", "who took a step or a decision", "so that steps and decisions can be answered for")
GRANTEE = Personal("name", "who may report within a lock", "so that the exception holds for them alone")
WORDS = Personal("text", "whoever is named in the words", "so that steps and decisions can be understood")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a contract: what marks it as personal, or the members of it that are marked, or hold what is.

    Where it is ``many`` it is each item of a list.
    """

    marker: Personal | None = None
    members: Mapping[str, "Part"] = field(default_factory=lambda: MappingProxyType({}))
    many: bool = False


@cache
def personal_part(contract: type[Contract]) -> Part:
    """Return what of a contract may hold personal data; nothing does where it has no members."""
    parts = {name: _of_field(info) for name, info in contract.model_fields.items()}
    return Part(members={name: part for name, part in parts.items() if part is not None})


def personal_members(contract: type[Contract]) -> list[tuple[str, Personal]]:
    """Return the members of a contract that may hold personal data, by JSON path, as ``$.contacts[*].emails``.

    A path leads to the marked member; all text below it is of its kind.
    """
    return list(_paths(personal_part(contract), "$"))


def _paths(part: Part, path: str) -> Iterator[tuple[str, Personal]]:
    if part.marker is not None:
        yield path, part.marker
    for name, member in part.members.items():
        yield from _paths(member, f"{path}.{name}[*]" if member.many else f"{path}.{name}")


def _of_field(info: FieldInfo) -> Part | None:
    return _marked(info.metadata) or _of_type(info.annotation)


def _of_type(told: Any) -> Part | None:  # noqa: ANN401
    """Return the part that values of a type are, None where they hold nothing personal."""
    if isinstance(told, type) and issubclass(told, Contract):
        part = personal_part(told)
        return part if part.members else None
    marker = _marked(getattr(told, "__metadata__", ()))
    if marker is not None or get_origin(told) is None:
        return marker
    inner = next((each for each in map(_of_type, get_args(told)) if each is not None), None)
    return replace(inner, many=True) if inner is not None and get_origin(told) is tuple else inner


def _marked(metadata: Any) -> Part | None:  # noqa: ANN401
    markers = [each for each in metadata if isinstance(each, Personal)]
    return Part(marker=markers[0]) if markers else None
