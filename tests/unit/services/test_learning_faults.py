"""What evaluations, policies, training and publications may not say."""

import pytest

from services.monitoring.learning import content
from services.monitoring.learning.domain import conflicts
from services.monitoring.learning.participants import Group, figures
from services.monitoring.learning.plans import planned_identifier
from shared.contracts.monitoring.v1 import Evaluation, EvaluationPolicy, Publication, Training

TEXT = [{"text": "So it is"}]


def codes(faults):
    return [(pointer, code) for pointer, code, _ in faults]


def evaluation(**members):
    return Evaluation.model_validate(
        {
            "identifier": "E-1",
            "iati_identifier": "A-1",
            "kind": "independent",
            "timing": "final",
            "due_on": "2026-06-30",
            **members,
        }
    )


def policy(*thresholds, currency="USD"):
    return EvaluationPolicy.model_validate(
        {
            "code": "evaluation",
            "version": 1,
            "titles": TEXT,
            "valid_from": "2026-01-01",
            "currency": currency,
            "thresholds": thresholds,
        }
    )


def training(**members):
    return Training.model_validate(
        {"identifier": "T-1", "titles": TEXT, "start": "2026-03-02", "end": "2026-03-06", **members}
    )


def publication(**members):
    return Publication.model_validate(
        {"identifier": "P-1", "titles": TEXT, "published_on": "2026-03-02", "languages": ["en"], **members}
    )


def test_each_code_stands_once():
    parts = [{"code": code, "narratives": TEXT} for code in ("1", "2", "1")]
    found = codes(content.faults_of_evaluation(evaluation(findings=parts, recommendations=parts)))
    assert found == [("/findings/2/code", "duplicate-code"), ("/recommendations/2/code", "duplicate-code")]


def test_an_identifier_is_not_the_address_of_a_follow_up():
    found = codes(content.faults_of_evaluation(evaluation(identifier="E/follow-ups/1")))
    assert found == [("/identifier", "reserved-identifier")]


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://example.org/e.pdf", True),
        ("http://example.org", True),
        ("ftp://example.org/e.pdf", False),
        ("example.org/e.pdf", False),
        ("https:///e.pdf", False),
        ("https://[example.org", False),
        ("javascript:alert(1)", False),
    ],
)
def test_an_address_is_on_the_web(url, is_one):
    expected = [] if is_one else [("/documents/0/url", "invalid-url")]
    assert codes(content.faults_of_evaluation(evaluation(documents=[{"url": url}]))) == expected
    expected = [] if is_one else [("/url", "invalid-url")]
    assert codes(content.faults_of_publication(publication(url=url))) == expected


def test_a_threshold_stands_once_and_its_currency_exists():
    one = {"from_amount": "500000", "kind": "internal", "timing": "final"}
    listed = [one, {**one, "from_amount": "500000.00", "kind": "self"}, {**one, "timing": "mid-term"}]
    assert codes(content.faults_of_policy(policy(*listed, currency="USX"))) == [
        ("/currency", "unknown-currency"),
        ("/thresholds/1", "duplicate-threshold"),
    ]


def test_a_training_ends_after_it_starts_and_counts_each_group_once():
    group = {"sex": "female", "country": "KE", "count": 3}
    found = training(end="2026-03-01", participants=[group, {**group, "count": 4}, {**group, "sex": "male"}])
    assert codes(content.faults_of_training(found)) == [
        ("/end", "period-ends-before-start"),
        ("/participants/1", "duplicate-group"),
    ]
    assert codes(content.faults_of_training(training(end="2026-03-02"))) == []
    assert codes(content.faults_of_training(training(identifier="participants"))) == [
        ("/identifier", "reserved-identifier")
    ]


def test_languages_are_known_and_stand_once():
    found = codes(content.faults_of_publication(publication(languages=["en", "xx", "EN", "en"])))
    assert found == [
        ("/languages/1", "unknown-language"),
        ("/languages/2", "unknown-language"),
        ("/languages/3", "duplicate-language"),
    ]


def test_an_evaluator_who_reported_is_not_independent():
    asked = evaluation(evaluators=["ann", "Ben  Bo"])
    assert codes(conflicts(asked, ["ben bo", "cem"])) == [("/evaluators/1", "conflict-of-interest")]
    assert codes(conflicts(evaluation(kind="self", evaluators=["ann"]), ["ann"])) == []


def test_each_dimension_is_a_split_of_the_same_total():
    groups = [
        Group("female", "workers", "KE", 10),
        Group("male", "workers", "UG", 5),
        Group("not-stated", "not-stated", "not-stated", 4),
        Group("female", "not-stated", "KE", 1),
        Group("other", "government", "not-stated", 1),
    ]
    made = figures(groups, trainings=3, without=1)
    for split in (made.by_sex, made.by_constituent, made.by_country):
        assert sum(part.count for part in split) == made.total == 21
        assert split[-1].code == "not-stated"
    assert [(part.code, part.count) for part in made.by_sex] == [
        ("female", 11),
        ("male", 5),
        ("other", 1),
        ("not-stated", 4),
    ]
    assert (made.women.numerator, made.women.denominator) == (11, 17)


def test_nobody_is_a_share_of_nobody():
    made = figures([], trainings=2, without=2)
    assert (made.total, made.by_sex, made.women.denominator) == (0, [], 0)


def test_what_is_planned_has_a_name_that_an_evaluation_may_have():
    assert planned_identifier("A-1", "final") == "A-1/final"
    for odd in ("A/follow-ups/1", "A" * 250):
        named = evaluation(identifier=planned_identifier(odd, "final"))
        assert list(content.faults_of_evaluation(named)) == []
