"""How the sample's projects are reported on, and which periods are locked: all invented.

Reports are on the year before the portfolio was published; they stand in every state, each with the steps that led there.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from deploy.local.sample.calls import Body, Call, Story, address, story
from deploy.local.sample.contributing import contributions, programme_frameworks
from deploy.local.sample.draw import Draw
from deploy.local.sample.measured import Measured, measured, projects
from deploy.local.sample.places import REGIONS
from deploy.local.sample.programming import Documents
from deploy.local.sample.project import REFERENCE, Project

SEED = 41_303
REPORTS, LOCKS = "/v1/reports", "/v1/period-locks"
REPORTED_YEAR, LOCKED_YEAR, REPORTS_COUNT, HALF_YEAR_COUNT = 2025, 2024, 39, 6
UNIT, PERCENTAGE, QUALITATIVE = "1", "2", "5"
CHIEF = "e.chief (sample)"
LEAVE_DAYS = 60
BY_MORE_COURSES = 15

PATHS: tuple[tuple[str, ...], ...] = (
    ("submit", "validate", "publish"),
    ("submit",),
    ("submit", "return", "correct", "submit", "validate", "publish"),
    (),
    ("submit", "validate"),
    ("submit", "return"),
    ("submit", "return", "correct", "submit"),
)
"""The ways that reports went, of which each is taken in turn."""


def documents() -> tuple[Documents, ...]:
    """Return contributions, and the frameworks of the bienniums and of some country programmes."""
    return (
        Documents("/v1/contributions", tuple(contributions())),
        Documents("/v1/programme-frameworks", tuple(programme_frameworks())),
    )


def stories() -> Iterator[Story]:
    """Yield reports in every state, then locks, and then the report that an exception lets through."""
    reported = [each for each in projects() if any(m.period_of(REPORTED_YEAR) for m in measured(each.number))]
    for number, project in enumerate(reported[: REPORTS_COUNT - HALF_YEAR_COUNT], 1):
        yield _report(f"SAMPLE-REPORT-{number:02d}", project, number)
    for number, project in enumerate(reported[:HALF_YEAR_COUNT], REPORTS_COUNT - HALF_YEAR_COUNT + 1):
        yield _half_year(f"SAMPLE-REPORT-{number:02d}", project)
    late = next(each for each in projects() if any(m.period_of(LOCKED_YEAR) for m in measured(each.number)))
    yield from _locks(late)
    yield _late_report(f"SAMPLE-REPORT-{REPORTS_COUNT + 1:02d}", late)


def _report(identifier: str, project: Project, number: int) -> Story:
    """Return the story of a report on a year."""
    path = PATHS[(number - 1) % len(PATHS)]
    content = _content(identifier, project, REPORTED_YEAR)
    at = address(REPORTS, identifier)
    calls = [Call("PUT", at, content)]
    for action in path:
        if action == "correct":
            corrected = _content(identifier, project, REPORTED_YEAR, more=BY_MORE_COURSES)
            calls.append(Call("PUT", at, corrected, if_match="*"))
        else:
            calls.append(Call("POST", address(REPORTS, identifier, "actions"), _step(action, project)))
    return Story(at, tuple(calls))


def _half_year(identifier: str, project: Project) -> Story:
    """Return the story of a report on half a year that nobody has submitted yet."""
    start, end = date(REFERENCE.year, 1, 1), date(REFERENCE.year, 6, 30)
    head = _head(identifier, project, start, end)
    return story(REPORTS, identifier, {**head, "due_on": "2026-07-31"})


def _late_report(identifier: str, project: Project) -> Story:
    content = _content(identifier, project, LOCKED_YEAR)
    return story(REPORTS, identifier, content, ("actions", _step("submit", project)))


def _locks(late: Project) -> Iterator[Story]:
    """Yield a lock of all, and one of a project from which an office has leave for a time."""
    of_all = {
        "period_start": "2020-01-01",
        "period_end": "2021-12-31",
        "reason": "The report on programme implementation 2020-21 is published (sample)",
    }
    of_one = {
        "iati_identifier": late.identifier,
        "period_start": f"{LOCKED_YEAR}-01-01",
        "period_end": f"{LOCKED_YEAR}-12-31",
        "reason": "The final evaluation reads these values (sample)",
    }
    until = datetime.combine(datetime.now(UTC).date(), time(), UTC) + timedelta(days=LEAVE_DAYS)
    leave = {
        "who": _office(late),
        "until": until.isoformat(),
        "reason": "The survey of the last quarter came late (sample)",
        "granted_by": CHIEF,
    }
    for name, members, steps in (
        ("SAMPLE-LOCK-2020-21", of_all, ()),
        ("SAMPLE-LOCK-2024", of_one, (("exceptions", leave),)),
    ):
        content = {"identifier": name, "sample": True, "locked_by": CHIEF, **members}
        yield story(LOCKS, name, content, *steps)


def _step(action: str, project: Project) -> Body:
    by = _author(project) if action == "submit" else CHIEF
    reasons = {"reasons": "The participants of the second course are missing."}
    return {"action": action, "by": by, **(reasons if action == "return" else {})}


def _head(identifier: str, project: Project, start: date, end: date) -> Body:
    return {
        "identifier": identifier,
        "iati_identifier": project.identifier,
        "sample": True,
        "office": _office(project),
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "written_by": [_author(project)],
    }


def _content(identifier: str, project: Project, year: int, *, more: int = 0) -> Body:
    draw = Draw(SEED + project.number * 100 + year)
    return {
        **_head(identifier, project, date(year, 1, 1), date(year, 12, 31)),
        "due_on": f"{year + 1}-02-28",
        "narratives": [{"text": f"In {year} the project worked so that {project.theme.purpose} (sample)."}],
        "rating": draw.pick(("green", "green", "amber", "red")),
        "risks": [
            {
                "narratives": [{"text": "Elections delay the decisions of the ministry (sample)"}],
                "likelihood": "medium",
                "impact": "high",
                "mitigation": [{"text": "Work with employers and workers first (sample)"}],
            }
        ],
        "issues": [
            {
                "narratives": [{"text": "The second course began two months late (sample)"}],
                "raised_on": f"{year}-05-15",
                "state": draw.pick(("open", "resolved")),
                "action": [{"text": "It is held in two groups at once (sample)"}],
            }
        ],
        "actuals": [
            {"result": m.result, "indicator": m.indicator, "period": place, "actual": _actual(m, draw, more)}
            for m in measured(project.number)
            if (place := m.period_of(year)) and m.measure in (UNIT, PERCENTAGE, QUALITATIVE)
        ],
    }


def _actual(each: Measured, draw: Draw, more: int) -> Body:
    evidence = {
        "documents": [
            {
                "url": "https://example.org/sample/attendance-list.pdf",
                "format": "application/pdf",
                "titles": [{"text": "Attendance list (sample)"}],
            }
        ]
    }
    if each.measure == QUALITATIVE:
        return {"comments": [{"text": "The draft was discussed with employers and workers (sample)."}]}
    if each.measure == PERCENTAGE:
        return {"numerator": str(draw.between(10, 60) + more), "denominator": "120"}
    number = str(draw.between(100, 900) + more if each.counts_people else draw.between(1, 20))
    return {"value": {"raw": number, "number": number, "reading": "plain"}, **evidence}


def _author(project: Project) -> str:
    return f"a.officer-{project.country.code.lower()} (sample)"


def _office(project: Project) -> str:
    region = project.country.region
    return f"SAMPLE-CO-{region}" if region in REGIONS else "SAMPLE-HQ"
