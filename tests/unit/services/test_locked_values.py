"""Which values of a framework are not as they were, wherever their indicators stand by now."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.monitoring.locks.changes import changed_values, faults_of_changes
from services.monitoring.locks.domain import faults_of_lock, refusals
from shared.contracts.monitoring.v1 import LockException, PeriodLock, ResultsFramework
from shared.testing import monitoring as sample

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AT = "/results/0/indicators/{}/periods/{}/{}"


def framework(edit=lambda _: None) -> ResultsFramework:
    """Return a framework of two indicators with values in both years, edited."""
    document = sample.framework("X-1")
    indicators = document["results"][0]["indicators"]
    del indicators[1:]
    indicators.append({**indicators[0], "titles": [{"text": "People employed"}]})
    for number, indicator in enumerate(indicators):
        indicator["periods"] = [
            sample.period(year, targets=[sample.value("9")], actuals=[sample.value(str(number))])
            for year in (2024, 2025)
        ]
    edit(document["results"])
    return ResultsFramework.model_validate(document)


def swap_values(results):
    first, second = results[0]["indicators"]
    first["periods"], second["periods"] = second["periods"], first["periods"]


def indicators_of(results):
    return results[0]["indicators"]


def periods_of(results):
    return indicators_of(results)[0]["periods"]


EDITS = [
    ("nothing", lambda _: None, []),
    ("a title of a result", lambda r: r[0].update(titles=[{"text": "Jobs"}]), []),
    ("a title of an indicator", lambda r: indicators_of(r)[0].update(titles=[{"text": "Trained"}]), []),
    ("a result before it", lambda r: r.insert(0, {"type": "2"}), []),
    ("another order", lambda r: indicators_of(r).reverse(), []),
    ("a period without values", lambda r: periods_of(r).append(sample.period(2026)), []),
    ("an actual", lambda r: periods_of(r)[1].update(actuals=[]), [(AT.format(0, 1, "actuals"), 2025)]),
    (
        "a target",
        lambda r: periods_of(r)[0].update(targets=[sample.value("8")]),
        [(AT.format(0, 0, "targets"), 2024)],
    ),
    ("a period less", lambda r: periods_of(r).pop(), [("/results/0/indicators/0/periods", 2025)]),
    (
        "a period of other dates",
        lambda r: periods_of(r)[1].update(end="2025-12-30"),
        [
            (AT.format(0, 1, "targets"), 2025),
            (AT.format(0, 1, "actuals"), 2025),
            ("/results/0/indicators/0/periods", 2025),
        ],
    ),
    (
        "an indicator less",
        lambda r: indicators_of(r).pop(),
        [("/results/0/indicators", 2024), ("/results/0/indicators", 2025)],
    ),
    ("no result", lambda r: r.clear(), [("/results", year) for year in (2024, 2025, 2024, 2025)]),
    (
        "another measure",
        lambda r: indicators_of(r)[0].update(measure="3"),
        [(AT.format(0, place, role), 2024 + place) for place in (0, 1) for role in ("targets", "actuals")],
    ),
    (
        "values of one another",
        swap_values,
        [(AT.format(number, place, "actuals"), 2024 + place) for number in (0, 1) for place in (0, 1)],
    ),
]


@pytest.mark.parametrize(("edit", "told"), [edit[1:] for edit in EDITS], ids=[edit[0] for edit in EDITS])
def test_what_changed_is_told_by_period(edit, told):
    found = list(changed_values(framework(), framework(edit)))
    assert [(each.pointer, each.start.year) for each in found] == told


def test_all_values_of_a_new_framework_are_new():
    assert len(list(changed_values(None, framework()))) == 8


def lock(name: str = "L", **members) -> PeriodLock:
    return PeriodLock.model_validate(sample.lock(name, **members))


@pytest.mark.parametrize(
    ("held", "is_locked"),
    [
        ({}, True),
        ({"iati_identifier": "X-1"}, True),
        ({"iati_identifier": "X-2"}, False),
        ({"state": "released"}, False),
        ({"period_start": "2025-12-31", "period_end": "2026-12-31"}, True),
        ({"period_start": "2026-01-01", "period_end": "2026-12-31"}, False),
    ],
)
def test_a_lock_holds_on_periods_that_it_has_a_day_in_common_with(held, is_locked):
    found = refusals([lock(**held)], "X-1", date(2025, 1, 1), date(2025, 12, 31), at=NOW)
    assert bool(found) == is_locked


def test_each_lock_takes_an_exception_that_is_not_over():
    leave = LockException(
        who="A. Author", until=NOW, reason="Late", granted_by="c.chief", granted_at=NOW - timedelta(days=1)
    )
    locks = [lock(exceptions=[leave.model_dump()]), lock("M")]
    year = date(2025, 1, 1), date(2025, 12, 31)
    just_before = NOW - timedelta(seconds=1)
    who = ["b.author", "CO-1"]
    assert [each.identifier for each in refusals(locks, "X-1", *year, who=who, at=just_before)] == ["L", "M"]
    who = ["CO-1", "a.  AUTHOR "]
    assert [each.identifier for each in refusals(locks, "X-1", *year, who=who, at=just_before)] == ["M"]
    assert [each.identifier for each in refusals(locks, "X-1", *year, who=who, at=NOW)] == ["L", "M"]


def test_only_values_of_locked_periods_are_faults():
    edited = framework(lambda r: [period.update(actuals=[]) for period in periods_of(r)])
    found = list(faults_of_changes([lock()], framework(), edited, at=NOW))
    assert [(pointer, code) for pointer, code, _ in found] == [(AT.format(0, 1, "actuals"), "period-locked")]


def test_no_lock_has_the_address_of_those_in_force():
    assert [(at, code) for at, code, _ in faults_of_lock(lock("in-force"))] == [
        ("/identifier", "reserved-identifier")
    ]
    assert list(faults_of_lock(lock("in-force/2"))) == []
