from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.funding.v1 import ActivityFinance, Earmarking, PeriodBudget, Transaction
from shared.contracts.iati import (
    Money,
    Narrative,
    ReportingOrganisation,
    Share,
    TransactionOrganisation,
    VocabularyCode,
)
from shared.contracts.projects.v1 import Activity, ParticipatingOrganisation
from shared.figures.attribution import SPARSE, attribute, attribute_to, stated
from shared.figures.money import ledger

DIMENSIONS = ("country", "region", "sector", "donor")


def activity(**parts: object) -> Activity:
    return Activity(
        **{
            "iati_identifier": "X-1",
            "reporting_organisation": ReportingOrganisation(ref="XM-DAC-41302"),
            "titles": (Narrative(text="Decent work"),),
            "status": "2",
            **parts,
        }
    )


def share(code: str, percentage: str | None = None, vocabulary: str | None = None) -> Share:
    return Share(
        code=code, percentage=None if percentage is None else Decimal(percentage), vocabulary=vocabulary
    )


def funder(ref: str | None, name: str | None = None, role: str = "1") -> ParticipatingOrganisation:
    return ParticipatingOrganisation(role=role, ref=ref, names=(Narrative(text=name),) if name else ())


def transaction(type_: str, amount: str = "100", currency: str = "USD", **parts: object) -> Transaction:
    value = Money(amount=Decimal(amount), currency=currency)
    return Transaction(**{"type": type_, "date": date(2024, 5, 1), "value": value, **parts})


def finance(*transactions: Transaction, **parts: object) -> ActivityFinance:
    return ActivityFinance(iati_identifier="X-1", transactions=transactions, **parts)


def by_code(dimension: str, activity_: Activity, finance_: ActivityFinance) -> dict[str | None, Decimal]:
    totals: dict[str | None, Decimal] = defaultdict(Decimal)
    for money in attribute(activity_, finance_):
        if money.dimension == dimension:
            totals[money.code] += money.amount
    return dict(totals)


def test_countries_and_regions_share_one_hundred_percent():
    shared = activity(
        recipient_countries=(share("KE", "30"), share("UG", "30")), recipient_regions=(share("289", "40"),)
    )
    assert by_code("country", shared, finance(transaction("4"))) == {"KE": 30, "UG": 30, None: 40}
    assert by_code("region", shared, finance(transaction("4"))) == {"289": 40, None: 60}


def test_the_activitys_percentages_go_before_a_transactions_country():
    spent = transaction("4", recipient_country=VocabularyCode(code="TZ"))
    assert by_code("country", activity(recipient_countries=(share("KE"),)), finance(spent)) == {"KE": 100}


def test_a_transactions_own_country_is_taken_where_the_activity_divides_nothing():
    spent = (
        transaction("4", "10", recipient_country=VocabularyCode(code="TZ")),
        transaction("4", "5", recipient_region=VocabularyCode(code="289")),
        transaction("4", "1", recipient_region=VocabularyCode(code="EAC", vocabulary="99")),
    )
    undivided = activity(recipient_countries=(share("KE"), share("TZ")))
    for whole in (activity(), undivided):
        assert by_code("country", whole, finance(*spent)) == {"TZ": 10, None: 6}
        assert by_code("region", whole, finance(*spent)) == {"289": 5, None: 11}


def test_percentages_over_100_invent_no_money():
    doubled = activity(recipient_countries=(share("KE", "100"), share("UG", "100")))
    assert by_code("country", doubled, finance(transaction("4"))) == {None: 100}


def test_sectors_are_those_of_the_dac():
    sectors = (
        share("16020", "50"),
        share("16070", "50", "1"),
        share("3", "100", "99"),
        share("8", "100", "7"),
    )
    assert by_code("sector", activity(sectors=sectors), finance(transaction("4"))) == {
        "16020": 50,
        "16070": 50,
    }


def test_a_transaction_of_one_sector_has_it_and_one_of_several_is_not_divided():
    one = transaction(
        "4", "10", sectors=(VocabularyCode(code="16020"), VocabularyCode(code="9", vocabulary="99"))
    )
    several = transaction("4", "7", sectors=(VocabularyCode(code="16020"), VocabularyCode(code="16070")))
    assert by_code("sector", activity(), finance(one, several)) == {"16020": 10, None: 7}


def test_money_that_comes_in_belongs_to_its_provider():
    funded = activity(participating_organisations=(funder("XM-DAC-8-1"),))
    came = (
        transaction("1", "1", provider=TransactionOrganisation(ref="CH-4")),
        transaction("11", "2", provider=TransactionOrganisation(names=(Narrative(text="A foundation"),))),
        transaction("13", "4"),
        transaction("12", "8", provider=TransactionOrganisation(ref="XM-DAC-41302")),
        transaction("4", "16", provider=TransactionOrganisation(ref="XM-DAC-41302")),
    )
    assert by_code("donor", funded, finance(*came)) == {"CH-4": 1, "A foundation": 2, "XM-DAC-8-1": 28}


