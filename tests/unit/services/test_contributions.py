"""What contributions and frameworks of programmes may not say by themselves."""

from datetime import date

import pytest

from services.monitoring.contributions.domain import faults_of_contributions
from services.monitoring.contributions.frameworks import faults_of_programme_framework, framework_as_read
from services.monitoring.copies import KnownActivity
from shared.contracts.monitoring.v1 import Contributions, ProgrammeFramework
from shared.figures.outcomes import Contributed
from shared.testing import monitoring as sample


def country(percentage, code="KEN 101"):
    return {"country_outcome": {"programme": "P-1", "code": code}, "percentage": percentage}


def product(biennium, percentage, code="3"):
    return {"programme_outcome": {"biennium": biennium, "code": code}, "percentage": percentage}


def contributions(*links, identifier="A-1"):
    return Contributions.model_validate({"iati_identifier": identifier, "links": links})


def codes(faults):
    return [(pointer, code) for pointer, code, _ in faults]


@pytest.mark.parametrize(
    ("links", "over"),
    [
        ([country("60"), country("40", "KEN 102")], []),
        ([country("60"), country("41", "KEN 102")], [0]),
        ([product("2024-25", "100"), product("2026-27", "100")], []),
        ([country("60"), product("2024-25", "40"), product("2026-27", "40")], []),
        ([country("60"), product("2024-25", "40"), product("2026-27", "41")], [0]),
        ([country("60"), product("2024-25", "41"), product("2026-27", "41")], [0]),
        ([product("2024-25", "60"), product("2026-27", "60"), product("2026-27", "60", "4")], [1]),
        ([country(None), product("2024-25", "100")], []),
    ],
)
def test_the_links_that_count_in_a_biennium_are_one_whole(links, over):
    told = contributions(*links)
    found = codes(faults_of_contributions(told))
    assert found == [(f"/links/{place}/percentage", "shares-over-100") for place in over]
    made = Contributed(told.links, {})
    flags = {flag for year in (2024, 2026, 2028) for flag in made.division("outcome", year).flags}
    assert ("over-100" in flags) == bool(over)


def test_no_activity_has_the_address_of_the_orphans():
    told = contributions(country("60"), identifier="orphans")
    assert codes(faults_of_contributions(told)) == [("/iati_identifier", "reserved-identifier")]


@pytest.mark.parametrize(("programme", "is_one"), [("P-1/figures", False), ("P-1/figures/2", True)])
def test_no_programme_has_the_address_of_figures(programme, is_one):
    framework = ProgrammeFramework(level="country-programme", programme=programme)
    found = codes(faults_of_programme_framework(framework))
    assert found == ([] if is_one else [("/programme", "reserved-identifier")])


def test_values_of_a_programme_framework_are_as_the_service_reads_them():
    target = {"value": {"raw": "1200", "number": "7", "reading": "plain"}}
    share = {"numerator": "1", "denominator": "4"}
    indicators = [
        {
            "code": measure,
            "indicator": {"measure": measure, "periods": [sample.period(targets=[told])]},
        }
        for measure, told in (("1", target), ("2", share))
    ]
    document = {
        "level": "country-programme",
        "programme": "P-1",
        "outcomes": [{"code": "1", "indicators": indicators}],
    }
    read = framework_as_read(ProgrammeFramework.model_validate(document))
    targets = [each.indicator.periods[0].targets[0] for each in read.outcomes[0].indicators]
    assert [each.value.number for each in targets] == [1200, 25]


@pytest.mark.parametrize(
    ("dates", "may_run"),
    [
        ({}, True),
        ({"1": "2025-12-31"}, True),
        ({"1": "2026-01-01"}, False),
        ({"1": "2026-01-01", "2": "2025-12-31"}, True),
        ({"3": "2024-01-01"}, True),
        ({"3": "2023-12-31"}, False),
        ({"3": "2024-01-01", "4": "2023-12-31"}, False),
    ],
)
def test_a_side_of_an_activity_that_is_not_told_refuses_nothing(dates, may_run):
    told = [{"type": code, "date": day} for code, day in dates.items()]
    activity = KnownActivity.model_validate({"iati_identifier": "A-1", "status": "2", "dates": told})
    assert activity.overlaps(date(2024, 1, 1), date(2025, 12, 31)) == may_run
