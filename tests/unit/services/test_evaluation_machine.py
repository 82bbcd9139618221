"""Whatever is done in whatever order: nothing is closed that was not answered and followed up."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.monitoring.learning import domain
from shared.contracts.monitoring.v1 import Evaluation
from shared.figures.lifecycle import IllegalStep

CODES = ("R1", "R2")
REFUSED = (IllegalStep, domain.StepRefused)
AFTER = ("completed", "responded", "closed")
TEXT = [{"text": "So it is"}]

reasons_given = st.sampled_from([None, "So it is", "So it is"])
recommendation = st.sampled_from([*CODES, *CODES, "R9"])
follow_up_code = st.sampled_from(["F1", "F2", "F3"])


def content(kind, *, findings, recommended, evaluators):
    return Evaluation.model_validate(
        {
            "identifier": "E-1",
            "iati_identifier": "A-1",
            "kind": kind,
            "timing": "final",
            "due_on": "2026-06-30",
            "evaluators": evaluators,
            "findings": [{"code": "1", "narratives": TEXT}] if findings else [],
            "recommendations": [
                {
                    "code": code,
                    "narratives": TEXT,
                    "response": {"decision": "accepted", "by": "forger", "at": "2026-01-01T00:00:00Z"},
                    "follow_up": [
                        {"code": "F9", "narratives": TEXT, "responsible": "x", "due_on": "2026-01-01"}
                    ],
                }
                for code in CODES[:recommended]
            ],
            "state": "closed",
            "policy": {"code": "forged", "version": 1},
            "as_planned": True,
        }
    )


contents = st.builds(
    content,
    st.sampled_from(["self", "independent"]),
    findings=st.sampled_from([True, True, False]),
    recommended=st.sampled_from([2, 1, 0]),
    evaluators=st.sampled_from([["ann"], ["ann"], []]),
)


class Evaluations(RuleBasedStateMachine):
    """One evaluation, and a record of the machine's own of what was answered and done."""

    @initialize(document=contents)
    def begin(self, document):
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.evaluation = domain.begun(document)
        self.decisions = {}
        self.follow_ups = {}

    @rule(document=contents)
    def write(self, document):
        before = self.evaluation
        try:
            self.evaluation = domain.revised(before, document)
        except domain.ContentLocked:
            assert before.state not in domain.WRITABLE
        else:
            assert self.evaluation == before or before.state in domain.WRITABLE
        assert (self.evaluation.state, self.evaluation.history) == (before.state, before.history)

    @rule(action=st.sampled_from(domain.LIFECYCLE.actions), reasons=reasons_given, hours=st.integers(-5, 99))
    def act(self, action, reasons, hours):
        self.now += timedelta(hours=hours)
        before = self.evaluation
        try:
            self.evaluation = domain.acted(
                before, domain.EvaluationStepForm(action=action, by="clerk", reasons=reasons), at=self.now
            )
        except REFUSED:
            return
        asked = {each.code for each in before.recommendations}
        if action == "begin":
            assert before.kind != "independent" or before.evaluators
        if action == "complete":
            assert before.findings
            assert asked
        if action == "respond":
            assert set(self.decisions) == asked
        if action == "close":
            self.judge(asked)
        if action in domain.WITH_REASONS:
            assert reasons is not None

    @rule()
    def make_progress(self):
        allowed = [each for each in domain.LIFECYCLE.allowed(self.evaluation.state) if each != "cancel"]
        if allowed:
            self.act(allowed[0], None, 1)

    @rule(
        code=recommendation,
        decision=st.sampled_from(["accepted", "partially-accepted", "rejected"]),
    )
    def respond(self, code, decision):
        form = domain.ManagementResponseForm(recommendation=code, decision=decision, by="boss")
        try:
            self.evaluation = domain.responded(self.evaluation, form, at=self.now)
        except IllegalStep:
            assert self.evaluation.state != "completed"
        except domain.StepRefused:
            assert code not in {each.code for each in self.evaluation.recommendations}
        else:
            self.decisions[code] = decision

    @rule(code=recommendation, follow_up=follow_up_code)
    def follow_up(self, code, follow_up):
        form = domain.FollowUpForm.model_validate(
            {
                "recommendation": code,
                "follow_up": {
                    "code": follow_up,
                    "narratives": TEXT,
                    "responsible": "dia",
                    "due_on": "2026-12-31",
                },
            }
        )
        try:
            self.evaluation = domain.followed_up(self.evaluation, form)
        except IllegalStep:
            assert self.evaluation.state != "responded"
        except domain.StepRefused:
            assert follow_up in self.follow_ups or self.decisions.get(code, "rejected") == "rejected"
        else:
            assert self.decisions[code] != "rejected"
            self.follow_ups[follow_up] = (code, "open")

    @rule(
        code=follow_up_code,
        action=st.sampled_from(domain.FOLLOW_UP_LIFECYCLE.actions),
        reasons=reasons_given,
    )
    def move(self, code, action, reasons):
        form = domain.FollowUpStepForm(action=action, by="dia", reasons=reasons)
        try:
            self.evaluation = domain.moved(self.evaluation, code, form, at=self.now)
        except domain.UnknownFollowUp:
            assert code not in self.follow_ups
        except IllegalStep:
            return
        except domain.StepRefused:
            assert (action, reasons) == ("drop", None)
        else:
            of, state = self.follow_ups[code]
            after = {"start": "in-progress", "finish": "done", "drop": "dropped"}[action]
            assert state not in ("done", "dropped")
            self.follow_ups[code] = (of, after)

    def judge(self, asked):
        """Check that what has just been closed was allowed to, by the machine's own record."""
        assert all(state in ("done", "dropped") for _, state in self.follow_ups.values())
        accepted = {code for code in asked if self.decisions[code] != "rejected"}
        assert accepted == {of for of, _ in self.follow_ups.values()}

    @invariant()
    def nothing_is_answered_but_by_management(self):
        stored = {
            each.code: each.response.decision for each in self.evaluation.recommendations if each.response
        }
        assert stored == self.decisions
        kept = {
            each.code: (self.evaluation.recommendations[place].code, each.state)
            for place, each in domain.follow_ups(self.evaluation)
        }
        assert kept == self.follow_ups
        assert (self.evaluation.policy, self.evaluation.as_planned) == (None, False)

    @invariant()
    def what_is_completed_says_something(self):
        if self.evaluation.state in AFTER:
            assert self.evaluation.findings
            assert self.evaluation.recommendations
        else:
            assert not self.decisions
        if self.evaluation.state not in ("responded", "closed"):
            assert not self.follow_ups

    @invariant()
    def histories_are_unbroken(self):
        self.unbroken("planned", self.evaluation)
        for _, each in domain.follow_ups(self.evaluation):
            self.unbroken("open", each)
            assert (each.completed_on is not None) == (each.state == "done")

    def unbroken(self, first, thing):
        states = [first, *(step.to_state for step in thing.history)]
        assert [step.from_state for step in thing.history] == states[:-1]
        assert states[-1] == thing.state
        assert [step.at for step in thing.history] == sorted(step.at for step in thing.history)

    @invariant()
    def it_can_be_written_down_and_read_back(self):
        assert Evaluation.from_json(self.evaluation.to_json()) == self.evaluation


