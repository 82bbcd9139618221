"""The sample's partnerships: of every kind, within the rules, and marked as a sample."""

from collections import Counter
from datetime import UTC, datetime

from deploy.local.sample import REFERENCE, partnerships
from services.funding.partnerships import domain
from services.funding.partnerships.faults import (
    faults_of_agreement,
    faults_of_pledge,
    faults_of_pool,
    faults_of_profile,
    faults_of_target,
)
from shared.contracts.funding.v1 import Agreement, Allocation, MoneyReceipt, Pledge, Pool

STORIES = list(partnerships.stories())
AGREEMENTS = {
    story.calls[0].body["number"]: story for story in STORIES if story.address.startswith("/v1/agreements")
}


def content(story):
    return Agreement.model_validate(story.calls[0].body)


def steps(story, below):
    return [call.body for call in story.calls if call.path.endswith(f"/{below}")]


def test_there_are_agreements_of_every_kind():
    kinds = Counter(content(story).kind for story in AGREEMENTS.values())
    assert sum(kinds.values()) == 40
    assert (kinds["south-south"], kinds["triangular"], kinds["supplementary-account"]) == (1, 2, 6)
    assert min(kinds["bilateral"], kinds["multi-donor"], kinds["public-private"]) >= 4
    assert sum(len(story.calls) for story in STORIES) <= 260


def test_they_can_be_signed_and_are_marked_as_a_sample():
    now = datetime.combine(REFERENCE, datetime.min.time(), UTC)
    for story in AGREEMENTS.values():
        agreement = content(story)
        assert agreement.sample
        assert all(each.text.endswith(("(sample)", "(exemple)")) for each in agreement.titles)
        assert not list(faults_of_agreement(agreement))
        assert not list(domain.lacking(agreement, now.date()))
        assert all(each.startswith("SAMPLE-") for each in agreement.proposals)


def test_what_is_done_keeps_within_what_was_agreed():
    states = Counter()
    for story in AGREEMENTS.values():
        agreement, state = content(story), "draft"
        for body in steps(story, "actions"):
            state = domain.LIFECYCLE.after(state, body["action"])
        states[state] += 1
        received = [MoneyReceipt.model_validate(body) for body in steps(story, "receipts")]
        assert {each.tranche for each in received} <= {each.number for each in agreement.tranches}
        assert all(each.received_on <= REFERENCE for each in received)
        allocated = [Allocation.model_validate(body) for body in steps(story, "allocations")]
        assert sum(each.amount for each in allocated) <= agreement.amount.amount
    assert set(states) == {"draft", "signed", "active", "suspended", "terminated"}


def test_some_tranches_are_overdue_on_the_day_of_reference():
    overdue = [
        story
        for story in AGREEMENTS.values()
        if sum(each.due_on < REFERENCE for each in content(story).tranches)
        > len(steps(story, "receipts"))
        > 0
    ]
    assert len(overdue) >= 3


def test_earmarking_goes_from_none_to_tight():
    modalities = {
        each.code
        for story in AGREEMENTS.values()
        for each in content(story).aid_types
        if each.vocabulary == "3"
    }
    assert modalities == {"E", "G", "I"}
    assert any(not content(story).scope.countries for story in AGREEMENTS.values())


def test_pools_pledges_profiles_and_targets_keep_the_rules():
    pools = [story for story in STORIES if story.address.startswith("/v1/pools")]
    assert [story.calls[0].body["biennium"] for story in pools] == ["2024-25", "2026-27"]
    for story in pools:
        assert not list(faults_of_pool(Pool.model_validate(story.calls[0].body)))
    for story in STORIES:
        if story.address.startswith("/v1/pledges"):
            assert not list(faults_of_pledge(Pledge.model_validate(story.calls[0].body)))
    profiles, targets = (each.documents for each in partnerships.documents())
    assert not [fault for each in profiles for fault in faults_of_profile(each)]
    assert not [fault for each in targets for fault in faults_of_target(each)]
    assert {each.identifier: each.amount.amount for each in targets}["2010-11/ALL"] == 450_000_000
    assert all(each.sample for each in (*profiles, *targets))


def test_the_sample_is_the_same_each_time():
    assert list(partnerships.stories()) == STORIES
