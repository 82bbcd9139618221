"""Rules of agreements: what may be written, what signing takes, and what happens under a signed one."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.funding.partnerships import domain, due_diligence
from services.funding.partnerships.aggregates import AGREEMENTS
from services.funding.partnerships.amendments import AmendmentForm, amended
from services.funding.partnerships.faults import (
    faults_of_agreement,
    faults_of_pledge,
    faults_of_pool,
    faults_of_profile,
    faults_of_target,
)
from services.funding.partnerships.mobilisation import pledges
from services.funding.partnerships.places import Places
from services.projects.proposals.domain import LIFECYCLE as PROPOSALS
from shared.chassis.documents.routes import merge
from shared.contracts.funding.v1 import (
    Agreement,
    MobilisationTarget,
    MoneyReceipt,
    PartnerProfile,
    Pledge,
    Pool,
)
from shared.figures.lifecycle import IllegalStep
from shared.testing import partnerships as sample

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
NOTHING = Places({}, {}, {})


def draft(number="A", make=sample.agreement, **members):
    return AGREEMENTS.derive(domain.begun(Agreement.model_validate(make(number, **members))))


def act(agreement, action, **members):
    form = domain.AgreementStepForm(action=action, by="clerk", **{"reasons": "So it is", **members})
    return domain.acted(agreement, form, at=NOW, proposals={"P": "approved"})


def signed(**members):
    return act(draft(**members), "sign")


def codes(faults):
    return [(pointer, code) for pointer, code, _ in faults]


TRANCHES = sample.agreement("A")["tranches"]


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({}, None),
        ({"amount": None}, None),
        ({"tranches": []}, None),
        ({"tranches": TRANCHES[:1]}, ("/tranches", "tranches-differ-from-amount")),
        ({"tranches": [TRANCHES[0], {**TRANCHES[1], "number": 1}]}, ("/tranches/1/number", "duplicate-item")),
        (
            {"tranches": [{**TRANCHES[0], "due_on": "2026-02-09"}, TRANCHES[1]]},
            ("/tranches/0/due_on", "tranche-outside-period"),
        ),
        ({"effective_to": "2026-12-31"}, ("/tranches/1/due_on", "tranche-outside-period")),
        ({"effective_from": None, "effective_to": None}, None),
        (
            {"effective_to": "2026-02-09", "tranches": []},
            ("/effective_to", "period-ends-before-start"),
        ),
        ({"amount": {"amount": "1000000", "currency": "ZZZ"}}, ("/amount/currency", "unknown-currency")),
        ({"amount": {"amount": "1000000"}}, ("/amount/currency", "missing-currency")),
        (
            {"amount": {"amount": "0", "currency": "USD"}, "tranches": []},
            ("/amount/amount", "amount-not-positive"),
        ),
        (
            {"partners": [sample.partner("A", "funding")] * 2},
            ("/partners/1/organisation", "duplicate-item"),
        ),
        ({"partners": [sample.partner("A", "funding"), sample.partner("A", "private")]}, None),
        (
            {"reporting_duties": [{"code": "P", "kind": "audit", "due_on": "2026-01-01"}] * 2},
            ("/reporting_duties/1/code", "duplicate-item"),
        ),
        ({"proposals": ["P", "P"]}, ("/proposals/1", "duplicate-item")),
        ({"kind": "triangular"}, ("/partners", "cooperation-role-missing")),
        (
            {"pool": "RBSA", "earmarking": {"category": "4", "basis": "category"}},
            ("/aid_types", "pool-earmarked"),
        ),
    ],
)
def test_what_no_agreement_may_say(members, fault):
    agreement = Agreement.model_validate(sample.agreement("A", **members))
    assert codes(faults_of_agreement(agreement)) == ([fault] if fault else [])


def test_what_profiles_pools_pledges_and_targets_may_not_say():
    profile = {"organisation_identifier": "A", "names": [{"text": "A"}], "kinds": ["bilateral"] * 2}
    assert codes(faults_of_profile(PartnerProfile.model_validate(profile))) == [
        ("/kinds/1", "duplicate-item")
    ]
    pool = Pool.model_validate(sample.pool("RBSA", currency="ZZZ", countries=["KE", "KE"]))
    assert codes(faults_of_pool(pool)) == [
        ("/currency", "unknown-currency"),
        ("/countries/1", "duplicate-item"),
    ]
    pledge = Pledge.model_validate(sample.pledge("P", amount={"amount": "-1", "currency": "USD"}))
    assert codes(faults_of_pledge(pledge)) == [("/amount/amount", "amount-not-positive")]
    target = MobilisationTarget.model_validate(sample.target("X/progress"))
    assert codes(faults_of_target(target)) == [("/code", "reserved-identifier")]
    assert not [*faults_of_target(MobilisationTarget.model_validate(sample.target("ALL")))]


def test_a_new_agreement_is_a_draft_whatever_is_sent():
    claimed = draft(
        state="active",
        receipts=[{"reference": "R", "tranche": 1, "received_on": "2026-03-01", "amount": "1"}],
        due_diligence=[{"partner": "X", "state": "cleared"}],
        reporting_duties=[
            {"code": "P1", "kind": "final", "due_on": "2026-06-30", "delivered_on": "2026-06-01"}
        ],
    )
    assert (claimed.state, claimed.receipts, claimed.due_diligence) == ("draft", (), ())
    assert claimed.reporting_duties[0].delivered_on is None


def test_the_content_of_a_draft_alone_may_be_written():
    other = Agreement.model_validate(sample.agreement("A", support_cost_rate="13"))
    assert domain.revised(draft(), other).support_cost_rate == 13
    assert domain.revised(signed(), draft()) == signed()
    with pytest.raises(domain.ContentLocked):
        domain.revised(signed(), other)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"amount": None}, ("/amount", "amount-missing")),
        ({"effective_to": None}, ("/effective_from", "period-missing")),
        ({"tranches": []}, ("/tranches", "tranches-missing")),
        ({"partners": [sample.partner("A", "provider")]}, ("/partners", "funding-partner-missing")),
        ({"kind": "supplementary-account"}, ("/pool", "pool-missing")),
        ({"kind": "public-private"}, ("/partners", "private-partner-missing")),
        ({"signed_on": "2026-07-02"}, ("/signed_on", "date-in-future")),
    ],
)
def test_what_signing_takes(members, fault):
    with pytest.raises(domain.GateClosed) as refused:
        act(draft(**members), "sign")
    assert (refused.value.code, codes(refused.value.faults)) == ("agreement-incomplete", [fault])


def test_signing_tells_the_day_where_the_content_does_not():
    assert signed(signed_on=None).signed_on == TODAY
    assert signed().signed_on == date(2026, 2, 10)


@pytest.mark.parametrize(("state", "passes"), [
    (None, False), ("draft", False), ("submitted-for-appraisal", False), ("declined", False),
    ("passed", True), ("active", True), ("financially-closed", True),
])  # fmt: skip
def test_no_money_without_a_passed_appraisal(state, passes):
    agreement = draft(proposals=["P"])
    form = domain.AgreementStepForm(action="sign", by="clerk")
    states = {} if state is None else {"P": state}
    if passes:
        assert domain.acted(agreement, form, at=NOW, proposals=states).state == "signed"
    else:
        with pytest.raises(domain.GateClosed, match="proposal-not-passed"):
            domain.acted(agreement, form, at=NOW, proposals=states)


def test_the_states_that_count_as_passed_are_those_behind_the_gate():
    reached = set(PROPOSALS.states) - PROPOSALS.reachable([PROPOSALS.initial], without=["pass"])
    assert reached - set(domain.PASSED) == {"declined"}
    assert set(domain.PASSED) <= reached | {"suspended"}


def scrutinise(agreement, action, **members):
    told = {"partner": sample.COMPANY, "by": "legal", "reasons": "So it is", **members}
    form = due_diligence.DueDiligenceForm(action=action, **told)
    assert due_diligence.faults_of_form(agreement, form, TODAY) == []
    return due_diligence.scrutinised(agreement, form, NOW)


def test_a_private_partner_is_cleared_before_signing():
    agreement = draft(make=sample.public_private)
    for action in ("begin", "clear", "expire", "reopen", "refuse"):
        with pytest.raises(domain.GateClosed, match="due-diligence-not-cleared"):
            act(agreement, "sign")
        agreement = scrutinise(agreement, action)
        if action == "clear":
            assert act(agreement, "sign").state == "signed"
            break
    expired = scrutinise(agreement, "expire")
    with pytest.raises(domain.GateClosed, match="due-diligence-not-cleared"):
        act(expired, "sign")
    assert [step.action for step in expired.due_diligence[0].history] == ["begin", "clear", "expire"]


def test_a_private_partner_is_cleared_whatever_the_agreement_is_called():
    partners = sample.public_private("A")["partners"]
    with pytest.raises(domain.GateClosed, match="due-diligence-not-cleared"):
        act(draft(partners=partners), "sign")
    with pytest.raises(domain.GateClosed, match="due-diligence-not-cleared"):
        amend(signed(), {"partners": partners, "kind": "public-private"})


def test_a_clearance_that_ran_out_is_none():
    under_review = scrutinise(draft(make=sample.public_private), "begin")
    cleared = scrutinise(under_review, "clear", valid_to=TODAY)
    assert due_diligence.is_cleared(cleared, sample.COMPANY, TODAY)
    assert not due_diligence.is_cleared(cleared, sample.COMPANY, TODAY + timedelta(days=1))
    assert not due_diligence.is_cleared(cleared, None, TODAY)


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"partner": "NOBODY", "action": "begin"}, ("/partner", "unknown-private-partner")),
        ({"partner": sample.COMPANY, "action": "refuse"}, ("/reasons", "reasons-missing")),
        (
            {"partner": sample.COMPANY, "action": "clear", "valid_to": "2026-06-30"},
            ("/valid_to", "invalid-validity"),
        ),
        (
            {"partner": sample.COMPANY, "action": "begin", "valid_to": "2027-06-30"},
            ("/valid_to", "invalid-validity"),
        ),
    ],
)
def test_what_a_step_of_due_diligence_takes(form, fault):
    told = due_diligence.DueDiligenceForm.model_validate({"by": "legal", **form})
    assert codes(due_diligence.faults_of_form(draft(make=sample.public_private), told, TODAY)) == [fault]


def receipt(reference="R", **members):
    told = {"reference": reference, "tranche": 1, "received_on": "2026-03-05", "amount": "400000"}
    return MoneyReceipt.model_validate({**told, **members})


def test_money_comes_in_once_under_its_reference():
    agreement = domain.received(signed(), receipt(), TODAY)
    assert domain.received(agreement, receipt(), TODAY) == agreement
    assert domain.received(act(agreement, "terminate"), receipt(), TODAY).receipts == agreement.receipts
    with pytest.raises(domain.ReceiptExists):
        domain.received(agreement, receipt(amount="1"), TODAY)
    assert len(domain.received(agreement, receipt("S", amount="9000000"), TODAY).receipts) == 2


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"tranche": 3}, ("/tranche", "unknown-tranche")),
        ({"received_on": "2026-07-02"}, ("/received_on", "date-in-future")),
    ],
)
def test_what_a_receipt_takes(members, fault):
    with pytest.raises(domain.StepRefused) as refused:
        domain.received(signed(), receipt(**members), TODAY)
    assert codes(refused.value.faults) == [fault]


def test_no_money_comes_in_for_a_draft():
    with pytest.raises(IllegalStep):
        domain.received(draft(), receipt(), TODAY)


def test_a_report_is_delivered():
    form = domain.DeliveryForm(code="P1", delivered_on=TODAY, by="clerk")
    agreement = domain.delivered(signed(), form, TODAY)
    assert agreement.reporting_duties[0].delivered_on == TODAY
    for wrong in ({"code": "P2"}, {"delivered_on": TODAY + timedelta(days=1)}):
        with pytest.raises(domain.StepRefused):
            domain.delivered(agreement, form.model_copy(update=wrong), TODAY)
    completed = act(act(signed(), "activate"), "complete")
    assert domain.delivered(completed, form, TODAY).reporting_duties[0].delivered_on == TODAY
    for over in (draft(), act(signed(), "terminate")):
        with pytest.raises(IllegalStep):
            domain.delivered(over, form, TODAY)


def amend(agreement, changes, **members):
    told = {"signed_on": "2026-05-01", "reasons": "Cost", "by": "clerk", "changes": changes, **members}
    form = AmendmentForm.model_validate(told)
    content = Agreement.model_validate(merge(agreement.model_dump(mode="json"), changes))
    return amended(agreement, content, form, at=NOW, places=NOTHING, proposals={"P": "approved"})


def larger(first="400000", second="800000", total="1200000", currency="USD"):
    tranches = [{**TRANCHES[0], "amount": first}, {**TRANCHES[1], "amount": second}]
    return {"amount": {"amount": total, "currency": currency}, "tranches": tranches}


def test_an_amendment_is_recorded_with_what_it_changed():
    agreement = amend(signed(), {**larger(), "effective_to": "2029-12-31", "state": "draft"})
    (record,) = agreement.amendments
    assert (agreement.state, agreement.amount.amount, record.number) == ("signed", 1200000, 1)
    assert record.members == ("effective_to", "amount", "tranches")
    assert (record.amount_before, record.amount_after) == (1000000, 1200000)
    assert (record.end_before, record.end_after) == (date(2028, 12, 31), date(2029, 12, 31))
    again = amend(agreement, {"support_cost_rate": "13"})
    assert (again.amendments[1].number, again.amendments[1].amount_before) == (2, None)


def test_an_amendment_keeps_the_day_of_signature_and_derives_the_earmarking():
    agreement = amend(signed(), {"signed_on": "2020-01-01", "aid_types": [{"code": "B021"}]})
    assert agreement.signed_on == date(2026, 2, 10)
    assert agreement.earmarking.category == "1"


@pytest.mark.parametrize(
    ("changes", "members", "fault"),
    [
        ({"kind": "bilateral"}, {}, ("/changes", "nothing-amended")),
        (larger(total="1000000"), {}, ("/changes/tranches", "tranches-differ-from-amount")),
        ({"effective_to": None}, {}, ("/changes/effective_from", "period-missing")),
        (larger(currency="EUR"), {}, ("/changes/amount/currency", "currency-changed")),
        (
            {"tranches": [{**TRANCHES[1], "amount": "1000000"}]},
            {},
            ("/changes/tranches", "tranche-with-receipts"),
        ),
        (larger("100", "200", "300"), {}, ("/changes/amount/amount", "allocation-over-agreement")),
        (
            {"scope": {"programme_outcomes": ["4"]}},
            {},
            ("/changes/scope", "allocation-outside-earmarking"),
        ),
        ({"pool": "RBSA", "aid_types": []}, {}, ("/changes/pool", "money-in-pool")),
        (larger(), {"signed_on": "2026-07-02"}, ("/signed_on", "date-in-future")),
        (larger(), {"signed_on": "2026-02-09"}, ("/signed_on", "amended-before-signed")),
    ],
)
def test_what_an_amendment_may_not_break(changes, members, fault):
    allocated = Agreement.model_validate(
        sample.agreement("A", allocations=[sample.allocation("X", "5000")])
    ).allocations
    agreement = domain.received(signed(), receipt(), TODAY).model_copy(update={"allocations": allocated})
    with pytest.raises(domain.StepRefused) as refused:
        amend(agreement, changes, **members)
    assert codes(refused.value.faults) == [fault]


def test_what_an_amendment_adds_passes_the_gates():
    company = sample.partner("XI-OTHER", "private")
    agreement = scrutinise(scrutinise(draft(make=sample.public_private), "begin"), "clear")
    agreement = act(agreement, "sign")
    partners = [*sample.public_private("A")["partners"], company]
    with pytest.raises(domain.GateClosed, match="due-diligence-not-cleared"):
        amend(agreement, {"partners": partners})
    agreement = scrutinise(agreement, "expire")  # of the one that was cleared when it was signed
    for action in ("begin", "clear"):
        agreement = scrutinise(agreement, action, partner="XI-OTHER")
    assert len(amend(agreement, {"partners": partners}).partners) == 3
    with pytest.raises(domain.GateClosed, match="proposal-not-passed"):
        amend(agreement, {"proposals": ["Q"]})


def test_only_what_is_in_force_is_amended():
    with pytest.raises(IllegalStep):
        amend(draft(), larger())


@pytest.mark.parametrize("action", domain.WITH_REASONS)
def test_who_stops_an_agreement_tells_why(action):
    before = next(step.before[-1] for step in domain.LIFECYCLE.steps if step.action == action)
    agreement = draft().model_copy(update={"state": before})
    with pytest.raises(domain.StepRefused):
        act(agreement, action, reasons=None)
    assert act(agreement, action).history[-1].reasons == "So it is"


def test_a_pledge_is_converted_into_an_agreement_or_withdrawn():
    pledge = pledges.begun(Pledge.model_validate(sample.pledge("P", state="converted", agreement="A")))
    assert (pledge.state, pledge.agreement) == ("open", None)
    convert = pledges.PledgeStepForm(action="convert", by="clerk", agreement="A")
    converted = pledges.acted(pledge, convert, at=NOW, is_known=True)
    assert (converted.state, converted.agreement) == ("converted", "A")
    with pytest.raises(domain.StepRefused):
        pledges.acted(pledge, convert, at=NOW, is_known=False)
    withdraw = pledges.PledgeStepForm(action="withdraw", by="clerk")
    with pytest.raises(domain.StepRefused):
        pledges.acted(pledge, withdraw, at=NOW, is_known=False)
    with pytest.raises(IllegalStep):
        pledges.acted(converted, withdraw, at=NOW, is_known=False)
    with pytest.raises(domain.ContentLocked):
        pledges.revised(converted, Pledge.model_validate(sample.pledge("P", probability="50")))
    assert pledges.revised(converted, pledge) == converted
