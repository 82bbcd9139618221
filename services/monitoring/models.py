"""Tables of the monitoring service."""

from datetime import date

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.chassis.copies import CopyLetterRow, CopyPositionRow, CopyRow, CopyTables
from shared.chassis.db import new_registry
from shared.chassis.documents import DocumentRow
from shared.chassis.outbox import OutboxRow
from shared.chassis.tables import add_common_tables


class Base(SQLModel, registry=new_registry()):
    """What the tables of this service are declared on."""


add_common_tables(Base.metadata)


class Outbox(OutboxRow, Base, table=True):
    """Facts of this service, until the relay has published them and after."""

    __tablename__ = "outbox"


class FrameworkRow(DocumentRow, Base, table=True):
    """The results framework of one IATI activity."""

    __tablename__ = "framework"

    indicators: int


class ContributionsRow(DocumentRow, Base, table=True):
    """The contributions of one activity; ``outcomes`` name what it is linked to."""

    __tablename__ = "contributions"
    __table_args__ = (Index("ix_contributions_outcomes", "outcomes", postgresql_using="gin"),)

    outcomes: list[str] = Field(sa_type=JSONB)


class ProgrammeFrameworkRow(DocumentRow, Base, table=True):
    """The results framework of one country programme or of a biennium."""

    __tablename__ = "programme_framework"

    level: str = Field(index=True)


class ReportRow(DocumentRow, Base, table=True):
    """One progress report; of an activity and a period there is one."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("iati_identifier", "period_start", "period_end"),)

    iati_identifier: str = Field(index=True)
    office: str | None = Field(index=True)
    state: str = Field(index=True)
    due_on: date = Field(index=True)
    period_start: date
    period_end: date


class PeriodLockRow(DocumentRow, Base, table=True):
    """One lock of periods, of one activity or of all."""

    __tablename__ = "period_lock"

    iati_identifier: str | None = Field(index=True)
    state: str = Field(index=True)
    period_start: date
    period_end: date


class EvaluationRow(DocumentRow, Base, table=True):
    """One evaluation."""

    __tablename__ = "evaluation"

    iati_identifier: str = Field(index=True)
    kind: str
    state: str = Field(index=True)
    due_on: date = Field(index=True)


class EvaluationPolicyRow(DocumentRow, Base, table=True):
    """One version of a policy of evaluations; ``number`` is the version, which the row's own version is not."""

    __tablename__ = "evaluation_policy"

    code: str = Field(index=True)
    number: int
    valid_from: date = Field(index=True)


class TrainingRow(DocumentRow, Base, table=True):
    """One training event."""

    __tablename__ = "training"
    __table_args__ = (Index("ix_training_activities", "activities", postgresql_using="gin"),)

    country: str | None = Field(index=True)
    start: date = Field(index=True)
    activities: list[str] = Field(sa_type=JSONB)


class PublicationRow(DocumentRow, Base, table=True):
    """One publication."""

    __tablename__ = "publication"
    __table_args__ = (
        Index("ix_publication_activities", "activities", postgresql_using="gin"),
        Index("ix_publication_languages", "languages", postgresql_using="gin"),
    )

    published_on: date = Field(index=True)
    activities: list[str] = Field(sa_type=JSONB)
    languages: list[str] = Field(sa_type=JSONB)


class AlertRow(DocumentRow, Base, table=True):
    """One alert about a report, an evaluation or a follow-up."""

    __tablename__ = "alert"

    kind: str = Field(index=True)
    state: str = Field(index=True)


class Copy(CopyRow, Base, table=True):
    """The newest known state of a document of another owner."""

    __tablename__ = "copy"


class CopyPosition(CopyPositionRow, Base, table=True):
    """How far the stream of another owner was read."""

    __tablename__ = "copy_position"


class CopyLetter(CopyLetterRow, Base, table=True):
    """A message of another owner that could not be taken in."""

    __tablename__ = "copy_letter"


COPY_TABLES = CopyTables(Copy, CopyPosition, CopyLetter)
