"""What the import endpoints answer."""

from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from gateway.imports.models import Import, ImportItem

Status = Literal["queued", "running", "completed", "failed"]
ItemOutcome = Literal["accepted", "changed", "unchanged", "refused"]


class Progress(BaseModel):
    """How many activities (or organisations) of the file there are, and what became of those done."""

    total: int
    done: int
    accepted: int
    changed: int
    unchanged: int
    refused: int
    notices: int = Field(description="Things that were taken in as they are, and flagged")


class Starter(BaseModel):
    """Who started an import: whom its issuer knows as ``subject``, with the system that it asked by."""

    issuer: str
    subject: str
    client: str
    name: str


class ImportView(BaseModel):
    """One import; ``completed`` means that all that was accepted can be read in the results."""

    id: UUID
    status: Status
    dry_run: bool
    kind: Literal["activities", "organisations"]
    iati_version: str
    size: int = Field(description="Bytes as uploaded")
    progress: Progress
    waiting_for: str | None = Field(description="What the import waits for, if anything")
    problem: str | None = Field(description="Why it failed; what it had taken in stays")
    started_by: Starter | None = Field(description="Null of an import from before that was kept")
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    report: str = Field(description="Address of the report, activity by activity")

    @classmethod
    def of(cls, row: Import) -> Self:
        """Return the view of an import."""
        return cls.model_validate(
            {
                **row.model_dump(exclude={"facts", "last_writes", "grants"}),
                "progress": row.model_dump(include=set(Progress.model_fields)),
                "report": f"/v1/imports/{row.id}/report",
            }
        )


class ImportPage(BaseModel):
    """Imports, the newest first, and the cursor of the next page (null on the last)."""

    items: list[ImportView]
    next: str | None


class ItemProblem(BaseModel):
    """Why an activity was refused, or what was flagged in it, and where in the file that stands."""

    code: str
    reason: str
    line: int | None
    xpath: str | None


class ReportItem(BaseModel):
    """What became of one activity (or organisation) of the file."""

    ordinal: int
    line: int
    identifier: str | None
    outcome: ItemOutcome
    problems: list[ItemProblem]
    notices: list[ItemProblem]

    @classmethod
    def of(cls, row: ImportItem) -> Self:
        """Return the view of a report row."""
        return cls.model_validate(row.model_dump())


class ReportPage(BaseModel):
    """A page of the report in the order of the file, and the cursor of the next (null on the last)."""

    items: list[ReportItem]
    next: str | None
