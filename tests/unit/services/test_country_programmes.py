"""What a country programme may name: outcomes of bienniums it runs in, and targets of agendas in force."""

from typing import Any

import pytest

from services.projects.programming.domain import (
    development_agenda_columns,
    faults_of_country_programme,
    faults_of_links,
    field_office_columns,
    fragility_list_columns,
)
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


def programme(*outcomes: dict[str, Any], start: str = "2023-07-01", end: str = "2026-06-30"):
    return CountryProgramme.model_validate(
        item(
            "KE-1",
            country="KE",
            status="active",
            period_start=start,
            period_end=end,
            outcomes=[item(f"KEN {101 + place}", **members) for place, members in enumerate(outcomes)],
        )
    )


def programmed(*links: tuple[str, str]) -> dict[str, Any]:
    return {"programme_outcomes": [{"biennium": biennium, "code": code} for biennium, code in links]}


def aimed(*links: tuple[str, str]) -> dict[str, Any]:
    return {"agenda_targets": [{"agenda": agenda, "code": code} for agenda, code in links]}


BUDGETS = {
    "2024-25": ProgrammeBudget.model_validate(
        {"biennium": "2024-25", "titles": TITLES, "outcomes": [item("1"), item("2")]}
    )
}
AGENDAS = {
    code: DevelopmentAgenda.model_validate(
        item(
            code,
            valid_from=start,
            valid_to=end,
            goals=[item("8")],
            targets=[item(t, goal="8") for t in targets],
        )
    )
    for code, start, end, targets in (
        ("MDG", "2000-09-08", "2015-12-31", ["8.F"]),
        ("SDG", "2016-01-01", "2030-12-31", ["8.5", "8.b"]),
        ("OPEN", "2016-01-01", None, ["8.5"]),
    )
}


@pytest.mark.parametrize("biennium", ["2022-23", "2024-25", "2026-27"])
def test_a_biennium_that_the_programme_runs_in_is_taken(biennium: str):
    assert not list(faults_of_country_programme(programme(programmed((biennium, "1")))))


@pytest.mark.parametrize("biennium", ["2020-21", "2028-29"])
def test_a_biennium_that_the_programme_does_not_run_in_is_refused(biennium: str):
    found = list(faults_of_country_programme(programme({}, programmed(("2024-25", "1"), (biennium, "1")))))
    assert [fault[:2] for fault in found] == [
        ("/outcomes/1/programme_outcomes/1", "outcome-of-another-biennium")
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-12-31", "2026-12-31", False),
        ("2026-01-01", "2026-12-31", True),
        ("2022-01-01", "2024-01-01", False),
        ("2022-01-01", "2023-12-31", True),
    ],
)
def test_a_day_of_the_biennium_is_enough(start: str, end: str, expected: bool):
    found = list(faults_of_country_programme(programme(programmed(("2024-25", "1")), start=start, end=end)))
    assert bool(found) is expected


@pytest.mark.parametrize(
    "outcome",
    [
        {},
        programmed(("2024-25", "1"), ("2024-25", "2")),
        programmed(("2026-27", "not known yet")),
        aimed(("SDG", "8.5"), ("SDG", "8.b"), ("OPEN", "8.5")),
        aimed(("AU-2063", "anything")),
    ],
)
def test_what_is_there_or_not_known_yet_is_taken(outcome: dict[str, Any]):
    assert not list(faults_of_links(programme(outcome), BUDGETS, AGENDAS))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            programmed(("2024-25", "1"), ("2024-25", "9")),
            ("/outcomes/0/programme_outcomes/1", "unknown-programme-outcome"),
        ),
        (aimed(("SDG", "8.5"), ("SDG", "8.9")), ("/outcomes/0/agenda_targets/1", "unknown-agenda-target")),
        (aimed(("MDG", "8.F")), ("/outcomes/0/agenda_targets/0", "agenda-not-in-force")),
        (aimed(("MDG", "8.9")), ("/outcomes/0/agenda_targets/0", "agenda-not-in-force")),
    ],
)
def test_what_is_known_not_to_be_is_refused(outcome: dict[str, Any], expected: tuple[str, str]):
    found = list(faults_of_links(programme(outcome), BUDGETS, AGENDAS))
    assert [fault[:2] for fault in found] == [expected]


@pytest.mark.parametrize(
    ("start", "end", "codes"),
    [
        ("2014-01-01", "2015-12-31", ["SDG"]),
        ("2015-01-01", "2016-12-31", []),
        ("2016-01-01", "2018-12-31", ["MDG"]),
    ],
)
def test_an_agenda_is_in_force_if_it_is_on_some_day_of_the_period(start: str, end: str, codes: list[str]):
    checked = programme(aimed(("MDG", "8.F")), aimed(("SDG", "8.5")), start=start, end=end)
    found = list(faults_of_links(checked, {}, AGENDAS))
    assert [detail.split()[0] for _, _, detail in found] == codes


def test_columns_that_lists_filter_by():
    assert development_agenda_columns(AGENDAS["OPEN"])["valid_to"].year == 9999
    office = FieldOffice.model_validate(
        {"code": "O", "names": TITLES, "kind": "liaison", "countries": ["UG", "KE"]}
    )
    assert field_office_columns(office) == {"kind": "liaison", "region": None, "countries": ["KE", "UG"]}
    edition = {"edition": "E", "titles": TITLES, "published": "2022-09-19", "publisher": "P"}
    listed = FragilityList.model_validate({**edition, "contexts": [{"country": "UG"}, {"country": "ML"}]})
    assert fragility_list_columns(listed)["countries"] == ["ML", "UG"]


@pytest.mark.parametrize("member", ["programme_outcomes", "agenda_targets"])
@pytest.mark.parametrize(
    ("percentages", "faults"),
    [
        ({"A": ["60", "40"], "B": ["100", None]}, []),
        ({"A": ["60", "50"], "B": ["100"]}, ["shares-over-100"]),
    ],
)
def test_percentages_of_one_whole_add_up_to_at_most_100(member, percentages, faults):
    name, whole = {
        "programme_outcomes": ("biennium", {"A": "2024-25", "B": "2026-27"}),
        "agenda_targets": ("agenda", {"A": "SDG", "B": "MDG"}),
    }[member]
    links = [
        {name: whole[key], "code": str(place), "percentage": share}
        for key, shares in percentages.items()
        for place, share in enumerate(shares)
    ]
    found = list(faults_of_country_programme(programme({member: links})))
    assert [code for _, code, _ in found] == faults
    assert all(pointer == f"/outcomes/0/{member}/0/percentage" for pointer, _, _ in found)
