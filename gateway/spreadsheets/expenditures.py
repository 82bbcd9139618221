"""Rows of expenditures: each is a transaction of the activity, recorded once.

A row whose content was sent before and is recorded is left alone. One whose content was corrected takes the place of what
it had sent, so that no money is counted twice. A row is told from an equal one by its place in its template.
"""

from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from gateway.batch.commands import Command
from gateway.batch.sending import Answer, Sender
from gateway.spreadsheets.filling import RowRefused, transaction_told
from gateway.spreadsheets.layout import EXPENDITURES, Filled, Template
from gateway.spreadsheets.ledger import Ledger
from gateway.spreadsheets.lines import digest
from gateway.spreadsheets.matching import matched
from gateway.spreadsheets.outcomes import (
    Settled,
    answered,
    conflicting,
    key_of,
    refused,
    unchanged,
)
from shared.chassis.errors import Fault
from shared.contracts.funding.v1 import ActivityFinance, Transaction

LANE = "funding"
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Stored:
    """The finance as its owner answers it; ``raw`` has what our contract does not know too."""

    version: int
    document: ActivityFinance
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a row says, and what it is to replace."""

    transaction: Transaction
    digest: str
    replaces: str | None
    was_sent: bool


class Expenditures:
    """The rows of expenditures of one upload."""

    def __init__(
        self, template: Template, filled: Filled, sender: Sender, ledger: Ledger, rationale: str
    ) -> None:
        self._template, self._filled, self._sender, self._ledger = template, filled, sender, ledger
        address = f"/v1/finances/{quote(template.identifier, safe='')}"
        self._read = Command(key="", method="GET", target=address, owner=LANE)
        self._add = f"{address}/transactions?rationale={quote(rationale)}"
        self._change = f"{address}?rationale={quote(rationale)}"
        self._drafts: dict[int, _Draft | Settled] | None = None

    def rows(self) -> list[int]:
        """Return the rows that say something, or did when they were sent before."""
        filled = {row for sheet, row in self._filled.rows if sheet == EXPENDITURES}
        return sorted(filled | {row for sheet, row in self._ledger.addresses() if sheet == EXPENDITURES})

    async def settle(self, row: int) -> Settled:
        """Record what a row says, if it is not recorded."""
        address = (EXPENDITURES, row)
        if self._drafts is None:
            stored = await self._fetch()
            if isinstance(stored, Answer):
                return answered(address, stored)
            self._drafts = self._drafted(stored.document)
        draft = self._drafts[row]
        if isinstance(draft, Settled):
            return draft
        await self._ledger.note(address, draft.digest)
        if draft.replaces is None:
            return await self._record(row, draft)
        return await self._correct(row, draft, draft.replaces)

    def _drafted(self, finance: ActivityFinance) -> dict[int, _Draft | Settled]:
        """Return what each row says, beside what is recorded: each recorded transaction is that of one row at most."""
        told = {row: self._told(row) for row in self.rows()}
        contents = {
            row: digest_of(each) if isinstance(each, Transaction) else None for row, each in told.items()
        }
        own = matched(
            contents,
            {row: self._ledger.sent((EXPENDITURES, row)) for row in told},
            Counter(map(digest_of, finance.transactions)),
        )
        return {row: self._draft(row, each, own.get(row)) for row, each in told.items()}

    def _told(self, row: int) -> Transaction | Settled | None:
        """Return what a row says, or why it can not; None where it is blank."""
        if (EXPENDITURES, row) not in self._filled.rows:
            return None
        try:
            return transaction_told(self._filled, row)
        except RowRefused as error:
            return refused((EXPENDITURES, row), error.faults)

    def _draft(self, row: int, told: Transaction | Settled | None, before: str | None) -> _Draft | Settled:
        """Return what a row is to do; ``before`` is what is recorded of it."""
        if isinstance(told, Settled):
            return told
        address = (EXPENDITURES, row)
        if told is None:
            if before is None:
                return unchanged(address)
            detail = "What was recorded is not taken back by a blank row; correct it to what holds."
            fault = Fault(pointer=f"/{EXPENDITURES}/{row}", code="value-cleared", detail=detail)
            return refused(address, [fault])
        now = digest_of(told)
        return (
            unchanged(address)
            if before == now
            else _Draft(told, now, before, now in self._ledger.sent(address))
        )

    async def _record(self, row: int, draft: _Draft) -> Settled:
        address = (EXPENDITURES, row)
        answer = await self._sender.send(
            Command(
                key=key_of(self._template.id, address, draft.digest),
                method="POST",
                target=self._add,
                owner=LANE,
                body=draft.transaction.to_json().encode(),
                correlation_id=f"{self._template.id}:{EXPENDITURES}:{row}",
            )
        )
        if answer.is_good and answer.headers.get("idempotency-replayed") == "true":
            if not draft.was_sent or await self._is_recorded(draft):
                return unchanged(address)
            detail = "The row was recorded before, and has been taken out or changed elsewhere since."
            return conflicting(address, detail, code="removed-since")
        return answered(address, answer)

    async def _correct(self, row: int, draft: _Draft, before: str) -> Settled:
        """Put what a row says in the place of what it had sent."""
        address = (EXPENDITURES, row)
        for _ in range(MOST_TRIES):
            stored = await self._fetch()
            if isinstance(stored, Answer):
                return answered(address, stored)
            places = [
                place for place, each in enumerate(stored.document.transactions) if digest_of(each) == before
            ]
            if not places:
                return conflicting(
                    address, "What the row had recorded was changed since.", code="changed-since"
                )
            transactions = list(stored.raw["transactions"])
            transactions[places[-1]] = draft.transaction.model_dump(mode="json", exclude_defaults=True)
            answer = await self._sender.send(
                Command(
                    key=key_of(self._template.id, address, draft.digest, before, str(stored.version)),
                    method="PATCH",
                    target=self._change,
                    owner=LANE,
                    body=to_json({"transactions": transactions}),
                    if_match=f'"{stored.version}"',
                    correlation_id=f"{self._template.id}:{EXPENDITURES}:{row}",
                )
            )
            if answer.status != HTTPStatus.PRECONDITION_FAILED:
                return answered(address, answer)
        return conflicting(address, "Others go on changing the finance; send it again.", code="changed-since")

    async def _is_recorded(self, draft: _Draft) -> bool:
        stored = await self._fetch()
        if isinstance(stored, Answer):
            return False
        return any(digest_of(each) == draft.digest for each in stored.document.transactions)

    async def _fetch(self) -> _Stored | Answer:
        answer = await self._sender.send(self._read)
        if not answer.is_good:
            return answer
        item = answer.document
        finance = ActivityFinance.from_event(to_json(item["document"]))
        return _Stored(item["version"], finance, item["document"])


def digest_of(transaction: Transaction) -> str:
    """Return what tells a transaction from others, but not from an equal one."""
    return digest(transaction.model_copy(update={"earmarking": None}).to_json())
