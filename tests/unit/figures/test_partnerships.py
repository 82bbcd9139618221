"""New donors, approvals against targets, and what is in a pool."""

from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.funding.v1 import Agreement, Pool
from shared.figures.biennium import Biennium
from shared.figures.partnerships import (
    Geography,
    Inflow,
    Measured,
    Slice,
    approvals_of,
    first_contribution,
    is_new_donor,
    pool_balance,
    progress,
    receipts_of,
    share_of,
)
from shared.figures.rates import Rate, RateTable
from shared.testing import partnerships as sample

DAY = date(2026, 2, 10)
TABLE = RateTable([Rate("ECB", "ecb-daily", "EUR", "USD", DAY, Decimal("1.2"))])
NOWHERE = Geography({}, {})
WHERE = Geography(
    {"KEN": "KE", "NPL": "NP"}, {"KE": frozenset({"AFRICA"}), "NP": frozenset({"ASIA-PACIFIC"})}
)
BIENNIUM = Biennium(2026)


def agreement(number="A", **members):
    return Agreement.model_validate(sample.agreement(number, **{"state": "signed", **members}))


def measured(amount="1000000", currency="USD", year=2026, **part):
    biennium = Biennium(year)
    return Measured(Decimal(amount), currency, biennium.start, biennium.end, Slice(**part))


def approved(target, *agreements, table=TABLE, where=WHERE):
    return progress(target, ((each, approvals_of(each)) for each in agreements), table, where)


def one_tranche(amount, currency="USD", due_on="2026-03-01"):
    return {
        "amount": {"amount": amount, "currency": currency},
        "tranches": [{"number": 1, "due_on": due_on, "amount": amount}],
    }


@pytest.mark.parametrize(
    ("told", "received", "first"),
    [
        (None, [], None),
        (date(2001, 5, 1), [], date(2001, 5, 1)),
        (None, [date(2026, 3, 1), date(2025, 1, 1)], date(2025, 1, 1)),
        (date(2001, 5, 1), [date(2025, 1, 1)], date(2001, 5, 1)),
        (date(2025, 5, 1), [date(2025, 1, 1)], date(2025, 1, 1)),
    ],
)
def test_the_first_contribution_is_the_earlier_of_what_is_told_and_received(told, received, first):
    assert first_contribution(told, received) == first


def test_a_donor_is_new_in_the_period_of_its_first_contribution_alone():
    first = date(2026, 1, 1)
    assert is_new_donor(first, date(2026, 1, 1), date(2027, 12, 31)) is True
    assert is_new_donor(first, date(2024, 1, 1), date(2025, 12, 31)) is False
    assert is_new_donor(first, date(2028, 1, 1), date(2029, 12, 31)) is False
    assert is_new_donor(None, date(2026, 1, 1), date(2027, 12, 31)) is None


@pytest.mark.parametrize(
    ("target", "reached", "share"),
    [("368600000", "312200000", "0.8470"), ("36400000", "20900000", "0.5742"), ("450000000", "0", "0")],
)
def test_the_vectors_of_the_annual_report(target, reached, share):
    """ILO Annual Report 2018: approvals 312.2 against 368.6 million, RBSA 20.9 against a target of 36.4."""
    agreements = [agreement(**one_tranche(reached))] if reached != "0" else []
    figure = approved(measured(target), *agreements)
    assert (figure.target, figure.reached) == (Decimal(target), Decimal(reached))
    assert round(figure.share, 4) == Decimal(share)
    assert figure.is_complete


def test_the_target_of_2010_11_counts_agreements_of_that_biennium_alone():
    within = agreement("W", signed_on="2010-07-01", **one_tranche("260000000", due_on="2026-03-01"))
    later = agreement("L", **one_tranche("100000000"))
    figure = approved(measured("450000000", year=2010), within, later)
    assert (figure.reached, figure.values) == (Decimal(260000000), 1)


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_what_was_not_signed_is_no_approval(state):
    assert approved(measured(), agreement(state=state)).values == 0


def test_a_change_of_the_amount_counts_on_the_day_of_its_own():
    changed = {
        "number": 1,
        "signed_on": "2028-03-01",
        "reasons": "More",
        "by": "clerk",
        "at": "2028-03-02T00:00:00Z",
        "members": ["amount"],
        "amount_before": "700000",
        "amount_after": "1000000",
    }
    found = agreement(amendments=[changed])
    assert list(approvals_of(found)) == [
        Inflow("A", DAY, Decimal(700000), "USD"),
        Inflow("A", date(2028, 3, 1), Decimal(300000), "USD"),
    ]
    assert approved(measured(), found).reached == Decimal(700000)


def test_receipts_count_on_the_day_that_they_came_in():
    receipt = {"reference": "R", "tranche": 1, "received_on": "2026-05-01", "amount": "5"}
    found = agreement(receipts=[receipt, {**receipt, "reference": "S", "received_on": "2028-01-01"}])
    figure = progress(measured(), [(found, receipts_of(found))], TABLE, WHERE)
    assert (figure.reached, figure.values) == (Decimal(5), 1)


