"""The sample's contributions and reports: they fit its projects and programmes, and stand in every state."""

from collections import Counter

from deploy.local.sample import monitoring
from deploy.local.sample.contributing import contributions, programme_frameworks
from deploy.local.sample.measured import measured, projects
from deploy.local.sample.programming import country_programmes, programme_budgets
from services.monitoring.contributions.domain import faults_of_contributions, faults_of_links
from services.monitoring.contributions.frameworks import (
    faults_of_codes,
    faults_of_programme_framework,
    framework_as_read,
    placed_inputs,
)
from services.monitoring.copies import KnownActivity
from services.monitoring.reports.domain import LIFECYCLE, begun, faults_of_report
from shared.contracts.monitoring.v1 import Report
from shared.contracts.projects.v1 import ActivityDate

PROGRAMMES = {each.code: each for each in country_programmes()}
BUDGETS = {each.biennium: each for each in programme_budgets()}
PROJECTS = {each.identifier: each for each in projects()}


def known(identifier):
    project = PROJECTS[identifier]
    dates = ActivityDate(type="1", date=project.start), ActivityDate(type="3", date=project.end)
    return KnownActivity(iati_identifier=identifier, status=project.status, dates=dates)


def test_most_projects_contribute_to_outcomes_that_fit_their_time():
    listed = list(contributions())
    assert len(projects()) * 3 // 4 < len(listed) < len(projects())
    weighted = 0
    for each in listed:
        assert list(faults_of_contributions(each)) == []
        assert list(faults_of_links(each, known(each.iati_identifier), PROGRAMMES, BUDGETS)) == []
        weighted += all(link.percentage is not None for link in each.links)
    assert weighted > len(listed) * 3 // 4
    assert any(link.programme_outcome for each in listed for link in each.links)


def test_the_frameworks_of_programmes_name_what_there_is():
    listed = list(programme_frameworks())
    assert Counter(each.level for each in listed) == {"programme-budget": 2, "country-programme": 5}
    numbers = {each.identifier: each.number for each in projects()}
    for each in listed:
        assert framework_as_read(each) == each
        assert list(faults_of_programme_framework(each)) == []
        assert list(faults_of_codes(each, PROGRAMMES, BUDGETS)) == []
        places = [
            (link, {(m.result, m.indicator) for m in measured(numbers[link.iati_identifier])})
            for _, link in placed_inputs(each)
        ]
        assert places
        assert all((link.result, link.indicator) in there for link, there in places)


def told():
    """Return the reports with the state that their story leads to, by the table of states."""
    for story in monitoring.stories():
        if story.address.startswith("/v1/reports/"):
            state, content = "draft", story.calls[0].body
            for call in story.calls[1:]:
                if call.method == "PUT":
                    content = call.body
                else:
                    state = LIFECYCLE.after(state, call.body["action"])
            yield Report.model_validate(content), state


def test_reports_stand_in_every_state():
    reports = list(told())
    assert len(reports) == 40
    assert {state for _, state in reports} == set(LIFECYCLE.states)
    assert len({(each.iati_identifier, each.period_start, each.period_end) for each, _ in reports}) == 40
    assert all(list(faults_of_report(begun(each))) == [] for each, _ in reports)
    corrected = [story for story in monitoring.stories() if [c.method for c in story.calls].count("PUT") == 2]
    assert corrected
    assert all(story.calls[0].body != story.calls[3].body for story in corrected)


def test_there_are_two_locks_of_which_one_has_an_exception():
    locks = [story for story in monitoring.stories() if story.address.startswith("/v1/period-locks/")]
    assert [len(story.calls) for story in locks] == [1, 2]
