"""The sample's training, publications and evaluations: linked to what is there, marked, and in every state."""

from collections import Counter

from deploy.local.sample import learning, sample_frameworks
from deploy.local.sample.project import REFERENCE, draw_project
from services.monitoring.learning import content, domain
from shared.contracts.monitoring.v1 import Evaluation, EvaluationPolicy, Publication, Training
from shared.contracts.projects.v1 import CountryProgramme, ProgrammeBudget

SETS = {each.path: each.documents for each in learning.documents()}
STORIES = list(learning.stories())
FRAMEWORKS = [document for _, documents in sample_frameworks() for document in documents]
ACTIVITIES = {draw_project(number, 200, 1).identifier for number in range(200)}


def outcomes():
    for each in FRAMEWORKS:
        if isinstance(each, ProgrammeBudget):
            yield from ((each.biennium, outcome.code) for outcome in each.outcomes)
        if isinstance(each, CountryProgramme):
            yield from ((each.code, outcome.code) for outcome in each.outcomes)


def test_there_is_something_of_each_and_nothing_of_it_is_wrong():
    trainings, publications = SETS["/v1/trainings"], SETS["/v1/publications"]
    assert (len(trainings), len(publications)) == (60, 30)
    for each in trainings:
        assert isinstance(each, Training)
        assert list(content.faults_of_training(each)) == []
        assert each.start <= REFERENCE
    for each in publications:
        assert isinstance(each, Publication)
        assert list(content.faults_of_publication(each)) == []
        assert each.published_on <= REFERENCE
    assert {len(each.languages) for each in publications} == {1, 2, 3, 4}
    assert sum(not each.participants for each in trainings) > 0


def test_all_is_marked_and_linked_to_what_is_there():
    known = set(outcomes())
    linked = 0
    for each in (*SETS["/v1/trainings"], *SETS["/v1/publications"]):
        assert each.sample
        assert all(title.text.endswith(")") for title in each.titles)
        assert set(each.activities) <= ACTIVITIES
        found = {(link.biennium, link.code) for link in each.programme_outcomes}
        found |= {(link.programme, link.code) for link in getattr(each, "country_outcomes", ())}
        assert found <= known
        linked += bool(found)
    assert linked > 60


def test_it_is_the_same_each_time():
    assert {each.path: each.documents for each in learning.documents()} == SETS
    assert list(learning.stories()) == STORIES


def test_the_policy_comes_last_and_is_right():
    (call,) = STORIES[-1].calls
    policy = EvaluationPolicy.model_validate(call.body)
    assert policy == learning.evaluation_policy()
    assert list(content.faults_of_policy(policy)) == []


def test_evaluations_are_in_every_state():
    evaluations = [Evaluation.model_validate(each.calls[0].body) for each in STORIES[:-1]]
    assert len({(each.iati_identifier, each.timing) for each in evaluations}) == len(evaluations) == 12
    assert {each.iati_identifier for each in evaluations} <= ACTIVITIES
    states = Counter()
    for document, each in zip(evaluations, STORIES, strict=False):
        assert list(content.faults_of_evaluation(document)) == []
        state = domain.LIFECYCLE.initial
        for call in each.calls[1:]:
            if call.path == f"{each.address}/actions":
                state = domain.LIFECYCLE.after(state, call.body["action"])
        states[state] += 1
    assert set(states) == set(domain.LIFECYCLE.states)