TestEvaluations = Evaluations.TestCase
TestEvaluations.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_the_machine_closes_an_evaluation_when_it_is_let():
    machine = Evaluations()
    machine.begin(content("independent", findings=True, recommended=2, evaluators=["ann"]))
    for action in ("begin", "complete"):
        machine.act(action, None, 1)
    machine.respond("R1", "accepted")
    machine.respond("R2", "rejected")
    machine.act("respond", None, 1)
    machine.follow_up("R1", "F1")
    machine.move("F1", "start", None)
    machine.move("F1", "finish", None)
    machine.act("close", None, 1)
    assert machine.evaluation.state == "closed"


def test_a_forged_plan_is_none():
    document = content("self", findings=True, recommended=1, evaluators=[])
    fresh = domain.begun(document)
    assert (fresh.state, fresh.policy, fresh.as_planned) == ("planned", None, False)
    assert fresh.recommendations[0].response is None
    assert fresh.recommendations[0].follow_up == ()


def test_no_step_is_earlier_than_the_one_before_it():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    evaluation = domain.begun(content("self", findings=True, recommended=1, evaluators=[]))
    for action, moment in (("begin", at), ("complete", at - timedelta(days=1))):
        form = domain.EvaluationStepForm(action=action, by="clerk")
        evaluation = domain.acted(evaluation, form, at=moment)
    assert [step.at for step in evaluation.history] == [at, at]
