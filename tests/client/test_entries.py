"""What is reported is checked against what was pulled, and told in words that help."""

import json
from datetime import date
from pathlib import Path

import pytest
from devcoop_client import Documents, Unusable
from devcoop_client.entries import ActualEntry, ExpenditureEntry, actual_draft, expenditure_draft
from devcoop_client.files import drafts_of
from devcoop_client.reports import ProgressEntry, progress_drafts

from tests.client.samples import PROJECT, line, pulled_project

TODAY = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _pulled(documents: Documents) -> None:
    pulled_project(documents)


def actual(documents: Documents, result="1", indicator="1", period="1", **told):
    return actual_draft(documents, PROJECT, ActualEntry(result, indicator, period, **told))


def progress(documents: Documents, **told):
    entry = {
        "start": "2026-01-01",
        "end": "2026-03-31",
        "text": "Done",
        "rating": "green",
        "written_by": ["Ann"],
    }
    return progress_drafts(documents, PROJECT, ProgressEntry(**{**entry, **told}))


def test_an_actual_is_a_command_on_the_framework(documents: Documents):
    draft = actual(documents, value="620", comment="Lists", location="KE-30", dimensions={"sex": "female"})
    assert (draft.method, draft.path) == ("POST", "/v1/frameworks/XM-DAC-41302-KEN%2F01%2F25/actuals")
    assert draft.body == {
        "result": 1,
        "indicator": 1,
        "period": 1,
        "actual": {
            "value": {"raw": "620", "number": "620", "reading": "plain"},
            "comments": [{"text": "Lists"}],
            "locations": ["KE-30"],
            "dimensions": [{"name": "sex", "value": "female"}],
        },
    }


def test_a_percentage_is_told_by_what_it_is_made_of(documents: Documents):
    draft = actual(documents, indicator="2", numerator="15", denominator="50.0")
    assert draft.body["actual"] == {"numerator": "15", "denominator": "50.0"}


@pytest.mark.parametrize(("told", "period"), [("2026-05-17", 2), ("2026-03-31", 1), ("2", 2)])
def test_a_period_may_be_told_by_a_day(documents: Documents, told: str, period: int):
    assert actual(documents, period=told, value="0").body["period"] == period


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"result": "2", "value": "1"}, "no result '2' in the framework. It has 1: 1 People trained"),
        (
            {"indicator": "4", "value": "1"},
            "no indicator '4' in result 1. It has 3: 1 Number of people trained; 2",
        ),
        ({"indicator": "people", "value": "1"}, "no indicator 'people'"),
        (
            {"period": "3", "value": "1"},
            "no period '3' of indicator 1.1. It has: 1 2026-01-01 to 2026-03-31; 2",
        ),
        ({"period": "2027-01-01", "value": "1"}, "no period '2027-01-01'"),
        ({"period": "May", "value": "1"}, "'May' is no day"),
        ({"indicator": "3", "period": "2026-07-01", "comment": "x"}, "in several periods"),
        ({}, "takes a value: --value"),
        ({"value": "many"}, "'many' is not a number for the value"),
        ({"value": "1,200"}, "write it as in 1200"),
        ({"value": "NaN"}, "is not a number"),
        ({"value": "1e40"}, "too long"),
        ({"value": "0.1234567890123456789"}, "too long"),
        ({"value": "1", "numerator": "1"}, "is no percentage"),
        ({"indicator": "2", "value": "30"}, "tell --numerator and --denominator"),
        ({"indicator": "2", "numerator": "1", "denominator": "0"}, "the denominator is 0"),
        ({"indicator": "3", "value": "1"}, "takes a comment and no value"),
        ({"indicator": "3"}, "takes a comment: --comment"),
    ],
)
def test_what_does_not_fit_the_framework_is_refused_in_words(documents: Documents, told: dict, message: str):
    with pytest.raises(Unusable) as refused:
        actual(documents, **told)
    assert message in str(refused.value)


def test_a_project_that_is_not_known_is_named(documents: Documents):
    with pytest.raises(Unusable, match="Did you mean XM-DAC-41302-KEN/01/25"):
        actual_draft(documents, "KEN/01", ActualEntry("1", "1", "1", value="1"))


def test_an_expenditure_is_a_command_on_the_money(documents: Documents):
    entry = ExpenditureEntry("2026-06-30", "98000.50", ref="PV-1", description="Venue")
    draft = expenditure_draft(documents, PROJECT, entry, TODAY)
    assert draft.path.endswith("/v1/finances/XM-DAC-41302-KEN%2F01%2F25/transactions")
    assert draft.body == {
        "type": "4",
        "date": "2026-06-30",
        "value": {"amount": "98000.50", "currency": "USD", "value_date": "2026-06-30"},
        "ref": "PV-1",
        "descriptions": [{"text": "Venue"}],
    }


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (ExpenditureEntry("2026-07-02", "1"), "in the future"),
        (ExpenditureEntry("30.6.2026", "1"), "write it as in 2026-03-31"),
        (ExpenditureEntry("2026-06-30", "a lot"), "not a number"),
        (ExpenditureEntry("2026-06-30", "1", currency="dollars"), "give its three letters"),
    ],
)
def test_money_that_cannot_be_is_refused(documents: Documents, entry: ExpenditureEntry, message: str):
    with pytest.raises(Unusable) as refused:
        expenditure_draft(documents, PROJECT, entry, TODAY)
    assert message in str(refused.value)


