"""Rows of actuals: each is a report of an actual, if it says something that is not recorded yet.

What was reported by somebody else since the template was made is not replaced, but for what this very row sent.
"""

from http import HTTPStatus
from urllib.parse import quote

from pydantic_core import to_json

from gateway.batch.commands import Command
from gateway.batch.sending import Answer, Sender
from gateway.spreadsheets.filling import RowRefused, entry_told
from gateway.spreadsheets.layout import ACTUALS, FIRST_ROW, LOCKED_COLUMNS, Filled, Template
from gateway.spreadsheets.ledger import Ledger
from gateway.spreadsheets.lines import ActualLine, Entry, Place, actual_of, digest, entry_of, shape_of
from gateway.spreadsheets.outcomes import (
    Settled,
    answered,
    conflicting,
    key_of,
    refused,
    unchanged,
)
from shared.chassis.errors import Fault
from shared.contracts.base import Contract
from shared.contracts.iati import Document, Narrative
from shared.contracts.monitoring.v1 import Measurement, Period, ResultsFramework
from shared.figures.readings import read_number

LANE = "monitoring"
MOST_TRIES = 5


class _Stored(Contract):
    """The framework as its owner answers it."""

    version: int
    document: ResultsFramework


class Actuals:
    """The rows of actuals of one upload."""

    def __init__(
        self, template: Template, filled: Filled, sender: Sender, ledger: Ledger, rationale: str
    ) -> None:
        self._template, self._filled, self._sender, self._ledger = template, filled, sender, ledger
        address = f"/v1/frameworks/{quote(template.identifier, safe='')}"
        self._read = Command(key="", method="GET", target=address, owner=LANE)
        self._target = f"{address}/actuals?rationale={quote(rationale)}"
        self._stored: _Stored | None = None

    def rows(self) -> list[int]:
        """Return the rows that may say something."""
        return [row for sheet, row in self._filled.rows if sheet == ACTUALS and self._says_something(row)]

    async def settle(self, row: int) -> Settled:
        """Report what a row says, if anything."""
        address = (ACTUALS, row)
        line = self._line(row)
        if line is None:
            fault = Fault(
                pointer=f"/{ACTUALS}/{row}", code="unknown-row", detail="The template has no such row."
            )
            return refused(address, [fault])
        try:
            told = entry_told(self._filled, row, line)
        except RowRefused as error:
            return refused(address, error.faults)
        for _ in range(MOST_TRIES):
            settled = await self._try(row, line, told)
            if settled is not None:
                return settled
        return conflicting(
            address, "Others go on changing the framework; send it again.", code="changed-since"
        )

    async def _try(self, row: int, line: ActualLine, told: Entry) -> Settled | None:
        """Report what a row says; None if the framework changed meanwhile."""
        address = (ACTUALS, row)
        stored = self._stored or await self._fetch()
        if isinstance(stored, Answer):
            return answered(address, stored)
        found = placed(stored.document, line)
        if found is None:
            return conflicting(
                address, "The results framework has changed; get a new template.", code="place-moved"
            )
        place, period = found
        actual = actual_of(period, line.slice)
        now = line.opened(entry_of(actual, self._template.lang))
        judged = self._judge(row, line, told, now)
        if judged is not None:
            return judged
        await self._ledger.note(address, digest(*told))
        return await self._report(row, line, place, revised(actual, line, now, told), (told, now))

    def _judge(self, row: int, line: ActualLine, told: Entry, now: Entry) -> Settled | None:
        """Return what becomes of a row that is not reported; None if it is."""
        address, base = (ACTUALS, row), line.opened(line.base)
        sent = self._ledger.sent(address)
        if told == now or (told == base and not sent):
            return unchanged(address)
        if now not in (Entry(), base) and digest(*now) not in sent:
            return self._conflict(row, base, told, now)
        if told == Entry():
            fault = Fault(
                pointer=f"/{ACTUALS}/{row}", code="value-cleared", detail="An actual is not taken back."
            )
            return refused(address, [fault])
        return None

    async def _report(
        self, row: int, line: ActualLine, place: Place, actual: Measurement, change: tuple[Entry, Entry]
    ) -> Settled | None:
        assert self._stored is not None  # noqa: S101  (it was looked at)
        version = self._stored.version
        told, now = change
        content = actual.to_json()
        body = f'{to_json(place._asdict()).decode()[:-1]},"actual":{content}}}'
        answer = await self._sender.send(
            Command(
                key=key_of(self._template.id, (ACTUALS, row), *told, *now, line.shape),
                method="POST",
                target=self._target,
                owner=LANE,
                body=body.encode(),
                if_match=f'"{version}"',
                correlation_id=f"{self._template.id}:{ACTUALS}:{row}",
            )
        )
        replayed = answer.headers.get("idempotency-replayed") == "true"
        if answer.status == HTTPStatus.PRECONDITION_FAILED or replayed:
            self._stored = None
            return None
        if answer.is_good:
            self._stored = self._stored.model_copy(update={"version": int(answer.headers["etag"].strip('"'))})
        return answered((ACTUALS, row), answer)

    async def _fetch(self) -> _Stored | Answer:
        answer = await self._sender.send(self._read)
        if not answer.is_good:
            return answer
        self._stored = _Stored.from_event(answer.body)
        return self._stored

    def _line(self, row: int) -> ActualLine | None:
        place = row - FIRST_ROW
        return self._template.lines[place] if place < len(self._template.lines) else None

    def _says_something(self, row: int) -> bool:
        """Tell whether a row differs from the template, or did when it was sent before."""
        line = self._line(row)
        if line is None or row in self._filled.changed or self._ledger.sent((ACTUALS, row)):
            return True
        try:
            return entry_told(self._filled, row, line) != line.opened(line.base)
        except RowRefused:
            return True

    def _conflict(self, row: int, base: Entry, told: Entry, now: Entry) -> Settled:
        difference = [
            {
                "pointer": f"/{ACTUALS}/{chr(ord('A') + LOCKED_COLUMNS + column)}{row}",
                "base": before,
                "yours": yours,
                "theirs": theirs,
                "conflict": before not in (yours, theirs) and yours != theirs,
            }
            for column, (before, yours, theirs) in enumerate(zip(base, told, now, strict=True))
            if not before == yours == theirs
        ]
        detail = "Somebody else reported this since the template was made; get a new one."
        return conflicting((ACTUALS, row), detail, code="changed-since", difference=difference)


