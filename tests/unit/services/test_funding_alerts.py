"""What of agreements and finances needs attention, when it is raised again, and when it is resolved."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.funding.alerts.rules import Thresholds, name_of, of_agreement, of_finance, settled
from services.funding.settings import Settings
from shared.contracts.alerts import Alert
from shared.contracts.funding.v1 import ActivityFinance, Agreement
from shared.contracts.ids import alert_id
from shared.figures.rates import RateTable
from shared.testing import partnerships as sample
from shared.testing.fixtures import CURSOR_KEY

NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
THRESHOLDS = Thresholds(30, Decimal("0.8"), Decimal("0.25"))
LINK = {"country_outcome": {"programme": "KEN", "code": "KEN 101"}, "activity": "XM-DAC-41302-1"}


def of(now=NOW, **members):
    agreement = Agreement.model_validate(sample.agreement("A", **{"state": "active", **members}))
    return list(of_agreement(agreement, {"KEN": "KE"}, THRESHOLDS, now))


def test_what_is_overdue_of_an_agreement():
    tranche, report = of(scope={"countries": ["NP"]}, allocations=[sample.allocation("X", "5", **LINK)])
    assert tranche.identifier == "tranche-overdue/A/1"
    assert (tranche.subject.aggregate, tranche.subject.identifier, tranche.subject.part) == (
        "agreement",
        "A",
        "1",
    )
    assert (tranche.due_on, tranche.measure.numerator.amount) == (date(2026, 3, 1), 0)
    assert tranche.measure.denominator.amount == 400000
    assert (tranche.countries, tranche.partners) == (("KE", "NP"), (sample.DONOR,))
    assert tranche.activities == ("XM-DAC-41302-1",)
    assert (report.identifier, report.kind) == ("donor-report-overdue/A/P1", "donor-report-overdue")


RECEIPT = {"reference": "R", "tranche": 1, "received_on": "2026-03-05", "amount": "400000"}
DELIVERED = [{"code": "P1", "kind": "progress", "due_on": "2026-06-30", "delivered_on": "2026-07-01"}]


@pytest.mark.parametrize(
    ("members", "kinds"),
    [
        ({}, ["tranche-overdue", "donor-report-overdue"]),
        ({"state": "draft"}, []),
        ({"state": "terminated"}, []),
        ({"state": "suspended"}, ["tranche-overdue", "donor-report-overdue"]),
        ({"state": "completed"}, ["donor-report-overdue"]),
        ({"receipts": [RECEIPT]}, ["donor-report-overdue"]),
        ({"receipts": [{**RECEIPT, "amount": "399999"}], "reporting_duties": []}, ["tranche-overdue"]),
        ({"receipts": [{**RECEIPT, "tranche": 2}], "reporting_duties": DELIVERED}, ["tranche-overdue"]),
    ],
)
def test_what_came_in_or_was_delivered_is_not_overdue(members, kinds):
    assert [each.kind for each in of(**members)] == kinds


def test_a_tranche_is_overdue_after_so_many_days():
    assert of(datetime(2026, 3, 31, tzinfo=UTC)) == []
    assert [each.kind for each in of(datetime(2026, 4, 1, tzinfo=UTC))] == ["tranche-overdue"]
    assert [each.kind for each in of(datetime(2026, 6, 30, tzinfo=UTC))] == ["tranche-overdue"]


def test_so_many_days_lie_within_the_calendar():
    told = {"database_url": "postgresql+asyncpg://x", "nats_url": "nats://x", "cursor_key": CURSOR_KEY}
    days = Settings(**told, overdue_days=36_500).overdue_days
    agreement = Agreement.model_validate(sample.agreement("A", state="active"))
    assert list(of_agreement(agreement, {}, Thresholds(days, Decimal(1), Decimal(0)), NOW))
    with pytest.raises(ValidationError):
        Settings(**told, overdue_days=36_501)


def finance(spent, budget="1000", year=2026, **members):
    value = {"amount": budget, "currency": "USD"}
    return ActivityFinance.model_validate(
        {
            "iati_identifier": "XM-DAC-41302-1",
            "budgets": [{"period_start": f"{year}-01-01", "period_end": f"{year}-12-31", "value": value}],
            "transactions": [
                {
                    "type": "4",
                    "date": f"{year}-01-15",
                    "value": {"amount": spent, "currency": "USD"},
                    "recipient_country": {"code": "KE"},
                },
                {
                    "type": "1",
                    "date": f"{year}-01-15",
                    "value": {"amount": "1", "currency": "USD"},
                    "provider": {"ref": " XM-DAC-7\t"},
                    "recipient_country": {"code": "Kenya"},
                },
            ],
            **members,
        }
    )


def below(found, now=NOW):
    return list(of_finance(found, RateTable([]), THRESHOLDS, now))


def test_delivery_below_what_is_expected_on_the_day():
    (alert,) = below(finance("427"))
    assert alert.identifier == "delivery-rate-below-threshold/XM-DAC-41302-1/2026"
    assert (alert.measure.numerator.amount, alert.measure.denominator.amount) == (427, 1000)
    assert alert.measure.threshold == Decimal("0.427397")
    assert (alert.countries, alert.partners) == (("KE",), ("XM-DAC-7",))
    assert below(finance("428")) == []


@pytest.mark.parametrize(
    ("spent", "year", "count"),
    [("799", 2025, 1), ("800", 2025, 0), ("0", 2024, 0), ("0", 2027, 0), ("-5", 2026, 1)],
)
def test_this_year_and_the_last_are_looked_at(spent, year, count):
    assert len(below(finance(spent, year=year))) == count


def test_early_in_the_year_nothing_is_expected():
    assert below(finance("0"), datetime(2026, 4, 1, tzinfo=UTC)) == []
    assert len(below(finance("0"), datetime(2026, 4, 3, tzinfo=UTC))) == 1


def test_amounts_that_nobody_means_are_not_compared():
    assert below(finance("0", budget="1" * 20)) == []
    huge = [{"number": 1, "due_on": "2026-03-01", "amount": "1" * 20}]
    assert of(tranches=huge, reporting_duties=[]) == []


def test_a_reference_that_is_no_identifier_names_no_partner():
    refs = ["A\x07B", "   ", "X" * 300]
    transactions = [
        {"type": "1", "date": "2026-01-15", "value": {"amount": "1"}, "provider": {"ref": ref}}
        for ref in refs
    ] + [{"type": "4", "date": "2026-01-15", "value": {"amount": "1", "currency": "USD"}}]
    (alert,) = below(finance("0", transactions=transactions))
    assert alert.partners == ()


def test_a_name_that_is_too_long_is_cut_and_stays_apart():
    one, other = (name_of("tranche-overdue", "X" * 249 + last, "1") for last in "ab")
    assert len(one) == len(other) == 250
    assert alert_id(one) != alert_id(other)


def test_whatever_an_agreement_holds_it_can_be_told():
    """An alert that could not be made would keep the watch from everything else."""
    donor, empty, odd = (sample.partner(ref, "funding") for ref in (f" {sample.DONOR}", "", "X" * 300))
    duty = {"code": "P\n1", "kind": "progress", "due_on": "2026-06-30"}
    late = {"number": 1_000_000, "due_on": "9999-12-31", "amount": "1"}
    tranches = [*sample.agreement("A")["tranches"][:1], late]
    tranche, report = of(partners=[donor, empty, odd], reporting_duties=[duty], tranches=tranches)
    assert tranche.partners == report.partners == (sample.DONOR,)
    assert report.subject.part == "P\n1"
    assert report.identifier.startswith("donor-report-overdue/A/")
    assert name_of("donor-report-overdue", "A", "P\n1") != name_of("donor-report-overdue", "A", "P\t1")


def test_a_number_of_a_tranche_is_one_that_somebody_counted_to():
    with pytest.raises(ValidationError):
        of(tranches=[{**sample.agreement("A")["tranches"][0], "number": 1_000_001}])


def by_name(*alerts):
    return {alert.identifier: alert for alert in alerts}


def test_an_alert_is_raised_once_and_written_again_only_when_it_says_something_else():
    first = below(finance("100"))
    (raised,) = settled({}, first, NOW)
    later = NOW + timedelta(days=10)
    assert settled(by_name(raised), below(finance("100"), later), later) == []
    (changed,) = settled(by_name(raised), below(finance("150"), later), later)
    assert (changed.raised_at, changed.measure.numerator.amount) == (NOW, 150)


def test_an_alert_is_resolved_and_raised_again():
    (raised,) = below(finance("100"))
    (resolved,) = settled(by_name(raised), [], NOW)
    assert (resolved.state, resolved.resolved_at) == ("resolved", NOW)
    assert settled(by_name(resolved), [], NOW) == []
    later = NOW + timedelta(days=1)
    (again,) = settled(by_name(resolved), below(finance("100"), later), later)
    assert (again.state, again.raised_at, again.resolved_at) == ("raised", later, None)
    assert Alert.from_json(again.to_json()) == again
