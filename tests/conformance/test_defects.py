import pytest

from tests.conformance import defects_of_totals, devcoop, runner
from tests.conformance.defects import DEFECTS, Answer, Defect, Given

VECTORS = list(runner.vectors())
UNGUARDED = "target_equal_to_baseline_is_not_guarded"


def failed(defect: Defect) -> dict[str, runner.Failure]:
    def answer(rule: str, given: Given) -> Answer:
        ours = devcoop.answer(rule, given)
        return defect.answer(given, ours) if rule == defect.rule else ours

    return {
        failure.id: failure for failure in runner.failures(answer, VECTORS) if failure.rule == defect.rule
    }


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_the_vectors_notice_it_and_our_rule_passes(defect: Defect):
    found = failed(defect)
    assert defect.fails
    for named in defect.fails:
        assert named in found
        assert ("no answer" in found[named].difference) == (defect.name == UNGUARDED)
    ours = [failure.id for failure in runner.failures(devcoop.answer, VECTORS) if failure.rule == defect.rule]
    assert ours == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_it_leaves_a_vector_of_its_rule_alone(defect: Defect):
    of_rule = {vector.id for vector in VECTORS if vector.rule == defect.rule}
    assert of_rule - failed(defect).keys()


def test_the_plain_totals_that_the_defects_start_from_are_right():
    for vector in VECTORS:
        ours = devcoop.answer(vector.rule, vector.given)
        if vector.rule == "double-counting":
            assert defects_of_totals.without_reason(vector.given, ours, "none") == ours
        if vector.rule == "currency" and vector.id not in ("zero", "crossed", "planned-to-come"):
            honest = defects_of_totals.honest(vector.given)
            assert runner.difference(ours, defects_of_totals.total(vector.given, ours, honest)) is None
