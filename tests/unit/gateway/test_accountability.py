"""Rules of the pages about accountability: who funds what, what is levied, and what a share is made of."""

from datetime import date
from decimal import Decimal

import pytest

from gateway.money import money_by_stage
from gateway.results.accountability.agreements import duties, told_agreement
from gateway.results.accountability.amounts import amounts, flexible_shares
from gateway.results.accountability.appraisals import ProposalInBrief, turnaround_of
from gateway.results.accountability.delivered import Yardstick, delivery_row, named, whole_of
from gateway.results.accountability.field_office import offices_below
from gateway.results.accountability.funders import first_of, funders, funds_alone, levy_of
from gateway.results.accountability.schemas import ShortList, TrainingTold
from gateway.results.terms import Terms
from shared.contracts.funding.v1 import (
    Agreement,
    AgreementPartner,
    Earmarking,
    EarmarkingScope,
    MoneyReceipt,
    PartnerProfile,
    ReportingDuty,
    Tranche,
)
from shared.contracts.iati import Money, Narrative, Organisation
from shared.contracts.monitoring.v1 import Training
from shared.contracts.projects.v1 import FieldOffice, Turnaround
from shared.figures.biennium import Biennium
from shared.figures.converted import Dated
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.figures.rates import Rate, RateTable

TODAY = date(2026, 7, 1)
TEXT = (Narrative(text="Work"),)
AS_AGREED = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB")
TABLE = RateTable([Rate("ECB", "ecb-daily", "EUR", "USD", date(2026, 6, 30), Decimal("1.25"))])
IN_DOLLARS = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB", "USD", TABLE)


def partner(ref: str | None, role: str = "funding", type_: str | None = "10", country: str | None = None):
    return AgreementPartner(organisation=Organisation(ref=ref, type=type_), role=role, country=country)


def agreement(*partners: AgreementPartner, **members) -> Agreement:
    told = {"number": "A", "titles": TEXT, "kind": "bilateral", "partners": partners, "state": "active"}
    return Agreement(**told | members)


def received(*days: date) -> tuple[MoneyReceipt, ...]:
    return tuple(
        MoneyReceipt(reference=str(number), tranche=1, received_on=day, amount=Decimal(1))
        for number, day in enumerate(days)
    )


@pytest.mark.parametrize(
    ("roles", "funding"),
    [
        (("funding", "private", "implementing"), ["0"]),
        (("provider", "pivot", "beneficiary"), ["0"]),
        (("implementing", "private"), ["1"]),
        (("funding", "funding"), ["0", "1"]),
        (("beneficiary",), []),
    ],
)
def test_who_funds_is_told_by_the_first_role_that_somebody_has(roles, funding):
    partners = [partner(str(place), role) for place, role in enumerate(roles)]
    assert [each.organisation.ref for each in funders(agreement(*partners))] == funding


def test_money_with_others_is_nobodys_own_even_if_they_have_no_identifier():
    assert funds_alone(agreement(partner("SE-0")), "SE-0")
    assert not funds_alone(agreement(partner("SE-0"), partner(None)), "SE-0")


@pytest.mark.parametrize(
    ("told", "own", "shared", "first"),
    [
        (None, (), (), (None, None)),
        (date(2010, 1, 1), (date(2026, 3, 1),), (), (date(2010, 1, 1), False)),
        (None, (date(2026, 3, 1),), (), (date(2026, 3, 1), True)),
        (None, (date(2026, 3, 1),), (date(2026, 4, 1),), (date(2026, 3, 1), True)),
        (None, (date(2026, 3, 1),), (date(2025, 4, 1),), (date(2026, 3, 1), None)),
        (None, (), (date(2026, 4, 1),), (None, None)),
        (date(2010, 1, 1), (), (date(2025, 4, 1),), (date(2010, 1, 1), False)),
    ],
)
def test_a_receipt_that_may_be_another_donors_leaves_it_open_who_is_new(told, own, shared, first):
    agreements = [
        agreement(partner("SE-0"), receipts=received(*own)),
        agreement(partner("SE-0"), partner("CH-4"), receipts=received(*shared)),
    ]
    profile = PartnerProfile(organisation_identifier="SE-0", names=TEXT, first_contribution=told)
    assert first_of("SE-0", profile, agreements, Biennium(2026)) == first


