"""An uploaded spreadsheet under way: its rows become commands, and are answered in the order of the sheets."""

import asyncio
from collections import Counter
from functools import partial

from pydantic_core import to_json

from gateway.batch.lanes import Lanes, Turns
from gateway.batch.running import STOPPED
from gateway.batch.sending import Sender
from gateway.batch.streaming import Body
from gateway.spreadsheets import actuals, expenditures
from gateway.spreadsheets.actuals import Actuals
from gateway.spreadsheets.expenditures import Expenditures
from gateway.spreadsheets.layout import Filled, Template
from gateway.spreadsheets.ledger import Ledger
from gateway.spreadsheets.outcomes import Settled
from gateway.spreadsheets.schemas import SpreadsheetEnd


class Run:
    """One upload."""

    def __init__(self, template: Template, filled: Filled, sender: Sender, ledger: Ledger) -> None:
        rationale = f"Spreadsheet {template.id}"
        self._actuals = Actuals(template, filled, sender, ledger, rationale)
        self._expenditures = Expenditures(template, filled, sender, ledger, rationale)
        self._counts: Counter[str] = Counter()

    async def fill(self, _body: Body, lanes: Lanes[Settled]) -> None:
        """Put the rows into the lanes of their owners."""
        for row in self._actuals.rows():
            lanes.add(actuals.LANE, partial(self._actuals.settle, row))
        for row in self._expenditures.rows():
            lanes.add(expenditures.LANE, partial(self._expenditures.settle, row))

    def write(self, settled: Settled) -> bytes:
        """Return the line that tells of a row."""
        self._counts[settled.outcome] += 1
        return to_json(settled.view, exclude_none=True) + b"\n"

    def end(self, is_stopped: bool) -> bytes:
        """Return the last line, by whether the upload was stopped before its end."""
        told = SpreadsheetEnd(**self._counts, problem=STOPPED if is_stopped else None)
        return to_json(told, exclude_none=True) + b"\n"

    async def settle(self, turns: Turns, who: str) -> list[Settled]:
        """Settle all rows, and return what became of them."""
        async with asyncio.TaskGroup() as group:
            lanes: Lanes[Settled] = Lanes(group, lambda lane: turns.of(who, lane), Settled.size)
            await self.fill(Body(_nothing), lanes)
            lanes.close()
            return [settled async for settled in lanes.results()]


async def _nothing() -> dict[str, str]:
    return {"type": "http.disconnect"}
