"""Progress reports: a draft of a period, and its submission, as commands for the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from devcoop_client.documents import Documents, Pulled, address_of
from devcoop_client.entries import day_of
from devcoop_client.errors import Unusable
from devcoop_client.outbox import Draft
from devcoop_client.types_report import Report, ReportStep

RATINGS = ("green", "amber", "red")
WRITABLE = ("draft", "returned")


@dataclass(frozen=True, slots=True)
class ProgressEntry:
    """A progress report as a person tells it; days are as in ``2026-03-31``."""

    start: str
    end: str
    text: str
    rating: str
    written_by: Sequence[str]
    due: str | None = None
    office: str | None = None
    submit: bool = False


def progress_drafts(documents: Documents, project: str, entry: ProgressEntry) -> list[Draft]:
    """Return the commands that write a report, and submit it where that is wanted.

    A report of the project and period that was pulled is revised: what it has beside these words stays.

    Raises:
        Unusable: the project is not known, the period is none, or the report may not be changed any more.

    """
    if documents.cursor is None:
        raise Unusable("Nothing was pulled yet: devcoop pull")
    if documents.find("activity", project) is None:
        raise Unusable(f"Project {project!r} is not known here. Pull, or look at its identifier.")
    if day_of(entry.end, "the end") < day_of(entry.start, "the start"):
        raise Unusable(f"A period ends on the day that it starts or later: {entry.start} to {entry.end}.")
    if entry.rating not in RATINGS:
        raise Unusable(f"{entry.rating!r} is no rating: {', '.join(RATINGS)}.")
    if not entry.written_by:
        raise Unusable("Tell who wrote the report: --by NAME")
    former = _former(documents, project, entry)
    identifier = (former.identifier if former else None) or f"{project}:{entry.start}:{entry.end}"
    address, what = address_of("reports", identifier), f"{project}: report of {entry.start} to {entry.end}"
    drafts = [Draft("PUT", address, dict(_content(identifier, project, entry, former)), what)]
    if entry.submit:
        step: ReportStep = {"action": "submit", "by": entry.written_by[0]}
        drafts.append(Draft("POST", f"{address}/actions", dict(step), f"{what}, submitted"))
    return drafts


def _former(documents: Documents, project: str, entry: ProgressEntry) -> Pulled | None:
    """Return the report of the period that was pulled.

    Raises:
        Unusable: it may not be changed any more.

    """
    period = (project, entry.start, entry.end)
    for each in documents.all("report"):
        report = cast(Report, each.document)
        if (report["iati_identifier"], report["period_start"], report["period_end"]) == period:
            state = report.get("state", "draft")
            if state not in WRITABLE:
                raise Unusable(
                    f"The report of {entry.start} to {entry.end} is {state}: it has to be returned first."
                )
            return each
    return None


def _content(identifier: str, project: str, entry: ProgressEntry, former: Pulled | None) -> Report:
    report: Report = {
        **cast(Report, former.document if former else {}),
        "identifier": identifier,
        "iati_identifier": project,
        "period_start": entry.start,
        "period_end": entry.end,
        "narratives": [{"text": entry.text}],
        "rating": entry.rating,  # type: ignore[typeddict-item]  # checked against RATINGS
        "written_by": list(entry.written_by),
    }
    if entry.due or "due_on" not in report:
        report["due_on"] = day_of(entry.due or entry.end, "the day that it is due").isoformat()
    if entry.office:
        report["office"] = entry.office
    return report
