"""What documents with a life of their own share: steps that were taken or refused, and references to versions of rules."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime

from shared.contracts.base import Contract
from shared.contracts.ids import Identifier
from shared.contracts.personal import DECIDER, WORDS
from shared.contracts.projects.v1.programming import ItemCode
from shared.contracts.projects.v1.proposals import Sentence


class TakenStep(Contract):
    """A step that was taken, by whom and why."""

    action: ItemCode
    from_state: ItemCode
    to_state: ItemCode
    at: AwareDatetime
    by: Annotated[Identifier, DECIDER]
    reasons: Annotated[Sentence | None, WORDS] = None


class VersionReference(Contract):
    """A version of a set of rules that is for good once it is adopted."""

    code: ItemCode
    version: int


class IllegalStep(Exception):
    """An action that is not allowed in a state, with those that are."""

    def __init__(self, state: str, action: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{action!r} is not allowed in the state {state!r}")
        self.state, self.action, self.allowed = state, action, allowed


class StepRefused(Exception):
    """A step, or something else that is told of a document, that may not be told so.

    ``faults`` are (pointer, code, detail), each with a pointer into what was told.
    """

    def __init__(self, faults: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


class ContentLocked(Exception):
    """The content of a document may not be changed in the state that it is in."""
