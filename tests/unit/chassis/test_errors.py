"""Problems: one body for every refusal, and pointers into what was sent."""

import json
from http import HTTPStatus

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.chassis.errors import (
    BadRequest,
    Conflict,
    Fault,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    ProblemError,
    TimedOut,
    TooLarge,
    TooManyRequests,
    TooSlow,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
    faults_of,
    problem_response,
)

KINDS = {
    BadRequest: (400, "bad-request"),
    Unauthenticated: (401, "token-missing"),
    Forbidden: (403, "forbidden"),
    NotFound: (404, "not-found"),
    TooSlow: (408, "request-too-slow"),
    Conflict: (409, "conflict"),
    PreconditionFailed: (412, "precondition-failed"),
    PreconditionRequired: (428, "precondition-required"),
    TooLarge: (413, "body-too-large"),
    UnsupportedMedia: (415, "unsupported-media-type"),
    Invalid: (422, "invalid"),
    TooManyRequests: (429, "too-many-requests"),
    Unavailable: (503, "unavailable"),
    TimedOut: (504, "timed-out"),
}


def test_an_illegal_step_tells_what_is_allowed_and_nothing_else_does():
    problem = IllegalTransition("not now", allowed=("wait", "go")).problem()
    told = json.loads(problem_response(problem).body)
    assert (told["status"], told["code"], told["allowed"]) == (409, "illegal-transition", ["wait", "go"])
    final = IllegalTransition("never", allowed=()).problem()
    assert json.loads(problem_response(final).body)["allowed"] == []
    assert "allowed" not in json.loads(problem_response(Conflict("no").problem()).body)


def test_every_kind_of_refusal_is_listed_here():
    found = {each for each in ProblemError.__subclasses__() if each.__module__.startswith("shared.chassis.")}
    assert set(KINDS) == found


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_is_a_problem(kind):
    status, code = KINDS[kind]
    response = problem_response(kind("It cannot be done.").problem())
    assert (response.status_code, response.media_type) == (status, "application/problem+json")
    assert json.loads(response.body) == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": "It cannot be done.",
        "errors": [],
    }
    assert ("retry-after" in response.headers) == (status == 503)


def test_a_refusal_may_have_a_code_and_faults_of_its_own():
    fault = Fault(pointer="/a", code="wrong", detail="It is wrong.")
    problem = Invalid("No.", code="special", errors=[fault] * 60).problem()
    assert problem.code == "special"
    assert problem.errors == [fault] * 50


class Inner(BaseModel):
    number: int


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[Inner]


@pytest.mark.parametrize(
    ("value", "pointer", "code"),
    [
        ({"items": [{"number": 1}, {"number": "x"}]}, "/items/1/number", "int-parsing"),
        ({}, "/items", "missing"),
        ({"items": [], "a/b~c": 1}, "/a~1b~0c", "extra-forbidden"),
        (None, "", "model-type"),
    ],
)
def test_a_fault_points_to_its_place(value, pointer, code):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(value)
    assert [(fault.pointer, fault.code) for fault in faults_of(caught.value)] == [(pointer, code)]


def test_a_fault_does_not_repeat_what_was_sent():
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"items": [{"number": "a secret"}]})
    (fault,) = faults_of(caught.value)
    assert "secret" not in fault.detail
