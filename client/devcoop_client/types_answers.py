"""Types of Problem, Receipt, TokenAnswer; written by ``python -m client.generate``."""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

JsonValue: TypeAlias = Any


class Difference(TypedDict):
    """One place where a document is not as the caller's version was; a side that has nothing there is left out.

    ``pointer`` is a JSON pointer into the document as it is stored. It is a conflict where both sides changed it.
    """

    base: NotRequired[JsonValue]
    conflict: bool
    pointer: str
    theirs: NotRequired[JsonValue]
    yours: NotRequired[JsonValue]


class Fault(TypedDict):
    """One fault of a request; ``pointer`` is a JSON pointer (RFC 6901) into the body, or names a parameter."""

    code: str
    detail: str
    pointer: str


class Problem(TypedDict):
    """The body of every refusal; ``allowed`` are the steps that the state of the thing allows, where it refused one.

    A condition that failed tells the ``current_version``, and what is different from the version that it was about:
    ``is_all`` is false where there is more than is told.
    """

    allowed: NotRequired[list[str] | None]
    code: str
    current_version: NotRequired[int | None]
    detail: str
    difference: NotRequired[list[Difference] | None]
    errors: NotRequired[list[Fault]]
    is_all: NotRequired[bool | None]
    status: int
    title: str
    type: NotRequired[str]


class Receipt(TypedDict):
    """What a write did: the version that it left, and how a reader names it (``DevCoop-After``)."""

    identifier: str
    outcome: Literal["created", "changed", "unchanged"]
    updated_at: str
    version: int
    write: str


class TokenAnswer(TypedDict):
    """A token (RFC 6749, section 5.1)."""

    access_token: str
    expires_in: int
    token_type: str
