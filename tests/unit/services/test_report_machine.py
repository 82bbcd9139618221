"""Whatever is done in whatever order: only what was validated counts, and nothing changes where it is locked.

The machine keeps a record of its own of who wrote what and of what is locked, and judges by that.
"""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.monitoring.domain import ActualReport, ReportRefused
from services.monitoring.locks import domain as locking
from services.monitoring.locks.changes import faults_of_changes, report_within
from services.monitoring.reports import domain
from shared.contracts.monitoring.v1 import PeriodLock, Report, ResultsFramework
from shared.figures.lifecycle import IllegalStep
from shared.figures.readings import read_number
from shared.testing import monitoring as sample

PEOPLE = ("ann", "ben", "cem")
OFFICE = "CO-1"
PERIODS = {1: 2024, 2: 2025}

people = st.sampled_from(PEOPLE)
numbers = st.integers(0, 5).map(str)
periods = st.sampled_from([1, 2])
actions = st.sampled_from(domain.LIFECYCLE.actions)


def content(author, values, *, whole):
    return Report.model_validate(
        sample.report(
            "R-1",
            "X-1",
            office=OFFICE,
            period_start="2024-01-01",
            written_by=[author],
            rating="green" if whole else None,
            actuals=[sample.actual(number, of_period=period) for period, number in values.items()],
            state="published",
        )
    )


