"""Whatever is done in whatever order: nothing gets past the appraisal without having passed it.

The machine keeps a record of its own of who appraised what, and judges by that, not by what the domain wrote down.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.projects.proposals import domain
from services.projects.proposals.checks import checks
from shared.contracts.projects.v1 import AppraisalForm, CriteriaSet, Proposal
from shared.figures.lifecycle import IllegalStep
from shared.testing import proposals as sample

CRITERIA = CriteriaSet.model_validate(
    sample.criteria_set(
        criteria=sample.criteria_set()["criteria"][:3],
        thresholds=[
            {"from_amount": "0", "appraisers": 1, "weighted_score": "1.8"},
            {"from_amount": "1000000", "appraisers": 2, "weighted_score": "2"},
        ],
    )
)
NEWER = CRITERIA.model_copy(update={"version": 2})
NEED = {"1500000": (2, Decimal(2)), "900000": (1, Decimal("1.8"))}
PEOPLE = ("ann", "ben", "cem", "dia", "eve")
BEYOND = ("passed", "submitted-to-donor", "approved", "declined", "active", "suspended")
CLOSED = ("operationally-closed", "financially-closed")
REFUSED = (IllegalStep, domain.StepRefused, domain.GateClosed)

people = st.sampled_from(PEOPLE)
spelled = st.sampled_from(["{}", "{} ", " {}"])
scores = st.lists(st.sampled_from(["1", "2", "3", "3", "3", "X"]), min_size=3, max_size=3)


def content(author, amount, *, whole):
    reserved = Decimal(amount) / 20
    lines = [("activities", Decimal(amount) - reserved), ("monitoring-and-evaluation", reserved)]
    return Proposal.model_validate(
        sample.proposal(
            "P-1",
            authors=[{"name": author}],
            amount={"amount": amount, "currency": "USD"},
            budget=[{"category": category, "amount": str(part)} for category, part in lines],
            risks=sample.proposal("P-1")["risks"] if whole else [],
            state="approved",
            revision=7,
        )
    )


class Proposals(RuleBasedStateMachine):
    """One proposal, and whoever does something with it."""

    @initialize(author=people, amount=st.sampled_from(sorted(NEED)), whole=st.booleans())
    def begin(self, author, amount, whole):
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.proposal = domain.begun(content(author, amount, whole=whole))
        self.writers = {author}
        self.revision = 0
        self.in_force = CRITERIA
        self.appraised = {}
        self.passed_by = None

    def criteria(self):
        own = self.proposal.criteria
        return next((each for each in (CRITERIA, NEWER) if each.reference == own), self.in_force)

    @rule()
    def adopt_another_version(self):
        self.in_force = NEWER

    @rule(author=people, amount=st.sampled_from(sorted(NEED)), whole=st.sampled_from([True, True, False]))
    def write(self, author, amount, whole):
        before = self.proposal
        try:
            self.proposal = domain.revised(before, content(author, amount, whole=whole))
        except domain.ContentLocked:
            assert before.state not in domain.WRITABLE
        else:
            assert self.proposal == before or before.state in domain.WRITABLE
            if self.proposal != before:
                self.writers.add(author)
        assert (self.proposal.state, self.proposal.history) == (before.state, before.history)

    @rule(
        action=st.sampled_from(domain.LIFECYCLE.actions),
        by=st.sampled_from([*PEOPLE, "clerk", "clerk", "clerk"]),
        reasons=st.sampled_from([None, "So it is", "So it is"]),
        hours=st.integers(-5, 100),
    )
    def act(self, action, by, reasons, hours):
        self.now += timedelta(hours=hours)
        before = self.proposal
        form = domain.ProposalStepForm(action=action, by=by, reasons=reasons)
        criteria = self.in_force if action == "submit" else self.criteria()
        try:
            self.proposal = domain.acted(before, form, at=self.now, criteria=criteria)
        except REFUSED:
            return
        if action == "submit":
            self.revision += 1
            self.appraised = {}
        if action == "pass":
            assert by not in self.writers
            self.judge()
            self.passed_by = self.revision
        if action in domain.WITH_REASONS:
            assert reasons is not None

    @rule()
    def make_progress(self):
        """Take the first step that the state allows, as a clerk does."""
        allowed = [each for each in domain.LIFECYCLE.allowed(self.proposal.state) if each != "pass"]
        if allowed:
            self.act(allowed[0], "clerk", "So it is", 1)

    @rule()
    def pass_it(self):
        self.act("pass", "clerk", None, 1)

    @rule(person=people, spelling=spelled, given=scores)
    def appraise(self, person, spelling, given):
        form = AppraisalForm.model_validate(
            {
                "appraiser": {"person": spelling.format(person)},
                "scores": [
                    {"criterion": criterion.code, "score": mark, "comment": "So it is"}
                    for criterion, mark in zip(CRITERIA.criteria, given, strict=True)
                ],
                "recommendation": "pass",
            }
        )
        try:
            self.proposal = domain.appraised(self.proposal, form, at=self.now, criteria=self.criteria())
        except IllegalStep:
            assert self.proposal.state != domain.SUBMITTED
        except domain.StepRefused:
            assert person in self.writers or "X" in given
        except ValueError:
            assert self.proposal.criteria is None
        else:
            assert person not in self.writers
            self.appraised[person] = given

    def judge(self):
        """Check that what has just passed was allowed to, by the machine's own record."""
        needed, minimum = NEED[f"{self.proposal.amount.amount:f}"]
        assert len(self.appraised) >= needed
        weights = [criterion.weight for criterion in CRITERIA.criteria]
        total = sum(
            weight * int(mark)
            for given in self.appraised.values()
            for weight, mark in zip(weights, given, strict=True)
        )
        assert total >= minimum * sum(weights) * len(self.appraised)
        assert all("1" not in given and "X" not in given for given in self.appraised.values())
        assert checks(self.proposal, CRITERIA) == []

    @invariant()
    def nothing_is_past_the_gate_without_having_passed(self):
        if self.proposal.state in (*BEYOND, *CLOSED):
            assert self.passed_by == self.revision == self.proposal.revision

    @invariant()
    def the_history_is_unbroken(self):
        steps = self.proposal.history
        states = ["concept", *(step.to_state for step in steps)]
        assert [step.from_state for step in steps] == states[:-1]
        assert states[-1] == self.proposal.state
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert self.proposal.revision == sum(step.action == "submit" for step in steps)

    @invariant()
    def a_turnaround_is_open_only_under_appraisal(self):
        times = self.proposal.turnaround
        assert [each.revision for each in times] == list(range(1, self.revision + 1))
        assert all(each.days >= 0 for each in times if each.days is not None)
        unfinished = [each for each in times if each.decided_at is None]
        assert unfinished == (list(times[-1:]) if self.proposal.state == domain.SUBMITTED else [])

    @invariant()
    def nobody_appraised_their_own(self):
        current = [each for each in self.proposal.appraisals if each.revision == self.revision]
        assert self.writers == {author.name for author in self.proposal.written_by}
        if self.proposal.state in (domain.SUBMITTED, *BEYOND, *CLOSED):
            assert not self.writers & {each.appraiser.person for each in current}

    @invariant()
    def it_can_be_written_down_and_read_back(self):
        assert Proposal.from_json(self.proposal.to_json()) == self.proposal


TestProposals = Proposals.TestCase
TestProposals.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_the_machine_gets_past_the_gate_when_it_is_let():
    machine = Proposals()
    machine.begin("ann", "1500000", whole=True)
    for action in ("develop", "submit"):
        machine.act(action, "clerk", None, 1)
    for person in ("ben", "cem"):
        machine.appraise(person, "{}", ["3", "3", "3"])
    for action in ("pass", "submit-to-donor", "approve", "activate", "close-operations", "close-finances"):
        machine.act(action, "clerk", None, 1)
    assert machine.proposal.state == "financially-closed"
