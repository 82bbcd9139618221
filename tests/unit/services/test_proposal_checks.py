"""Machine checks: each lack is found at its place, and nothing else is."""

import pytest

from services.projects.proposals.checks import checks, checks_beside, faults_of_content
from shared.contracts.projects.v1 import CountryProgramme, CriteriaSet, ProgrammeBudget, Proposal
from shared.testing import proposals as sample

CRITERIA = CriteriaSet.model_validate(sample.criteria_set())
MONITORING = "monitoring-and-evaluation"
AT = "/results/0/indicators/0"


def given(**members):
    return Proposal.model_validate(sample.proposal("P-1", **members))


def results(**members):
    indicators = [sample.indicator(**members)]
    return {"results": [{"type": "2", "titles": [{"text": "Jobs"}], "indicators": indicators}]}


def budget(*lines):
    return {"budget": [{"category": category, "amount": amount} for category, amount in lines]}


def found(faults):
    return [(pointer, code) for pointer, code, _ in faults]


@pytest.mark.parametrize("criteria", [None, CRITERIA])
def test_a_proposal_that_lacks_nothing(criteria):
    assert checks(given(), criteria) == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"countries": []}, [("/countries", "country-missing")]),
        ({"period": None}, [("/period", "period-missing")]),
        ({"amount": None}, [("/amount", "amount-missing")]),
        ({"donor": None}, [("/donor", "donor-missing")]),
        ({"donor": {"names": [{"text": "  "}]}}, [("/donor", "donor-missing")]),
        ({"results": []}, [("/results", "results-missing")]),
        (
            {"results": [{"type": "2", "titles": [{"text": "Jobs"}]}]},
            [("/results/0/indicators", "indicators-missing")],
        ),
        (results(baseline=None), [(f"{AT}/baseline", "baseline-missing")]),
        (results(baseline={"date": "2026-01-01"}), [(f"{AT}/baseline", "baseline-missing")]),
        (results(baseline={"narratives": [{"text": "No policy"}]}), []),
        (results(target=None), [(f"{AT}/target", "target-missing")]),
        (results(milestones=[]), [(f"{AT}/milestones", "milestones-missing")]),
        (results(milestones=[{"date": "2026-06-30"}]), [(f"{AT}/milestones/0", "milestone-empty")]),
        (
            results(milestones=[{"date": "2028-01-01", "value": "1"}]),
            [(f"{AT}/milestones/0/date", "milestone-outside-period")],
        ),
        (results(milestones=[{"date": "2027-12-31", "value": "0"}]), []),
        (
            results(means_of_verification=[{"text": " "}]),
            [(f"{AT}/means_of_verification", "means-of-verification-missing")],
        ),
        ({"programme_outcomes": []}, [("/programme_outcomes", "programme-outcome-missing")]),
        (
            {"programme_outcomes": [{"biennium": "2024-25", "code": "3"}]},
            [("/programme_outcomes/0/biennium", "biennium-outside-period")],
        ),
        ({"country_outcomes": []}, [("/country_outcomes", "country-outcome-missing")]),
        ({"budget": []}, [("/budget", "budget-missing"), ("/budget", "monitoring-budget-missing")]),
        (budget(("activities", "1500000")), [("/budget", "monitoring-budget-missing")]),
        (
            budget(("activities", "1425000"), (MONITORING, "74999.99")),
            [("/budget", "budget-differs-from-amount")],
        ),
        (
            budget(("activities", "1470000.01"), (MONITORING, "29999.99")),
            [("/budget", "monitoring-budget-too-small")],
        ),
        (budget(("activities", "1470000"), (MONITORING, "20000"), (MONITORING, "10000")), []),
        ({"risks": []}, [("/risks", "risks-missing")]),
        ({"risks": [{"narratives": [{"text": "Floods"}]}]}, [("/risks/0/mitigation", "mitigation-missing")]),
        (
            {"markers": {"gender": 0, "environment": 3}},
            [("/markers/labour_standards", "marker-missing"), ("/markers/social_dialogue", "marker-missing")],
        ),
    ],
)
def test_each_lack_is_found_at_its_place(members, expected):
    assert found(checks(given(**members), CRITERIA)) == expected


@pytest.mark.parametrize(
    ("programme", "expected"),
    [
        ({}, []),
        ({"code": "OTHER"}, [("/country_outcomes/0", "unknown-country-outcome")]),
        ({"outcomes": []}, [("/country_outcomes/0", "unknown-country-outcome")]),
        ({"status": "discontinued"}, [("/country_outcomes/0", "country-outcome-not-valid")]),
        (
            {"period_start": "2021-01-01", "period_end": "2025-12-31"},
            [("/country_outcomes/0", "country-outcome-not-valid")],
        ),
        (
            {"outcomes": [{"code": sample.COUNTRY_OUTCOME, "titles": [{"text": "-"}], "status": "dropped"}]},
            [("/country_outcomes/0", "country-outcome-not-valid")],
        ),
    ],
)
def test_country_outcomes_are_those_of_a_programme_that_is_valid_then(programme, expected):
    document = CountryProgramme.model_validate(sample.country_programme(**programme))
    budgets = {sample.BIENNIUM: ProgrammeBudget.model_validate(sample.programme_budget())}
    assert found(checks_beside(given(), budgets, {document.code: document})) == expected


@pytest.mark.parametrize(
    "link", [{"biennium": "2026-27", "code": "99"}, {"biennium": "2028-29", "code": "3"}]
)
def test_programme_outcomes_are_those_of_a_known_programme_and_budget(link):
    budgets = {sample.BIENNIUM: ProgrammeBudget.model_validate(sample.programme_budget())}
    proposal = given(programme_outcomes=[link], country_outcomes=[])
    assert found(checks_beside(proposal, budgets, {})) == [
        ("/programme_outcomes/0", "unknown-programme-outcome")
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, []),
        (
            {"period": {"start": "2026-02-01", "end": "2026-01-31"}},
            [("/period/end", "period-ends-before-start")],
        ),
        ({"amount": {"amount": "1"}}, [("/amount/currency", "missing-currency")]),
        ({"amount": {"amount": "-1", "currency": "USD"}}, [("/amount/amount", "negative-budget")]),
        ({"amount": {"amount": "1", "currency": "ZZZ"}}, [("/amount/currency", "unknown-currency")]),
        (budget(("activities", "-1")), [("/budget/0/amount", "negative-budget")]),
    ],
)
def test_content_that_could_never_be_meant(members, expected):
    assert found(faults_of_content(given(**members))) == expected