def test_a_report_is_written_and_submitted(documents: Documents):
    written, submitted = progress(documents, submit=True, office="ILO-NAIROBI", due="2026-04-15")
    assert (written.method, written.path) == (
        "PUT",
        f"/v1/reports/{PROJECT.replace('/', '%2F')}%3A2026-01-01%3A2026-03-31",
    )
    assert written.body["due_on"] == "2026-04-15"
    assert submitted.path == f"{written.path}/actions"
    assert submitted.body == {"action": "submit", "by": "Ann"}


def report_of(state: str, **more):
    told = {
        "identifier": "R-1",
        "iati_identifier": PROJECT,
        "period_start": "2026-01-01",
        "period_end": "2026-03-31",
    }
    return line("report", "R-1", {**told, "due_on": "2026-05-01", "state": state, **more})


def test_a_report_that_is_known_is_revised(documents: Documents):
    pulled_project(documents, report_of("returned", risks=[{"narratives": [{"text": "Rain"}]}]))
    (revised,) = progress(documents, rating="amber")
    assert revised.path == "/v1/reports/R-1"
    assert revised.body["risks"] == [{"narratives": [{"text": "Rain"}]}]
    assert (revised.body["rating"], revised.body["due_on"]) == ("amber", "2026-05-01")


@pytest.mark.parametrize("state", ["submitted", "validated", "published"])
def test_a_report_that_may_not_change_is_left(documents: Documents, state: str):
    pulled_project(documents, report_of(state))
    with pytest.raises(Unusable, match="has to be returned first"):
        progress(documents)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"end": "2025-12-31"}, "A period ends"),
        ({"start": "soon"}, "no day"),
        ({"rating": "blue"}, "no rating"),
        ({"written_by": []}, "who wrote"),
    ],
)
def test_a_report_that_cannot_be_is_refused(documents: Documents, told: dict, message: str):
    with pytest.raises(Unusable, match=message):
        progress(documents, **told)


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_of_actuals_is_taken(documents: Documents, tmp_path: Path, separator: str):
    rows = [
        ["result", "indicator", "period", "value", "numerator", "denominator", "dimension:sex"],
        ["1", "1", "1", "620", "", "", "female"],
        ["1", "2", "1", "", "15", "50", ""],
        ["", "", "", "", "", "", ""],
    ]
    path = tmp_path / "week.csv"
    path.write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8-sig")
    first, second = drafts_of(documents, PROJECT, path, TODAY)
    assert first.body["actual"]["dimensions"] == [{"name": "sex", "value": "female"}]
    assert second.body["actual"] == {"numerator": "15", "denominator": "50"}


def test_a_list_of_both_is_taken_without_losing_a_digit(documents: Documents, tmp_path: Path):
    path = tmp_path / "week.json"
    path.write_text(
        '[{"date": "2026-06-30", "amount": 12345678901234567.10},'
        ' {"result": 1, "indicator": 1, "period": 1, "value": 0.10, "dimensions": {"sex": "male"}}]'
    )
    money, value = drafts_of(documents, PROJECT, path, TODAY)
    assert money.body["value"]["amount"] == "12345678901234567.10"
    assert value.body["actual"]["value"]["raw"] == "0.10"


def test_a_file_with_a_wrong_line_is_not_taken_and_names_each(documents: Documents, tmp_path: Path):
    path = tmp_path / "week.csv"
    path.write_text("date,amount\n2026-06-30,1\n2026-06-31,1\n2027-01-01,2\n")
    with pytest.raises(Unusable) as refused:
        drafts_of(documents, PROJECT, path, TODAY)
    assert [message.partition(":")[0] for message in refused.value.messages] == [
        "week.csv, line 3",
        "week.csv, line 4",
        "Nothing was queued",
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "date,amount\n1,2,3\n", "more or fewer cells"),
        ("a.csv", "date,amount,colour\n2026-06-30,1,red\n", "colour is not known"),
        ("a.csv", "result,indicator\n1,1\n", "period is missing"),
        ("a.csv", "date,amount\n", "has no lines"),
        ("a.json", "{}", "no list of objects"),
        ("a.json", '[{"amount": true, "date": "2026-06-30"}]', "something else than texts"),
        ("a.json", '[{"result": "1", "dimensions": ["sex"]}]', "are no object"),
        ("a.json", "[", "cannot be read"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused(
    documents: Documents, tmp_path: Path, name: str, text: str | None, message: str
):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(Unusable, match=message):
        drafts_of(documents, PROJECT, path, TODAY)


def test_nothing_is_reported_before_a_pull(documents: Documents, store):
    store.put("cursor", None)
    with store.transaction() as connection:
        connection.execute("DELETE FROM document")
    with pytest.raises(Unusable, match="devcoop pull"):
        actual(documents, value="1")
    with pytest.raises(Unusable, match="devcoop pull"):
        progress(documents)
    assert json.dumps(documents.counts()) == "{}"