def placed(framework: ResultsFramework, line: ActualLine) -> tuple[Place, Period] | None:
    """Return where a line stands by now: where it stood, or the only place that is about the same."""
    found = [
        (Place(at_result, at_indicator, at_period), period)
        for at_result, result in enumerate(framework.results, 1)
        for at_indicator, indicator in enumerate(result.indicators, 1)
        for at_period, period in enumerate(indicator.periods, 1)
        if shape_of(result, indicator, period) == line.shape
    ]
    stood = [each for each in found if each[0] == line.place]
    return stood[0] if stood else found[0] if len(found) == 1 else None


def revised(actual: Measurement | None, line: ActualLine, now: Entry, told: Entry) -> Measurement:
    """Return an actual with what a row says otherwise; what no cell shows of it stays."""
    actual = actual or Measurement(dimensions=line.dimensions, locations=line.locations)
    changes: dict[str, object] = {}
    if told.value != now.value:
        changes["value"] = read_number(told.value)
    if (told.numerator, told.denominator) != (now.numerator, now.denominator):
        for name in ("numerator", "denominator"):
            text = getattr(told, name)
            changes[name] = read_number(text).number if text else None
        changes["value"] = None  # it follows
    if told.comment != now.comment:
        changes["comments"] = (Narrative(text=told.comment),) if told.comment else ()
    if told.reference != now.reference:
        others = actual.documents[1:]
        changes["documents"] = (Document(url=told.reference), *others) if told.reference else others
    return actual.model_copy(update=changes)
