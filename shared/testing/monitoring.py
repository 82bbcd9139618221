"""Frameworks, reports and locks for tests, as a client sends them."""

from typing import Any

YEAR_START, YEAR_END = "2025-01-01", "2025-12-31"


def value(number: str) -> dict[str, Any]:
    """Return a number as a value."""
    return {"value": {"raw": number, "number": number, "reading": "plain"}}


def period(year: int = 2025, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the period of a year, with targets and actuals if given."""
    return {"start": f"{year}-01-01", "end": f"{year}-12-31", **members}


def framework(identifier: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a framework of one result with a unit, a percentage and a qualitative indicator, of two years each."""
    indicators = [
        {
            "measure": measure,
            "titles": [{"text": title}],
            "aggregation_status": True,
            "periods": [period(2024), period(2025)],
        }
        for measure, title in (("1", "People trained"), ("2", "Women among them"), ("5", "Policy"))
    ]
    results = [{"type": "1", "titles": [{"text": "Skills"}], "indicators": indicators}]
    return {"iati_identifier": identifier, "results": results, **members}


def actual(number: str = "120", *, indicator: int = 1, of_period: int = 2, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an actual of the framework's first result, of the second year unless told otherwise."""
    return {
        "result": 1,
        "indicator": indicator,
        "period": of_period,
        "actual": {**value(number), **members},
    }


def report(identifier: str, activity: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a report on 2025 that lacks nothing, with other members if given."""
    return {
        "identifier": identifier,
        "iati_identifier": activity,
        "office": "CO-Nairobi",
        "period_start": YEAR_START,
        "period_end": YEAR_END,
        "due_on": "2026-02-28",
        "written_by": ["a.author"],
        "narratives": [{"text": "The first courses were held."}],
        "rating": "green",
        "risks": [{"narratives": [{"text": "Elections"}], "likelihood": "2"}],
        "issues": [{"narratives": [{"text": "Late start"}], "raised_on": "2025-03-01"}],
        "actuals": [actual()],
        **members,
    }


def lock(identifier: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a lock of 2025 of all activities, with other members if given."""
    return {
        "identifier": identifier,
        "period_start": YEAR_START,
        "period_end": YEAR_END,
        "reason": "The annual report is with the printer",
        "locked_by": "PROGRAM",
        **members,
    }
