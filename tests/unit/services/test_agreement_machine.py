"""Whatever is done in whatever order: no agreement is signed, amended or allocated beyond what it may be.

The machine keeps a record of its own of who was cleared and what was agreed, and judges by that.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.funding.partnerships import domain, due_diligence
from services.funding.partnerships.aggregates import AGREEMENTS
from services.funding.partnerships.allocations import allocated
from services.funding.partnerships.amendments import AmendmentForm, amended
from services.funding.partnerships.faults import faults_of_agreement
from services.funding.partnerships.places import Places
from shared.contracts.funding.v1 import Agreement, Allocation, MoneyReceipt
from shared.figures.lifecycle import IllegalStep
from shared.figures.partnerships import unallocated
from shared.figures.scenarios import ALLOCATING
from shared.testing import partnerships as sample

NOWHERE = Places({}, {}, {})
REFUSED = (IllegalStep, domain.StepRefused, domain.GateClosed)
PARTNERS = ("XI-ONE", "XI-TWO")
AMOUNTS = (Decimal(300), Decimal(500), Decimal(1000))
SIGNED = ("signed", "active", "suspended", "completed", "terminated")

parts = st.lists(st.sampled_from([50, 100, 200, 300, 500, 700]), max_size=3)
reasons = st.sampled_from([None, "So it is", "So it is"])
kinds = st.sampled_from(["public-private", "bilateral"])


def content(amount, tranches, partners, outcomes=(), kind="public-private", **claims):
    listed = [sample.partner("XM-DAC-7", "funding"), *(sample.partner(each, "private") for each in partners)]
    numbered = [
        {"number": place + 1, "due_on": "2026-03-01", "amount": str(part)}
        for place, part in enumerate(tranches)
    ]
    return Agreement.model_validate(
        sample.agreement(
            "A",
            kind=kind,
            partners=listed,
            amount={"amount": str(amount), "currency": "USD"},
            tranches=numbered,
            scope={"programme_outcomes": outcomes},
            **claims,
        )
    )


class Agreements(RuleBasedStateMachine):
    """One agreement with companies, whatever it is called, and whoever does something with it."""

    @initialize(
        amount=st.sampled_from(AMOUNTS), partners=st.sets(st.sampled_from(PARTNERS), min_size=1), kind=kinds
    )
    def begin(self, amount, partners, kind):
        self.now = datetime(2026, 4, 1, tzinfo=UTC)
        claims = {
            "state": "active",
            "due_diligence": [{"partner": each, "state": "cleared"} for each in PARTNERS],
        }
        self.agreement = domain.begun(content(amount, [amount], sorted(partners), kind=kind, **claims))
        self.cleared = {}
        self.signed_with = None

    def keep(self, after):
        """Take over what the rules made, as the store does: completed, and without faults of its own."""
        after = AGREEMENTS.derive(after)
        if not list(faults_of_agreement(after)):
            self.agreement = after
        return self.agreement is after

    @rule(
        amount=st.sampled_from(AMOUNTS),
        tranches=parts,
        partners=st.sets(st.sampled_from(PARTNERS)),
        kind=kinds,
    )
    def write(self, amount, tranches, partners, kind):
        before, told = (
            self.agreement,
            content(amount, tranches, sorted(partners), kind=kind, state="completed"),
        )
        try:
            after = domain.revised(before, told)
        except domain.ContentLocked:
            assert before.state != "draft"
            return
        if self.keep(after):
            assert after.state == before.state
            assert before.state == "draft" or after == before

    @rule(
        partner=st.sampled_from(PARTNERS),
        action=st.sampled_from(due_diligence.LIFECYCLE.actions),
        why=reasons,
        days=st.sampled_from([None, 0, 5]),
    )
    def scrutinise(self, partner, action, why, days):
        valid_to = None if days is None or action != "clear" else self.now.date() + timedelta(days=days)
        form = due_diligence.DueDiligenceForm(
            partner=partner, action=action, by="legal", reasons=why, valid_to=valid_to
        )
        if due_diligence.faults_of_form(self.agreement, form, self.now.date()):
            return
        try:
            after = due_diligence.scrutinised(self.agreement, form, self.now)
        except IllegalStep:
            return
        if self.keep(after):
            self.cleared.pop(partner, None)
            if action == "clear":
                self.cleared[partner] = valid_to or date.max

    @rule(partner=st.sampled_from(PARTNERS))
    def clear(self, partner):
        for action in ("begin", "reopen", "clear"):
            self.scrutinise(partner, action, "So it is", None)

    @rule(action=st.sampled_from(domain.LIFECYCLE.actions), why=reasons, days=st.integers(-1, 3))
    def act(self, action, why, days):
        self.now += timedelta(days=days)
        before = self.agreement
        try:
            after = domain.acted(
                before, domain.AgreementStepForm(action=action, by="clerk", reasons=why), at=self.now
            )
        except REFUSED:
            return
        assert self.keep(after)
        if action in domain.WITH_REASONS:
            assert why is not None
        if action == "sign":
            private = {each.organisation.ref for each in before.partners if each.role == "private"}
            assert private or before.kind == "bilateral"
            assert all(self.cleared.get(each, self.now.date()) >= self.now.date() for each in private)
            assert private <= self.cleared.keys()
            self.signed_with = domain.with_content(after, after)

    @rule()
    def sign(self):
        for partner in PARTNERS:
            self.clear(partner)
        self.act("sign", None, 0)

    @rule()
    def make_progress(self):
        if "activate" in domain.LIFECYCLE.allowed(self.agreement.state):
            self.act("activate", None, 0)

    @rule(tranche=st.integers(1, 3), amount=st.sampled_from([1, 300, 5000]), reference=st.sampled_from("RST"))
    def receive(self, tranche, amount, reference):
        receipt = MoneyReceipt(
            reference=reference, tranche=tranche, received_on="2026-03-01", amount=Decimal(amount)
        )
        try:
            after = domain.received(self.agreement, receipt, self.now.date())
        except (*REFUSED, domain.ReceiptExists):
            return
        assert self.keep(after)

    @rule(
        amount=st.sampled_from(AMOUNTS),
        tranches=parts,
        partners=st.sets(st.sampled_from(PARTNERS)),
        outcomes=st.sampled_from([(), ("3",), ("4",)]),
        is_whole=st.booleans(),
        kind=kinds,
    )
    def amend(self, amount, tranches, partners, outcomes, is_whole, kind):
        form = AmendmentForm(
            signed_on="2026-03-15", reasons="So it is", by="clerk", changes={"state": "draft"}
        )
        due = [amount] if is_whole else tranches
        told = content(amount, due, sorted(partners), outcomes, kind, state="draft")
        try:
            after = amended(self.agreement, told, form, at=self.now, places=NOWHERE, proposals={})
        except REFUSED:
            return
        assert not list(faults_of_agreement(AGREEMENTS.derive(after)))
        assert self.keep(after)
        self.signed_with = domain.with_content(after, after)

    @rule(amount=st.sampled_from([50, 200, 400]), code=st.sampled_from("WXYZ"), outcome=st.sampled_from("34"))
    def allocate(self, amount, code, outcome):
        allocation = Allocation.model_validate(
            sample.allocation(code, str(amount), programme_outcome={"biennium": "2026-27", "code": outcome})
        )
        held = {each.code for each in self.agreement.allocations}
        if self.agreement.state not in ALLOCATING or code in held:
            return
        after, (faults,) = allocated(self.agreement, [allocation], NOWHERE, unallocated(self.agreement))
        if not faults:
            assert self.keep(after)

    @invariant()
    def never_more_is_allocated_than_was_agreed(self):
        total = sum(each.amount for each in self.agreement.allocations)
        assert total <= self.agreement.amount.amount
        assert not total or self.agreement.state in SIGNED
        scope = self.agreement.scope.programme_outcomes
        assert all(not scope or each.programme_outcome.code in scope for each in self.agreement.allocations)

    @invariant()
    def what_was_signed_adds_up_and_was_scrutinised(self):
        if self.agreement.state not in SIGNED:
            assert (self.agreement.receipts, self.agreement.amendments) == ((), ())
            return
        assert sum(each.amount for each in self.agreement.tranches) == self.agreement.amount.amount
        assert {each.tranche for each in self.agreement.receipts} <= {
            each.number for each in self.agreement.tranches
        }
        private = {each.organisation.ref for each in self.agreement.partners if each.role == "private"}
        assert private <= {each.partner for each in self.agreement.due_diligence}

    @invariant()
    def what_was_signed_changes_by_amendment_alone(self):
        if self.signed_with is not None:
            assert domain.with_content(self.signed_with, self.agreement) == self.signed_with
            numbers = [each.number for each in self.agreement.amendments]
            assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def the_history_is_unbroken(self):
        steps = self.agreement.history
        states = ["draft", *(step.to_state for step in steps)]
        assert [step.from_state for step in steps] == states[:-1]
        assert states[-1] == self.agreement.state
        assert [step.at for step in steps] == sorted(step.at for step in steps)

    @invariant()
    def it_can_be_written_down_and_read_back(self):
        assert Agreement.from_json(self.agreement.to_json()) == self.agreement


TestAgreements = Agreements.TestCase
TestAgreements.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_machine_signs_amends_and_allocates_when_it_is_let():
    machine = Agreements()
    machine.begin(Decimal(300), {"XI-ONE"}, "bilateral")
    machine.sign()
    machine.make_progress()
    machine.receive(1, 300, "R")
    machine.clear("XI-TWO")
    machine.amend(Decimal(500), [], {"XI-ONE", "XI-TWO"}, (), is_whole=True, kind="public-private")
    machine.allocate(400, "X", "3")
    machine.allocate(400, "Y", "3")
    machine.act("complete", None, 1)
    agreement = machine.agreement
    assert (agreement.state, agreement.amount.amount) == ("completed", 500)
    assert (len(agreement.amendments), len(agreement.allocations), len(agreement.receipts)) == (1, 1, 1)
