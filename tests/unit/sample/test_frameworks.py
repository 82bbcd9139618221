"""The sample's programming frameworks: plausible, whole, and marked as a sample in every title."""

from collections.abc import Iterator

from deploy.local.sample import REFERENCE, sample_frameworks
from deploy.local.sample.places import COUNTRIES
from deploy.local.sample.themes import THEMES
from services.projects.programming.domain import faults_of_country_programme, faults_of_links
from shared.contracts.base import Contract
from shared.contracts.iati import Narrative
from shared.contracts.projects.v1 import CountryProgramme, DevelopmentAgenda, FieldOffice, ProgrammeBudget

SETS = {path.rsplit("/", 1)[1]: documents for path, documents in sample_frameworks()}
BUDGETS = {each.biennium: each for each in SETS["programme-budgets"] if isinstance(each, ProgrammeBudget)}
AGENDAS = {each.code: each for each in SETS["development-agendas"] if isinstance(each, DevelopmentAgenda)}
PROGRAMMES = [each for each in SETS["country-programmes"] if isinstance(each, CountryProgramme)]
OFFICES = [each for each in SETS["field-offices"] if isinstance(each, FieldOffice)]
CODES = {country.code for country in COUNTRIES}


def titles(value: object) -> Iterator[Narrative]:
    """Yield every title of a document."""
    if isinstance(value, Narrative):
        yield value
    elif isinstance(value, Contract):
        for name in type(value).model_fields:
            yield from titles(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from titles(each)


def test_every_title_is_marked_as_a_sample():
    marks = {"en": "(sample)", "fr": "(exemple)", "es": "(muestra)"}
    for documents in SETS.values():
        for document in documents:
            assert document.sample is True
            found = list(titles(document))
            assert found
            assert [each.text for each in found if not each.text.endswith(marks[each.lang])] == []


def test_programmes_and_budgets_have_four_objectives_and_the_outcomes_that_projects_name():
    assert list(BUDGETS) == ["2024-25", "2026-27"]
    for budget in BUDGETS.values():
        assert len(budget.objectives) == 4
        outcomes = {each.code: each.titles[0].text for each in budget.outcomes}
        assert len(outcomes) == 8
        for code, title in {theme.outcome for theme in THEMES}:
            assert outcomes[code] == f"{title} (sample)"
        assert all(each.indicators for each in budget.outcomes)
        assert all(i.baseline < i.target for each in budget.outcomes for i in each.indicators)


def test_every_country_has_a_programme_that_keeps_the_rules():
    assert {programme.country for programme in PROGRAMMES} == CODES
    assert {len(programme.outcomes) for programme in PROGRAMMES} == {3, 4, 5}
    assert {programme.status for programme in PROGRAMMES} == {"active", "completed"}
    for programme in PROGRAMMES:
        assert not list(faults_of_country_programme(programme))
        assert not list(faults_of_links(programme, BUDGETS, AGENDAS))
        assert (programme.status == "completed") == (programme.period_end < REFERENCE)
        assert all(outcome.programme_outcomes for outcome in programme.outcomes)


def test_agendas_have_the_targets_that_the_sample_aims_at():
    targets = {target.code for target in AGENDAS["SDG"].targets}
    assert targets == {"1.3", "8.5", "8.6", "8.7", "8.8", "8.b", "17.6", "17.9"}
    assert AGENDAS["MDG"].valid_to < AGENDAS["SDG"].valid_from
    named = {link.code for p in PROGRAMMES for outcome in p.outcomes for link in outcome.agenda_targets}
    assert named == targets


def test_every_country_is_served_by_one_country_office_under_a_regional_one():
    codes = {office.code for office in OFFICES}
    assert {office.parent for office in OFFICES} - {None} <= codes
    for kind in ("country-office", "regional-office"):
        served = [code for office in OFFICES if office.kind == kind for code in office.countries]
        assert sorted(served) == sorted(CODES)


def test_the_same_frameworks_are_made_each_time():
    assert sample_frameworks() == sample_frameworks()
