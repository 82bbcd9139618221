"""What became of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid5

from pydantic_core import to_json

from gateway.batch.sending import Answer
from gateway.spreadsheets.layout import Address
from gateway.spreadsheets.schemas import RowOutcome, RowState
from shared.chassis.errors import Conflict, Fault, Invalid

CONFLICTS = (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one row, and why."""

    address: Address
    outcome: RowState
    answer: Answer

    @property
    def view(self) -> RowOutcome:
        """The outcome as it is told."""
        return RowOutcome(
            sheet=self.address[0],
            row=self.address[1],
            outcome=self.outcome,
            status=self.answer.status,
            write=self.answer.headers.get("devcoop-write"),
            body=self.answer.document,
        )

    @property
    def why(self) -> str:
        """What a person is told of a row that was not taken."""
        told = self.answer.document
        if self.answer.is_good or not isinstance(told, dict):
            return ""
        faults = [each["detail"] for each in told.get("errors", []) if isinstance(each, dict)]
        return " ".join(faults[:3] or [str(told.get("detail", ""))])

    def size(self) -> int:
        """Bytes that it takes to keep it."""
        return len(self.answer.body)


def answered(address: Address, answer: Answer) -> Settled:
    """Return what became of a row by what its owner answered."""
    if answer.is_good:
        told = answer.document
        same = isinstance(told, dict) and told.get("outcome") == "unchanged"
        return Settled(address, "unchanged" if same else "recorded", answer)
    return Settled(address, "conflict" if answer.status in CONFLICTS else "refused", answer)


def unchanged(address: Address) -> Settled:
    """Return that a row says what is recorded already."""
    return Settled(address, "unchanged", Answer(HTTPStatus.OK, b"null"))


def refused(address: Address, faults: Sequence[Fault]) -> Settled:
    """Return that a row says what can not be taken."""
    return Settled(address, "refused", Answer.of(Invalid("The row can not be taken.", errors=faults)))


def conflicting(
    address: Address, detail: str, code: str, difference: Sequence[dict[str, Any]] = ()
) -> Settled:
    """Return that somebody else changed what a row is about."""
    problem = Conflict(detail, code=code).problem().model_dump(exclude_none=True)
    told = {**problem, "difference": list(difference)} if difference else problem
    return Settled(address, "conflict", Answer(HTTPStatus.CONFLICT, to_json(told)))


def key_of(template_id: UUID, address: Address, *content: str) -> str:
    """Return the idempotency key of a row with a content, the same whenever it is sent."""
    return str(uuid5(template_id, to_json([*address, *content]).decode()))