def test_the_rate_of_the_day_of_signature_applies_and_without_one_nothing_is_counted():
    euros = agreement("E", **one_tranche("100", "EUR"))
    late = agreement("N", signed_on="2026-06-01", **one_tranche("70", "EUR"))
    figure = approved(measured(), euros, late)
    assert figure.reached == Decimal(120)
    assert figure.without_rate == (Inflow("N", date(2026, 6, 1), Decimal(70), "EUR"),)
    assert not figure.is_complete
    assert approved(measured(), late).reached is None


OUTCOME = sample.allocation("X", "250000")
KENYA = {**OUTCOME, "country_outcome": {"programme": "KEN", "code": "KEN 101"}}


@pytest.mark.parametrize(
    ("part", "members", "share"),
    [
        ({"kind": "triangular"}, {}, (0, 1)),
        ({"kind": "bilateral"}, {}, (1, 1)),
        ({"outcome": "3"}, {}, None),
        ({"outcome": "3"}, {"scope": {"programme_outcomes": ["3"]}}, (1, 1)),
        ({"outcome": "3"}, {"scope": {"programme_outcomes": ["4"]}}, (0, 1)),
        ({"outcome": "3"}, {"scope": {"programme_outcomes": ["3", "4"]}}, None),
        (
            {"outcome": "3"},
            {"scope": {"programme_outcomes": ["3", "4"]}, "allocations": [OUTCOME]},
            (250000, 1000000),
        ),
        ({"outcome": "4"}, {"allocations": [OUTCOME]}, (0, 1000000)),
        ({"region": "AFRICA"}, {"scope": {"countries": ["KE"]}}, (1, 1)),
        ({"region": "AFRICA"}, {"scope": {"countries": ["NP"]}}, (0, 1)),
        ({"region": "AFRICA"}, {"scope": {"countries": ["KE", "NP"]}}, None),
        ({"region": "AFRICA"}, {"scope": {"countries": ["ZZ"]}}, None),
        ({"region": "AFRICA"}, {"scope": {"regions": ["AFRICA"]}}, (1, 1)),
        ({"region": "AFRICA"}, {"scope": {"regions": ["AMERICAS"]}}, (0, 1)),
        ({"region": "AFRICA"}, {"allocations": [KENYA, {**OUTCOME, "code": "Y"}]}, (250000, 1000000)),
        ({"region": "AFRICA", "outcome": "4"}, {"allocations": [KENYA]}, (0, 1000000)),
        (
            {"region": "AFRICA", "outcome": "3"},
            {"scope": {"regions": ["AFRICA"]}, "allocations": [OUTCOME]},
            (250000, 1000000),
        ),
    ],
)
def test_how_much_of_an_agreement_belongs_to_a_part(part, members, share):
    assert share_of(agreement(**members), Slice(**part), WHERE) == share


def test_what_is_divided_counts_in_part_and_what_can_not_be_is_told():
    divided = agreement("D", allocations=[OUTCOME])
    figure = approved(measured(outcome="3"), divided, agreement("U"))
    assert (figure.reached, figure.undivided) == (Decimal(250000), ("U",))
    assert approved(measured(outcome="3"), agreement("U")).reached is None


def pool(**members):
    return Pool.model_validate(sample.pool("RBSA", **members))


def test_a_pool_holds_what_was_carried_over_and_the_tranches_of_its_biennium():
    dollars = agreement("D", pool="RBSA", **one_tranche("100"))
    euros = agreement("E", pool="RBSA", **one_tranche("100", "EUR"))
    undated = agreement("N", pool="RBSA", signed_on="2026-06-01", **one_tranche("10", "EUR"))
    later = agreement("L", pool="RBSA", **one_tranche("7", due_on="2028-03-01"))
    other = agreement("O", pool="OTHER", **one_tranche("7"))
    draft = agreement("R", pool="RBSA", state="draft", **one_tranche("7"))
    found = pool(target="440", allocations=[sample.allocation("A", "30")])
    balance = pool_balance(found, [dollars, euros, undated, later, other, draft], BIENNIUM, TABLE)
    assert [(each.agreement, each.converted) for each in balance.contributions] == [
        ("D", 100),
        ("E", 120),
        ("N", None),
    ]
    assert (balance.contributed, balance.allocated, balance.available) == (220, 30, 50190)
    assert balance.share_of_target == Decimal("0.5")
    assert balance.money == 50220


def test_of_a_terminated_agreement_only_what_came_in_is_in_the_pool():
    received = [{"reference": "R", "tranche": 1, "received_on": "2026-05-01", "amount": "60"}]
    ended = agreement(pool="RBSA", state="terminated", receipts=received, **one_tranche("100"))
    assert pool_balance(pool(), [ended], BIENNIUM, TABLE).contributed == 60


def test_a_pool_that_nothing_is_known_of_is_empty():
    balance = pool_balance(pool(carried_over=None, target=None), [], BIENNIUM, TABLE)
    assert (balance.available, balance.carried_over, balance.share_of_target) == (0, None, None)
