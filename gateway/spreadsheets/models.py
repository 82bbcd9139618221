"""What was sent of each row of a template, so that a row that is corrected is known to be the same."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from gateway.base import Base


class SpreadsheetLine(Base, table=True):
    """A content that a row had when it was sent, as a digest."""

    __tablename__ = "spreadsheet_line"

    template_id: UUID = Field(primary_key=True)
    sheet: str = Field(primary_key=True)
    row: int = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    sent_at: datetime