class Reports(RuleBasedStateMachine):
    """One report, the framework that it is for, two locks, and whoever does something with them."""

    @initialize(author=people, values=st.dictionaries(periods, numbers, max_size=2))
    def begin(self, author, values):
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.framework = ResultsFramework.model_validate(sample.framework("X-1"))
        self.report = domain.begun(content(author, values, whole=True))
        self.writers = {author}
        self.locks = {}
        self.held = {}
        self.validated = None

    def forbidden(self, period, who):
        """Whether a period is locked for people, by the machine's own record."""
        year = PERIODS[period]
        return any(
            lock["on"]
            and year in lock["years"]
            and not any(name in who and until > self.now for name, until in lock["leave"])
            for lock in self.held.values()
        )

    def actual_of(self, period):
        return [
            each.value.raw for each in self.framework.results[0].indicators[0].periods[period - 1].actuals
        ]

    @rule(days=st.sampled_from([0, 1, 5, 40]))
    def time_passes(self, days):
        self.now += timedelta(days=days)

    @rule(
        name=st.sampled_from(["A", "B"]),
        years=st.sampled_from([(2024,), (2025,), (2024, 2025)]),
        own=st.booleans(),
    )
    def set_a_lock(self, name, years, own):
        if name in self.locks:
            return
        members = {"period_start": f"{years[0]}-06-01", "period_end": f"{years[-1]}-06-30"}
        members |= {"iati_identifier": "X-1"} if own else {}
        document = sample.lock(name, **members, state="released", exceptions=[])
        self.locks[name] = locking.begun(PeriodLock.model_validate(document))
        self.held[name] = {"on": True, "years": years, "leave": []}

    @precondition(lambda self: self.locks)
    @rule(data=st.data(), action=st.sampled_from(["release", "lock"]), reasons=st.sampled_from([None, "So"]))
    def act_on_a_lock(self, data, action, reasons):
        name = data.draw(st.sampled_from(sorted(self.locks)))
        form = locking.LockStep(action=action, by="chief", reasons=reasons)
        try:
            self.locks[name] = locking.acted(self.locks[name], form, at=self.now)
        except IllegalStep:
            assert self.held[name]["on"] == (action == "lock")
        except locking.StepRefused:
            assert reasons is None
        else:
            assert reasons is not None
            assert self.held[name]["on"] == (action == "release")
            self.held[name]["on"] = action == "lock"

    @precondition(lambda self: self.locks)
    @rule(
        data=st.data(),
        who=st.sampled_from([*PEOPLE, OFFICE]),
        days=st.sampled_from([-1, 1, 30, 90, 91]),
        by=st.sampled_from(["chief", "ann"]),
    )
    def grant_an_exception(self, data, who, days, by):
        name = data.draw(st.sampled_from(sorted(self.locks)))
        until = self.now + timedelta(days=days)
        form = locking.ExceptionForm(who=who, until=until, reason="Late figures", granted_by=by)
        try:
            self.locks[name] = locking.excepted(self.locks[name], form, at=self.now)
        except IllegalStep:
            assert not self.held[name]["on"]
        except locking.StepRefused:
            assert days in (-1, 91) or who == by
        else:
            assert 0 < days <= 90
            assert who != by
            self.held[name]["leave"].append((who, until))

    @rule(
        author=people,
        values=st.dictionaries(periods, numbers, max_size=2),
        whole=st.sampled_from([True, True, False]),
    )
    def write(self, author, values, whole):
        before = self.report
        try:
            self.report = domain.revised(before, content(author, values, whole=whole))
        except domain.ContentLocked:
            assert before.state not in ("draft", "returned")
        else:
            assert self.report == before or before.state in ("draft", "returned")
            if self.report != before:
                self.writers.add(author)
        assert (self.report.state, self.report.history) == (before.state, before.history)

    @rule(action=actions, by=st.sampled_from([*PEOPLE, "dia", "dia"]), reasons=st.sampled_from([None, "So"]))
    def act(self, action, by, reasons):
        before, form = self.report, domain.ReportStep(action=action, by=by, reasons=reasons)
        lacking = domain.lacking(
            before,
            self.framework,
            list(self.locks.values()),
            who=[*before.written_by, OFFICE],
            at=self.now,
        )
        try:
            self.report = domain.acted(before, form, at=self.now, lacking=lacking)
        except (IllegalStep, domain.StepRefused):
            return
        if action in domain.CHECKED:
            assert before.rating is not None
            who = {*self.writers, OFFICE}
            assert not any(self.forbidden(each.period, who) for each in before.actuals)
        if action == "return":
            assert reasons is not None
        if action == "validate":
            assert by not in self.writers
            self.framework = domain.with_actuals(self.framework, before)
            self.validated = before.actuals
            assert all(self.actual_of(each.period) == [each.actual.value.raw] for each in before.actuals)

    @rule()
    def go_on(self):
        """Take the step that leads on, as somebody does who did not write it."""
        allowed = domain.LIFECYCLE.allowed(self.report.state)
        if allowed:
            self.act(allowed[-1], "dia", "So it is")

    @rule(data=st.data())
    def submit_and_validate_their_own(self, data):
        by = data.draw(st.sampled_from(sorted(self.writers)))
        for action in ("submit", "validate"):
            self.act(action, by, None)

    @rule(period=periods, number=numbers, who=st.sampled_from([None, *PEOPLE]), office=st.booleans())
    def report_directly(self, period, number, who, office):
        told = sample.actual(number, of_period=period)
        report = ActualReport.model_validate({**told, "by": who, "office": OFFICE if office else None})
        before = self.actual_of(period)
        try:
            self.framework = report_within(list(self.locks.values()), self.framework, report, at=self.now)
        except ReportRefused:
            assert self.forbidden(period, {who, OFFICE if office else None})
            assert before != [number]
        else:
            named = {who, OFFICE if office else None}
            assert before == [number] or not self.forbidden(period, named)
            assert self.actual_of(period) == [number]

    @rule(period=periods, number=st.none() | numbers)
    def write_the_framework_whole(self, period, number):
        value = [] if number is None else [{"value": json.loads(read_number(number).to_json())}]
        document = json.loads(self.framework.to_json())
        indicator = document["results"][0]["indicators"][0]
        indicator["periods"][period - 1] = {**indicator["periods"][period - 1], "actuals": value}
        after = ResultsFramework.model_validate(document)
        locks = list(self.locks.values())
        faults = list(faults_of_changes(locks, self.framework, after, at=self.now))
        differs = self.actual_of(period) != ([] if number is None else [number])
        assert bool(faults) == (differs and self.forbidden(period, set()))
        if not faults:
            self.framework = after

    @invariant()
    def nothing_is_published_that_was_not_validated(self):
        steps = [(step.action, step.by) for step in self.report.history]
        if self.report.state in ("validated", "published"):
            (validator,) = [by for action, by in steps if action == "validate"]
            assert validator not in self.writers
            assert self.validated == self.report.actuals
        else:
            assert self.validated is None

    @invariant()
    def the_histories_are_unbroken(self):
        for initial, document in (
            ("draft", self.report),
            *(("locked", lock) for lock in self.locks.values()),
        ):
            states = [initial, *(step.to_state for step in document.history)]
            assert [step.from_state for step in document.history] == states[:-1]
            assert states[-1] == document.state
            assert [step.at for step in document.history] == sorted(step.at for step in document.history)

    @invariant()
    def the_writers_are_all_there(self):
        assert set(self.report.written_by) == self.writers

    @invariant()
    def it_can_be_written_down_and_read_back(self):
        assert Report.from_json(self.report.to_json()) == self.report
        for lock in self.locks.values():
            assert PeriodLock.from_json(lock.to_json()) == lock


