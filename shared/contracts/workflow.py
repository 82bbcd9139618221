"""What documents with a life of their own share: the steps that were taken, and references to versions of rules."""

from pydantic import AwareDatetime

from shared.contracts.base import Contract
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.programming import ItemCode
from shared.contracts.projects.v1.proposals import Sentence


class TakenStep(Contract):
    """A step that was taken, by whom and why."""

    action: ItemCode
    from_state: ItemCode
    to_state: ItemCode
    at: AwareDatetime
    by: Identifier
    reasons: Sentence | None = None


class VersionReference(Contract):
    """A version of a set of rules that is for good once it is adopted."""

    code: ItemCode
    version: int