TIGHT = Earmarking(category="4", basis="category")
IN_KENYA = EarmarkingScope(countries=("KE",))


@pytest.mark.parametrize(
    ("earmarking", "funder", "scope", "humanitarian", "levy"),
    [
        (TIGHT, partner("SE-0", country="SE"), IN_KENYA, [False, False], 2),
        (TIGHT, partner("SE-0", country="SE"), IN_KENYA, [False, None], None),
        (TIGHT, partner("XX", type_="60"), EarmarkingScope(), [False], 2),
        (TIGHT, partner("KE-GOV", country="KE"), IN_KENYA, [False], 0),
        (TIGHT, partner("KE-GOV", country="KE"), EarmarkingScope(countries=("KE", "UG")), [False], None),
        (TIGHT, partner("SE-0", country="SE"), IN_KENYA, [True], 0),
        (TIGHT, partner("SE-0", country="SE"), IN_KENYA, [True, False], None),
        (TIGHT, partner("SE-0", country="SE"), IN_KENYA, [], None),
        (TIGHT, partner("SE-0"), IN_KENYA, [False], None),
        (TIGHT, partner("SE-0", type_=None, country="SE"), IN_KENYA, [False], None),
        (Earmarking(category="2", basis="category"), partner("SE-0"), IN_KENYA, [], 0),
        (None, partner("SE-0", country="SE"), IN_KENYA, [False], None),
    ],
)
def test_the_levy_is_told_where_every_fact_that_decides_is_known(
    earmarking, funder, scope, humanitarian, levy
):
    told = agreement(
        funder, earmarking=earmarking, scope=scope, amount=Money(amount=Decimal(200), currency="USD")
    )
    assert levy_of(told, humanitarian) == levy
    assert levy_of(told.model_copy(update={"amount": None}), humanitarian) is None


def test_amounts_of_different_currencies_are_never_added():
    values = [
        Dated("USD", TODAY, Decimal(1)),
        Dated("EUR", TODAY, Decimal(2)),
        Dated("USD", None, Decimal(4)),
    ]
    assert [(each.currency, each.amount, each.values) for each in amounts(values, AS_AGREED)] == [
        ("EUR", 2, 1),
        ("USD", 5, 2),
    ]
    (converted,) = amounts([*values, Dated("JPY", TODAY, Decimal(9))], IN_DOLLARS)
    assert (converted.amount, converted.values) == (Decimal("3.5"), 4)
    assert [(each.currency, each.amount) for each in converted.missing] == [("JPY", 9), ("USD", 4)]
    assert amounts([], IN_DOLLARS) == []


def test_a_share_of_flexible_funding_without_every_rate_has_no_ratio():
    euros, yen = Dated("EUR", TODAY, Decimal(100)), Dated("JPY", TODAY, Decimal(100))
    (share,) = flexible_shares({"1": [euros], "4": [euros], None: [euros]}, IN_DOLLARS)
    assert (share.numerator, share.denominator, share.ratio, share.not_told) == (
        125,
        250,
        Decimal("0.5"),
        125,
    )
    (share,) = flexible_shares({"1": [euros], "4": [yen]}, IN_DOLLARS)
    assert (share.numerator, share.ratio, share.not_told) == (125, None, 0)
    (share,) = flexible_shares({None: [euros]}, AS_AGREED)
    assert (share.numerator, share.denominator, share.ratio, share.not_told) == (None, None, None, 100)
    (share,) = flexible_shares({"3": [euros]}, AS_AGREED)
    assert (share.numerator, share.ratio) == (0, 0)


