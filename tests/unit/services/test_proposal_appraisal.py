"""Who may appraise, how scores add up, and what it takes to pass."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.projects.proposals import domain
from services.projects.proposals.appraisal import counting, score, threshold, verdict
from shared.contracts.projects.v1 import AppraisalForm, CriteriaSet, Proposal
from shared.figures.lifecycle import IllegalStep
from shared.testing import proposals as sample

CRITERIA = CriteriaSet.model_validate(sample.criteria_set())
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def begun(**members):
    return domain.begun(Proposal.model_validate(sample.proposal("P-1", **members)))


def step(proposal, action, *, by="clerk", at=NOON, **members):
    form = domain.ProposalStepForm.model_validate({"action": action, "by": by, **members})
    return domain.acted(proposal, form, at=at, criteria=CRITERIA)


def submitted(**members):
    return step(step(begun(**members), "develop"), "submit")


def appraise(proposal, person, *args, **members):
    form = AppraisalForm.model_validate(sample.appraisal(person, *args, **members))
    return domain.appraised(proposal, form, at=NOON, criteria=CRITERIA)


def scored(**scores):
    given = sample.appraisal("x")["scores"]
    return [{**each, "score": scores.get(each["criterion"], each["score"])} for each in given]


def codes(proposal):
    return sorted({code for _, code, _ in verdict(proposal, CRITERIA)})


@pytest.mark.parametrize(
    ("amount", "currency", "appraisers", "minimum"),
    [
        ("0", "USD", 1, "1.8"),
        ("999999.99", "USD", 1, "1.8"),
        ("1000000", "USD", 2, "2"),
        ("5000000", "USD", 3, "2.2"),
        ("1", "EUR", 3, "2.2"),
    ],
)
def test_the_amount_tells_what_it_takes(amount, currency, appraisers, minimum):
    needed = threshold(begun(amount={"amount": amount, "currency": currency}), CRITERIA)
    assert (needed.appraisers, needed.weighted_score) == (appraisers, Decimal(minimum))


def test_what_is_not_relevant_has_no_weight():
    proposal = appraise(submitted(), "b", scores=scored(value="X", partners="X", logic="1"))
    total = score([each for _, each in counting(proposal)], CRITERIA)
    assert total == (Decimal("29.0"), Decimal("11.0"))
    assert total.reaches(Decimal("2.6"))
    assert not total.reaches(Decimal("2.64"))


def test_the_newest_appraisal_of_each_appraiser_counts():
    proposal = appraise(appraise(submitted(), "b", "1"), " B ", "3")
    assert [place for place, _ in counting(proposal)] == [1]
    assert codes(proposal) == ["too-few-appraisers"]
    assert len(proposal.appraisals) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["too-few-appraisers"]),
        ([("b", "2"), ("c", "2")], []),
        ([("b", "1"), ("c", "2")], ["required-criterion-unsatisfactory", "score-below-minimum"]),
        ([("b", "3"), ("c", "1")], ["required-criterion-unsatisfactory"]),
    ],
)
def test_what_the_appraisals_lack(given, expected):
    proposal = submitted()
    for person, marks in given:
        proposal = appraise(proposal, person, marks)
    assert codes(proposal) == expected


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"appraiser": {"person": "a.author"}}, "/appraiser/person", "conflict-of-interest"),
        ({"appraiser": {"person": " A.Author "}}, "/appraiser/person", "conflict-of-interest"),
        ({"appraiser": {"person": "b", "unit": "employment"}}, "/appraiser/unit", "conflict-of-interest"),
        ({"appraiser": {"person": "Employment"}}, "/appraiser/person", "conflict-of-interest"),
        ({"scores": scored()[1:]}, "/scores", "required-criterion-not-scored"),
        ({"scores": scored(logic="X")}, "/scores", "required-criterion-not-scored"),
        ({"scores": scored(logic="4")}, "/scores/0/score", "unknown-score"),
        ({"scores": [*scored(), scored()[0]]}, "/scores/11/criterion", "duplicate-score"),
        (
            {"scores": [*scored(), {**scored()[0], "criterion": "luck"}]},
            "/scores/11/criterion",
            "unknown-criterion",
        ),
    ],
)
def test_an_appraisal_that_does_not_count_is_not_recorded(members, pointer, code):
    with pytest.raises(domain.StepRefused) as told:
        appraise(submitted(), "b", **members)
    assert (pointer, code) in [fault[:2] for fault in told.value.faults]


def test_who_once_was_an_author_may_not_appraise():
    proposal = step(begun(), "develop")
    content = Proposal.model_validate(sample.proposal("P-1", authors=[{"name": "somebody.else"}]))
    proposal = step(domain.revised(proposal, content), "submit")
    with pytest.raises(domain.StepRefused):
        appraise(proposal, "a.author")


@pytest.mark.parametrize("action", ["pass", "return", "reject"])
def test_who_wrote_it_does_not_decide(action):
    proposal = appraise(appraise(submitted(), "b"), "c")
    with pytest.raises(domain.StepRefused) as told:
        step(proposal, action, by="A.AUTHOR", reasons="It is good")
    assert [fault[:2] for fault in told.value.faults] == [("/by", "conflict-of-interest")]


@pytest.mark.parametrize("state", [state for state in domain.LIFECYCLE.states if state != domain.SUBMITTED])
def test_only_what_is_under_appraisal_is_appraised(state):
    proposal = submitted().model_copy(update={"state": state})
    with pytest.raises(IllegalStep):
        appraise(proposal, "b")


@pytest.mark.parametrize("state", domain.LIFECYCLE.states)
def test_content_changes_where_it_may(state):
    proposal = submitted().model_copy(update={"state": state})
    content = Proposal.model_validate(sample.proposal("P-1", risks=[], state="approved", revision=9))
    assert domain.revised(proposal, proposal) is proposal
    if state in domain.WRITABLE:
        changed = domain.revised(proposal, content)
        assert (changed.risks, changed.state, changed.revision) == ((), state, 1)
        assert changed.history == proposal.history
    else:
        with pytest.raises(domain.ContentLocked):
            domain.revised(proposal, content)


@pytest.mark.parametrize("action", domain.WITH_REASONS)
def test_reasons_are_given_where_they_are_owed(action):
    state = next(each.before[0] for each in domain.LIFECYCLE.steps if each.action == action)
    proposal = begun().model_copy(update={"state": state})
    with pytest.raises(domain.StepRefused) as told:
        step(proposal, action)
    assert told.value.faults[0][:2] == ("/reasons", "reasons-missing")


def test_a_turnaround_is_told_in_days_of_the_calendar():
    proposal = submitted()
    (waiting,) = proposal.turnaround
    assert (waiting.submitted_at, waiting.days, waiting.decision) == (NOON, None, None)
    returned = step(proposal, "return", reasons="No baseline", at=NOON + timedelta(days=3, hours=13))
    (decided,) = returned.turnaround
    assert (decided.days, decided.decision) == (4, "returned")
    again = step(returned, "submit", at=NOON + timedelta(days=6))
    assert [each.days for each in again.turnaround] == [4, None]
    assert again.revision == 2


def test_time_does_not_go_back_in_a_history():
    proposal = step(submitted(), "return", reasons="No baseline", at=NOON - timedelta(days=1))
    assert proposal.turnaround[0].days == 0


def test_no_way_to_a_donor_leaves_the_gate_out():
    beyond = domain.LIFECYCLE.reachable(["passed"], without=["return", "cancel"])
    around = domain.LIFECYCLE.reachable(["concept"], without=["pass"])
    assert around.isdisjoint(beyond)
