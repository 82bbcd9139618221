"""What follows from codes: an outcome's objective, a country's office, and how fragile it is in a year."""

from datetime import date

import pytest

from shared.contracts.iati import Narrative, Narratives
from shared.contracts.projects.v1 import FieldOffice, FragilityList, ProgrammeBudget
from shared.figures.classifications import (
    Follows,
    follower,
    fragility,
    fragility_levels,
    objectives,
    offices_of_countries,
    title_of,
)

TITLE = (Narrative(text="Decent work"),)


def office(code: str, kind: str, *countries: str) -> FieldOffice:
    return FieldOffice.model_validate({"code": code, "names": TITLE, "kind": kind, "countries": countries})


def edition(name: str, published: str, **levels: str | None) -> FragilityList:
    contexts = [{"country": country, "level": level} for country, level in levels.items()]
    told = {
        "edition": name,
        "titles": TITLE,
        "published": published,
        "publisher": "OECD",
        "contexts": contexts,
    }
    return FragilityList.model_validate(told)


def test_an_outcome_of_no_objective_of_its_own_has_none():
    budget = ProgrammeBudget.model_validate(
        {
            "biennium": "2024-25",
            "titles": TITLE,
            "objectives": [{"code": "RIGHTS", "titles": TITLE}],
            "outcomes": [
                {"code": "1", "titles": TITLE, "objective": "RIGHTS"},
                {"code": "8", "titles": TITLE},
            ],
        }
    )
    code_of = follower(objectives(budget))
    assert [code_of(code, 2024) for code in ("2024-25/1", "2024-25/8", "2026-27/1", "")] == [
        "RIGHTS",
        "",
        "",
        "",
    ]


def test_the_office_of_a_country_is_that_of_the_lowest_level():
    code_of = follower(
        offices_of_countries(
            [
                office("HQ", "headquarters", "KE", "UG", "TZ", "FR"),
                office("RO-Abidjan", "regional-office", "KE", "UG", "TZ"),
                office("DWT-Pretoria", "decent-work-team", "KE", "UG"),
                office("CO-Dar", "country-office", "KE"),
                office("LO-Paris", "liaison", "FR"),
            ]
        )
    )
    told = [code_of(country, 2024) for country in ("KE", "UG", "TZ", "FR", "ES")]
    assert told == ["CO-Dar", "DWT-Pretoria", "RO-Abidjan", "HQ", ""]


def test_two_offices_of_one_level_are_no_guess():
    offices = [office("A", "country-office", "KE"), office("B", "project-office", "KE", "UG")]
    assert list(offices_of_countries(offices)) == [Follows("UG", 1, 9999, "B")]


def test_the_list_of_a_year_is_the_newest_published_up_to_its_first_day():
    code_of = follower(
        fragility(
            [
                edition("2022", "2022-09-19", ML="extreme", KE=None),
                edition("2020", "2020-01-01", ML="other"),
                edition("2025", "2025-02-18"),
            ]
        )
    )
    assert [code_of("ML", year) for year in (2019, 2020, 2022, 2023, 2025, 2026)] == [
        "",
        "2020/other",
        "2020/other",
        "2022/extreme",
        "2022/extreme",
        "2025/not-listed",
    ]
    assert [code_of("KE", year) for year in (2021, 2023)] == ["2020/not-listed", "2022/listed"]
    assert code_of("", 2023) == ""


def test_of_two_lists_of_one_year_the_later_holds():
    told = fragility([edition("2022a", "2022-03-01", ML=None), edition("2022b", "2022-09-01")])
    assert list(told) == [Follows("", 2023, 9999, "2022b/not-listed")]


def test_the_levels_of_a_list_are_those_it_gives_and_that_of_others():
    assert fragility_levels(edition("2022", "2022-09-19", ML="extreme", KE=None)) == {
        "extreme",
        "listed",
        "not-listed",
    }


@pytest.mark.parametrize(
    ("narratives", "title"),
    [
        ((Narrative(text="Travail", lang="fr"), Narrative(text="Work", lang="en-GB")), "Work"),
        ((Narrative(text="Travail", lang="fr"), Narrative(text="Trabajo", lang="es")), "Travail"),
        ((), None),
    ],
)
def test_a_title_is_in_english_or_the_first(narratives: Narratives, title: str | None):
    assert title_of(narratives) == title


def test_a_list_published_on_the_first_day_of_a_year_holds_in_it():
    (first, *_) = fragility([edition("2020", date(2020, 1, 1).isoformat())])
    assert first.from_year == 2020
