"""What an uploaded spreadsheet is answered."""

from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from shared.chassis.errors import Problem

RowState = Literal["recorded", "unchanged", "refused", "conflict"]


class RowOutcome(BaseModel):
    """What became of one row: the receipt of the owner, or the problem that refused it."""

    sheet: str
    row: int
    outcome: RowState
    status: int = Field(description="As the command of the row was answered")
    write: str | None = Field(default=None, description="Name of the write, for `DevCoop-After`")
    body: JsonValue = None


class SpreadsheetEnd(BaseModel):
    """How many rows there were of each outcome; the last line of a stream."""

    end: Literal[True] = True
    recorded: int = 0
    unchanged: int = 0
    refused: int = 0
    conflict: int = 0
    problem: Problem | None = Field(default=None, description="Why the rest of the rows was not looked at")


class SpreadsheetAnswer(BaseModel):
    """All rows at once."""

    rows: list[RowOutcome]
    recorded: int
    unchanged: int
    refused: int
    conflict: int
