from decimal import Decimal
from typing import Any

import pytest

from tests.conformance import runner


@pytest.mark.parametrize(
    ("expected", "answered"),
    [
        ("0.750", "0.75"),
        ("0.75", Decimal("0.750")),
        ("100", 100),
        ("1E+2", "100"),
        ("-0", "0"),
        (3, "3"),
        (None, None),
        (True, True),
        ("2024-25", "2024-25"),
        ({"a": ["1", None]}, {"a": ["1.0", None], "more": 5}),
        ([], []),
    ],
)
def test_the_same_is_the_same_however_it_is_written(expected: Any, answered: Any):
    assert runner.difference(expected, answered) is None


@pytest.mark.parametrize(
    ("expected", "answered", "place"),
    [
        (None, "0", "/ is"),
        (None, 0, "/ is"),
        ("0", None, "/ is"),
        (False, 0, "/ is"),
        (1, True, "/ is"),
        ("0.1", 0.1, "/ is"),
        ("", None, "/ is"),
        ("0.75", "0.751", "/ is"),
        ("12345678901234567890.01", "12345678901234567890.02", "/ is"),
        ({"a": None}, {}, "/a is missing"),
        ({"a": {"b": "1"}}, {"a": {"b": "2"}}, "/a/b is"),
        ({"a": ["1", "2"]}, {"a": ["1"]}, "/a is"),
        ({"a": ["1", "2"]}, {"a": ["1", "3"]}, "/a/1 is"),
        ({"a": "1"}, "1", "/ is"),
    ],
)
def test_what_differs_is_told_with_its_place(expected: Any, answered: Any, place: str):
    assert runner.difference(expected, answered).startswith(place)


def wrong(rule: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"expected": "7"} if given["on"] == "2024-07-02" else {"expected": rule}


def test_every_failure_has_a_line_and_the_status_tells(capsys: pytest.CaptureFixture[str]):
    assert runner.main(["--function", f"{__name__}:wrong", "--rule", "expected"]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert 'expected/half-way: /expected is "7", not "0.5" (183 of 366 days.)' in lines
    assert last == f"0 of {len(lines)} vectors pass"


def test_an_answer_that_raises_is_a_failure_and_keeps_the_others():
    cases = list(runner.vectors(rules=["expected"]))
    found = list(runner.failures(lambda _rule, _given: 1 // 0, cases))
    assert len(found) == len(cases)
    assert "no answer: ZeroDivisionError" in str(found[0])


def test_an_unknown_rule_and_an_address_that_is_none_are_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        runner.main(["--function", f"{__name__}:wrong", "--rule", "astrology"])
    assert "there is no rule astrology" in capsys.readouterr().err
    with pytest.raises(ValueError, match="no HTTP address"):
        runner.ask("file:///etc/hostname", "expected", {})


def test_what_is_given_may_be_changed_by_who_answers():
    cases = list(runner.vectors(rules=["expected"]))
    given = [dict(case.given) for case in cases]
    list(runner.failures(lambda _rule, asked: asked.clear(), cases))
    assert [case.given for case in cases] == given