@pytest.mark.parametrize(
    ("state", "overdue"),
    [("signed", 10), ("suspended", 10), ("draft", None), ("completed", None), ("terminated", None)],
)
def test_a_tranche_is_overdue_while_its_agreement_is_in_force(state: str, overdue: int | None):
    tranche = Tranche(number=1, due_on=date(2026, 6, 21), amount=Decimal(3))
    told = told_agreement(
        agreement(partner("SE-0"), state=state, tranches=(tranche,), receipts=received(TODAY)),
        TODAY,
        with_others=False,
        levy=None,
    )
    assert [(each.outstanding, each.overdue_days) for each in told.tranches] == [(2, overdue)]
    assert told.overdue == (2 if overdue else 0)


def test_more_than_a_tranche_leaves_nothing_outstanding():
    tranche = Tranche(number=1, due_on=date(2026, 6, 21), amount=Decimal(1))
    receipts = received(TODAY, TODAY)
    told = told_agreement(
        agreement(partner("SE-0"), tranches=(tranche,), receipts=receipts),
        TODAY,
        with_others=False,
        levy=None,
    )
    assert (told.received, told.tranches[0].outstanding, told.tranches[0].overdue_days) == (2, 0, None)


def test_a_report_that_came_in_time_is_no_days_late():
    duty = ReportingDuty(code="1", kind="final", due_on=TODAY, delivered_on=date(2026, 6, 1))
    (told,) = duties([agreement(partner("SE-0"), reporting_duties=(duty,))], TODAY)
    assert (told.days_late, told.overdue_days) == (0, None)


def test_offices_that_are_under_each_other_end_there():
    parents = {"A": "C", "B": "A", "C": "B", "D": "B", "E": None}
    offices = [FieldOffice(code=c, names=TEXT, kind="country-office", parent=p) for c, p in parents.items()]
    assert offices_below("A", offices) == ["B", "C", "D"]
    assert offices_below("E", offices) == []


def test_a_revision_that_was_cancelled_was_not_decided():
    submitted = {"submitted_at": "2026-06-01T00:00:00Z", "decided_at": "2026-06-03T00:00:00Z", "days": 2}
    proposal = ProposalInBrief(
        identifier="P",
        titles=TEXT,
        turnaround=(
            Turnaround(revision=1, decision="returned", **submitted),
            Turnaround(revision=2, decision="rejected", **submitted | {"days": 5}),
            Turnaround(revision=3, decision="cancelled", **submitted | {"days": 90}),
        ),
    )
    told = turnaround_of([proposal], TODAY)
    assert (told.decided, told.median_days, told.longest_days) == (2, Decimal("3.5"), 5)
    assert (told.waiting, told.longest_waiting_days) == (0, None)
    assert turnaround_of([], TODAY).median_days is None


def test_nothing_is_expected_before_a_quarter_of_the_year_is_over():
    what = named("KE", None, 2026)
    money = money_by_stage("USD", {"budget": Decimal(100), "expenditure": Decimal(1)})
    for on, expected, below in (
        (date(2026, 3, 1), None, None),
        (date(2027, 2, 1), Decimal("0.8"), True),
    ):
        row = delivery_row(
            what, money, Yardstick(Decimal("0.8"), Decimal("0.25"), on, DISBURSEMENT_AND_EXPENDITURE)
        )
        assert (row.expected, row.below) == (expected, below)


def test_rows_together_are_unknown_where_each_is():
    yardstick = Yardstick(Decimal("0.8"), Decimal("0.25"), TODAY, DISBURSEMENT_AND_EXPENDITURE)
    none = delivery_row(named("KE", None, 2026), money_by_stage("USD", {"budget": Decimal(1)}), yardstick)
    some = delivery_row(
        named("NP", None, 2026), money_by_stage("USD", {"disbursement": Decimal(2)}), yardstick
    )
    (whole,) = whole_of([none, some], yardstick)
    assert (whole.budget, whole.spend, whole.delivery_rate.ratio) == (1, 2, 2)
    assert whole_of([none], yardstick)[0].spend is None


def test_long_lists_are_cut_and_counted():
    training = Training(identifier="T", titles=TEXT, start=TODAY, end=TODAY)
    listed = ShortList.of(TrainingTold.of(training) for _ in range(201))
    assert (listed.count, len(listed.items), listed.items[0].participants) == (201, 200, None)
