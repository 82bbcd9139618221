"""Programming frameworks: what their contracts take, and what each refuses at which member."""

import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts import ids
from shared.contracts.base import Contract
from shared.contracts.projects.v1 import (
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
)

TITLES = [{"text": "Decent work"}]


def item(code: str, **members: Any) -> dict[str, Any]:
    return {"code": code, "titles": TITLES, **members}


BUDGET = {
    "biennium": "2024-25",
    "titles": TITLES,
    "objectives": [item("A"), item("B")],
    "outcomes": [
        item("1", objective="A", indicators=[item("1.1", unit="countries", baseline="0", target="12.5")]),
        item("2"),
    ],
}
PROGRAMME = {
    "code": "KE-2024",
    "country": "KE",
    "titles": TITLES,
    "period_start": "2024-01-01",
    "period_end": "2027-12-31",
    "status": "active",
    "priorities": [item("1")],
    "outcomes": [
        item(
            "KEN 101",
            priority="1",
            status="on-track",
            programme_outcomes=[{"biennium": "2024-25", "code": "1"}],
            un_outcomes=[{"code": "2", "vocabulary": "99"}],
            agenda_targets=[{"agenda": "SDG", "code": "8.b"}],
        )
    ],
}
AGENDA = {
    "code": "SDG",
    "titles": TITLES,
    "valid_from": "2016-01-01",
    "valid_to": "2030-12-31",
    "goals": [item("8")],
    "targets": [item("8.5", goal="8"), item("8.b", goal="8")],
}
FRAGILITY = {
    "edition": "OECD-2022",
    "titles": TITLES,
    "published": "2022-09-19",
    "publisher": "OECD",
    "contexts": [{"country": "ML", "level": "extreme"}, {"country": "UG"}],
}
OFFICE = {
    "code": "CO-Nairobi",
    "names": TITLES,
    "kind": "country-office",
    "region": {"code": "AFRICA", "vocabulary": "99"},
    "parent": "RO-Africa",
    "countries": ["KE", "UG"],
}
DOCUMENTS: list[tuple[type[Contract], dict[str, Any]]] = [
    (ProgrammeBudget, BUDGET),
    (CountryProgramme, PROGRAMME),
    (DevelopmentAgenda, AGENDA),
    (FragilityList, FRAGILITY),
    (FieldOffice, OFFICE),
]


def faults(contract: type[Contract], document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        contract.model_validate(document)
    return [("/".join(map(str, error["loc"])), error["type"]) for error in refused.value.errors()]


@pytest.mark.parametrize(("contract", "document"), DOCUMENTS)
def test_a_document_is_taken_and_told_as_it_was_sent(contract: type[Contract], document: dict[str, Any]):
    taken = contract.model_validate(document)
    assert taken.model_dump(mode="json", exclude_defaults=True) == document
    assert contract.from_json(taken.to_json()) == taken


@pytest.mark.parametrize("label", ["2024-25", "1998-99", "2008-09", "2098-99"])
def test_a_biennium_is_an_even_year_and_the_next(label: str):
    assert ProgrammeBudget(biennium=label, titles=TITLES).biennium == label  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "type_"),
    [
        ("2025-26", "not_a_biennium"),
        ("2024-26", "not_a_biennium"),
        ("2024-24", "not_a_biennium"),
        ("1999-00", "not_a_biennium"),
        ("2024-2025", "string_pattern_mismatch"),
        ("2024/25", "string_pattern_mismatch"),
        ("24-25", "string_pattern_mismatch"),
        ("2024-25\n", "string_pattern_mismatch"),
    ],
)
def test_what_is_no_biennium_is_refused(label: str, type_: str):
    assert faults(ProgrammeBudget, {**BUDGET, "biennium": label}) == [("biennium", type_)]


@pytest.mark.parametrize(
    ("contract", "document", "changes", "member", "type_"),
    [
        (ProgrammeBudget, BUDGET, {"titles": []}, "titles", "too_short"),
        (ProgrammeBudget, BUDGET, {"objectives": [item("A"), item("A")]}, "objectives", "duplicate_code"),
        (ProgrammeBudget, BUDGET, {"outcomes": [item("1"), item(" 1 ")]}, "outcomes", "duplicate_code"),
        (
            ProgrammeBudget,
            BUDGET,
            {"outcomes": [item("1", indicators=[item("i")]), item("2", indicators=[item("i")])]},
            "outcomes",
            "duplicate_code",
        ),
        (ProgrammeBudget, BUDGET, {"outcomes": [item("1", objective="C")]}, "outcomes", "unknown_reference"),
        (CountryProgramme, PROGRAMME, {"country": "KEN"}, "country", "string_pattern_mismatch"),
        (
            CountryProgramme,
            PROGRAMME,
            {"period_end": "2024-01-01"},
            "period_end",
            "period_ends_before_start",
        ),
        (CountryProgramme, PROGRAMME, {"status": "open"}, "status", "literal_error"),
        (CountryProgramme, PROGRAMME, {"priorities": [item("1"), item("1")]}, "priorities", "duplicate_code"),
        (CountryProgramme, PROGRAMME, {"priorities": []}, "outcomes", "unknown_reference"),
        (CountryProgramme, PROGRAMME, {"outcomes": [item("X"), item("X")]}, "outcomes", "duplicate_code"),
        (DevelopmentAgenda, AGENDA, {"valid_to": "2016-01-01"}, "valid_to", "period_ends_before_start"),
        (DevelopmentAgenda, AGENDA, {"goals": [item("8"), item("8")]}, "goals", "duplicate_code"),
        (DevelopmentAgenda, AGENDA, {"goals": [item("1")]}, "targets", "unknown_reference"),
        (DevelopmentAgenda, AGENDA, {"targets": [item("8.5", goal="8")] * 2}, "targets", "duplicate_code"),
        (FragilityList, FRAGILITY, {"contexts": [{"country": "ML"}] * 2}, "contexts", "duplicate_code"),
        (FieldOffice, OFFICE, {"parent": "CO-Nairobi"}, "parent", "own_parent"),
        (FieldOffice, OFFICE, {"countries": ["KE", "KE"]}, "countries", "duplicate_code"),
    ],
)
def test_what_does_not_hold_together_is_refused_at_its_member(
    contract: type[Contract], document: dict[str, Any], changes: dict[str, Any], member: str, type_: str
):
    assert faults(contract, {**document, **changes}) == [(member, type_)]


def test_references_to_a_member_at_fault_are_not_told_as_well():
    assert faults(ProgrammeBudget, {**BUDGET, "objectives": [{"code": "A"}]}) == [
        ("objectives/0/titles", "missing")
    ]


def test_an_agenda_may_have_no_end():
    agenda = DevelopmentAgenda.model_validate({**AGENDA, "valid_to": None})
    assert agenda.valid_to is None


def test_ids_of_frameworks_are_the_same_for_ever_and_of_their_kind():
    made = {
        function("2024-25")
        for function in (
            ids.programme_budget_id,
            ids.country_programme_id,
            ids.development_agenda_id,
            ids.fragility_list_id,
            ids.field_office_id,
            ids.activity_id,
        )
    }
    assert len(made) == 6
    assert ids.programme_budget_id("2024-25") == uuid.uuid5(ids.PROGRAMME_BUDGET_NAMESPACE, "2024-25")
