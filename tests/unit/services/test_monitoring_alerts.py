"""What needs attention on a day, and the life of an alert."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.monitoring.alerts.domain import (
    Places,
    matters_of_evaluation,
    matters_of_report,
    over,
    raised,
    resolved,
)
from shared.contracts.alerts import Alert
from shared.contracts.monitoring.v1 import Evaluation, Report

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
TEXT = [{"text": "So it is"}]
PLACES = Places({"A-1": {"UG", "KE"}}, {"KE": ["CO-2"], "UG": ["CO-2", "CO-1"]})


def report(due, **members):
    return Report.model_validate(
        {
            "identifier": "R-1",
            "iati_identifier": "A-1",
            "period_start": "2026-01-01",
            "period_end": "2026-05-31",
            "due_on": due,
            **members,
        }
    )


def evaluation(due, *follow_ups, **members):
    listed = [
        {"code": str(place), "narratives": TEXT, "responsible": "unit", "due_on": day, "state": state}
        for place, (day, state) in enumerate(follow_ups)
    ]
    return Evaluation.model_validate(
        {
            "identifier": "E-1",
            "iati_identifier": "A-1",
            "kind": "independent",
            "timing": "final",
            "due_on": due,
            "recommendations": [{"code": "R1", "narratives": TEXT, "follow_up": listed}],
            **members,
        }
    )


def kinds(matters):
    return [(each.kind, each.subject.part) for each in matters]


@pytest.mark.parametrize(
    ("due", "state", "is_overdue"),
    [
        ("2026-06-29", "draft", True),
        ("2026-06-29", "returned", True),
        ("2026-06-30", "draft", False),
        ("2026-06-29", "submitted", False),
        ("2026-06-29", "validated", False),
        ("2026-06-29", "published", False),
    ],
)
def test_a_report_is_overdue_the_day_after(due, state, is_overdue):
    assert len(list(matters_of_report(report(due, state=state), TODAY))) == is_overdue


@pytest.mark.parametrize(
    ("due", "state", "notice", "is_due"),
    [
        ("2026-07-10", "planned", 10, True),
        ("2026-07-11", "planned", 10, False),
        ("2026-06-30", "planned", 0, True),
        ("2020-01-01", "planned", 0, True),
        ("0001-01-02", "planned", 60, True),
        ("2026-07-10", "under-way", 10, False),
        ("2026-07-10", "cancelled", 10, False),
    ],
)
def test_an_evaluation_is_due_some_days_before(due, state, notice, is_due):
    found = kinds(matters_of_evaluation(evaluation(due, state=state), TODAY, notice))
    assert found == ([("evaluation-due", None)] if is_due else [])


def test_a_follow_up_is_overdue_until_it_is_done_or_dropped():
    listed = [
        ("2026-06-29", "open"),
        ("2026-06-29", "in-progress"),
        ("2026-06-29", "done"),
        ("2026-06-29", "dropped"),
        ("2026-06-30", "open"),
    ]
    found = kinds(matters_of_evaluation(evaluation("2026-01-01", *listed, state="responded"), TODAY, 0))
    assert found == [("follow-up-overdue", "0"), ("follow-up-overdue", "1")]
    closed = evaluation("2026-01-01", *listed, state="closed")
    assert kinds(matters_of_evaluation(closed, TODAY, 0)) == []


def test_an_alert_tells_where_and_who():
    (matter,) = matters_of_evaluation(evaluation("2026-06-01"), TODAY, 0)
    alert = raised(matter, PLACES, None, NOW)
    assert (alert.identifier, alert.countries, alert.offices) == (
        "evaluation-due/E-1",
        ("KE", "UG"),
        ("CO-1", "CO-2"),
    )
    (matter,) = matters_of_report(report("2026-06-01", office="CO-9"), TODAY)
    assert raised(matter, PLACES, None, NOW).offices == ("CO-9",)
    assert raised(matter, Places(), None, NOW).countries == ()
    assert Alert.from_json(alert.to_json()) == alert


def test_an_alert_is_raised_once_resolved_and_raised_again():
    (matter,) = matters_of_report(report("2026-06-01"), TODAY)
    first = raised(matter, PLACES, None, NOW)
    later = NOW + timedelta(days=1)
    assert raised(matter, PLACES, first, later) == first
    assert over([first], {first.identifier}) == []
    assert over([first], set()) == [first]
    gone = resolved(first, later)
    assert (gone.state, gone.resolved_at, gone.raised_at) == ("resolved", later, NOW)
    assert resolved(first, NOW - timedelta(days=1)).resolved_at == NOW
    assert over([gone], set()) == []
    again = raised(matter, PLACES, gone, later)
    assert (again.state, again.raised_at, again.resolved_at) == ("raised", later, None)


def test_a_name_that_would_be_too_long_becomes_an_id():
    (matter,) = matters_of_report(report("2026-06-01", identifier="R" * 245), TODAY)
    assert len(matter.identifier) == len("report-overdue/") + 36
    assert raised(matter, PLACES, None, NOW).subject.identifier == "R" * 245


def test_no_two_matters_have_one_name_and_each_is_one_that_an_alert_may_have():
    follow_up = {"narratives": TEXT, "responsible": "unit", "due_on": "2026-06-29"}
    names = [
        ("E-1", "1/2", "E-1/1%2F2"),
        ("E-1/1", "2", "E-1/1/2"),
        ("E-1", "F 1", "E-1/F 1"),
        ("E-1", "1%2F2", "E-1/1%252F2"),
        ("E-1", "a\nb", "E-1/a%0Ab"),
    ]
    for identifier, code, told in names:
        parts = [{"code": "R1", "narratives": TEXT, "follow_up": [{"code": code, **follow_up}]}]
        responded = evaluation("2026-01-01", identifier=identifier, state="responded", recommendations=parts)
        (matter,) = matters_of_evaluation(responded, TODAY, 0)
        alert = raised(matter, PLACES, None, NOW)
        assert (alert.identifier, alert.subject.part) == (f"follow-up-overdue/{told}", code)