def test_money_that_goes_out_is_never_divided_between_several_donors():
    several = activity(participating_organisations=(funder("XM-DAC-8-1"), funder("CH-4")))
    implementer = activity(participating_organisations=(funder("XM-DAC-41302", role="4"),))
    named_twice = activity(participating_organisations=(funder(None, "Sida"), funder(None, "Sida")))
    assert by_code("donor", several, finance(transaction("4"))) == {None: 100}
    assert by_code("donor", implementer, finance(transaction("4"))) == {None: 100}
    assert by_code("donor", named_twice, finance(transaction("4"))) == {"Sida": 100}


def test_a_transaction_is_earmarked_as_it_says_and_all_else_as_the_activity_says():
    own = Earmarking(category="2", basis="aid-type")
    default = Earmarking(category="4", modality="I", basis="modality")
    budget = PeriodBudget(
        period_start=date(2024, 1, 1), period_end=date(2024, 12, 31), value=Money(amount=Decimal(1000))
    )
    money = finance(
        transaction("1", "10", earmarking=own), transaction("4", "1"), budgets=(budget,), earmarking=default
    )
    assert by_code("earmarking_modality", activity(), money) == {"2/": 10, "4/I": 1001}
    without = money.model_copy(update={"earmarking": None})
    assert by_code("earmarking_modality", activity(), without) == {"2/": 10, None: 1001}


def test_what_is_not_stated_at_all_has_no_parts_and_is_told_whole_when_it_is_asked_for():
    money = finance(transaction("4", "7"))
    assert stated(money) == ()
    assert {part.dimension for part in attribute(activity(), money)} == set(DIMENSIONS)
    for dimension in SPARSE:
        assert [(p.code, p.amount) for p in attribute_to(dimension, activity(), money)] == [(None, 7)]


def test_amounts_are_added_up_before_they_are_divided():
    thirds = activity(recipient_countries=(share("A", "33.33"), share("B", "33.33"), share("C", "33.34")))
    made = by_code("country", thirds, finance(*[transaction("4", "1", "JPY")] * 3))
    assert made == {"A": 1, "B": 1, "C": 1}


def test_each_value_is_divided_to_the_last_unit():
    halves = activity(recipient_countries=(share("A", "50"), share("B", "50")))
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for part in attribute(halves, finance(*[transaction("4", "0.01"), transaction("4", "-7.77")] * 3)):
        if part.dimension == "country":
            parts[part.flow.pointer] += part.amount
    assert set(parts.values()) == {Decimal("0.01"), Decimal("-7.77")}


PERCENTAGES = st.none() | st.decimals(0, 100, places=2).map(str)
COUNTRIES = st.lists(st.builds(share, st.sampled_from(["KE", "UG", "TZ"]), PERCENTAGES), max_size=3)
REGIONS = st.lists(
    st.builds(share, st.just("289"), PERCENTAGES, st.sampled_from([None, "1", "99"])), max_size=2
)
SECTORS = st.lists(st.builds(share, st.sampled_from(["16020", "16070"]), PERCENTAGES), max_size=3)
FUNDERS = st.lists(
    st.builds(funder, st.sampled_from(["A", "B", None]), st.sampled_from(["N", None])), max_size=3
)
ACTIVITIES = st.builds(
    activity,
    recipient_countries=COUNTRIES,
    recipient_regions=REGIONS,
    sectors=SECTORS,
    participating_organisations=FUNDERS,
)
CODES = st.sampled_from(["KE", "UG", "16020"]).map(lambda code: VocabularyCode(code=code))
TRANSACTIONS = st.builds(
    transaction,
    st.sampled_from(["1", "2", "3", "4", "11", "12", "13", "99"]),
    st.decimals(-(10**9), 10**9, places=3).map(str),
    st.sampled_from(["USD", "JPY", "KWD"]),
    recipient_country=st.none() | CODES,
    sectors=st.lists(CODES, max_size=2),
    earmarking=st.none() | st.just(Earmarking(category="4", modality="I", basis="modality")),
    provider=st.none() | st.builds(TransactionOrganisation, ref=st.sampled_from(["A", None])),
)
BUDGETS = st.builds(
    PeriodBudget,
    type=st.sampled_from(["1", "2", None]),
    period_start=st.sampled_from([date(2024, 1, 1), date(2025, 1, 1)]),
    period_end=st.just(date(2025, 12, 31)),
    value=st.builds(Money, amount=st.decimals(0, 10**9, places=2), currency=st.sampled_from(["EUR", "XOF"])),
)
FINANCES = st.builds(
    lambda transactions, budgets: finance(*transactions, budgets=budgets),
    st.lists(TRANSACTIONS, max_size=8),
    st.lists(BUDGETS, max_size=4),
)


@settings(max_examples=200)
@given(ACTIVITIES, FINANCES)
def test_each_dimension_adds_up_to_the_ledger(activity_: Activity, finance_: ActivityFinance):
    whole = {(e.stage, e.currency, e.year): e.amount for e in ledger(finance_)}
    made = list(attribute(activity_, finance_))
    assert max(Counter((m.dimension, m.code, m.flow.pointer) for m in made).values(), default=1) == 1
    for dimension in (*DIMENSIONS, *stated(finance_)):
        totals: dict[tuple[str, str | None, int], Decimal] = defaultdict(Decimal)
        for money in made:
            if money.dimension == dimension:
                totals[money.flow.stage, money.flow.currency, money.flow.year] += money.amount
        assert totals == whole