TestReports = Reports.TestCase
TestReports.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def test_the_machine_validates_when_it_is_let_and_not_within_a_lock():
    machine = Reports()
    machine.begin("ann", {1: "3", 2: "4"})
    machine.set_a_lock("A", (2025,), own=True)
    machine.act("submit", "ann", None)
    assert machine.report.state == "draft"
    leave = locking.ExceptionForm(
        who="ann", until=machine.now + timedelta(days=9), reason="Late figures", granted_by="chief"
    )
    machine.locks["A"] = locking.excepted(machine.locks["A"], leave, at=machine.now)
    machine.held["A"]["leave"].append(("ann", leave.until))
    for action, by in (("submit", "ann"), ("validate", "ann"), ("validate", "dia"), ("publish", "dia")):
        machine.act(action, by, None)
    assert machine.report.state == "published"
    assert (machine.actual_of(1), machine.actual_of(2)) == (["3"], ["4"])


def test_a_report_without_values_is_held_by_a_lock_on_its_own_period():
    framework = ResultsFramework.model_validate(sample.framework("X-1"))
    report = Report.model_validate(sample.report("R-1", "X-1", actuals=[]))
    lock = PeriodLock.model_validate(sample.lock("L"))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    found = domain.lacking(report, framework, [lock], at=now)
    assert [(pointer, code) for pointer, code, _ in found] == [("/period_start", "period-locked")]
    other = lock.model_copy(update={"period_start": date(2026, 1, 1), "period_end": date(2026, 12, 31)})
    assert domain.lacking(report, None, [other], at=now) == []


def test_values_need_a_framework():
    report = Report.model_validate(sample.report("R-1", "X-1"))
    found = domain.lacking(report, None, [], at=datetime(2026, 3, 1, tzinfo=UTC))
    assert [(pointer, code) for pointer, code, _ in found] == [("/iati_identifier", "framework-missing")]


def test_neither_who_wrote_a_report_nor_its_office_validates_it():
    report = domain.begun(content("ann", {}, whole=True)).model_copy(update={"state": "submitted"})
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for by in ("Ann", "co-1"):
        with pytest.raises(domain.StepRefused) as refused:
            domain.acted(report, domain.ReportStep(action="validate", by=by), at=at)
        assert [(pointer, code) for pointer, code, _ in refused.value.faults] == [
            ("/by", "conflict-of-interest")
        ]
    ben = domain.ReportStep(action="validate", by="ben")
    with pytest.raises(domain.StepRefused):
        domain.acted(report, ben, at=at, own_names=("ben", "ANN"))
    assert domain.acted(report, ben, at=at, own_names=("ben", "b@x")).state == "validated"


def test_a_person_who_writes_is_named_once():
    report = domain.begun(content("ann", {}, whole=True))
    assert domain.signed(report, ()).written_by == ("ann",)
    assert domain.signed(report, ("Ann", "a@x")).written_by == ("ann",)
    assert domain.signed(report, ("Ben", "b@x")).written_by == ("ann", "Ben")


def test_nobody_grants_an_exception_to_themselves_by_another_name():
    at, lock = datetime(2026, 3, 1, tzinfo=UTC), PeriodLock.model_validate(sample.lock("L"))
    form = locking.ExceptionForm(who="b@x", reason="Late", granted_by="Ben")
    assert locking.excepted(lock, form, at=at).exceptions
    with pytest.raises(domain.StepRefused):
        locking.excepted(lock, form, at=at, own_names=("Ben", "B@x"))


def test_no_step_is_earlier_than_the_one_before_it():
    at, clock_was_set_back = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)
    report = domain.acted(
        domain.begun(content("ann", {}, whole=True)), domain.ReportStep(action="submit", by="ann"), at=at
    )
    returned = domain.ReportStep(action="return", by="ben", reasons="So")
    assert domain.acted(report, returned, at=clock_was_set_back).history[-1].at == at
    lock = locking.begun(PeriodLock.model_validate(sample.lock("L")))
    release, again = (
        locking.LockStep(action=action, by="chief", reasons="So") for action in ("release", "lock")
    )
    lock = locking.acted(locking.acted(lock, release, at=at), again, at=clock_was_set_back)
    assert lock.history[-1].at == at
