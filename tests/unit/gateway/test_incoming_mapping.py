"""Mappings of partners' messages: what they make, what does not fit, and what cannot be declared."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.incoming.mapping import MessageMapping, NotMapped, faults_of_mapping, mapped
from gateway.incoming.operations import ALLOWED, commands
from gateway.incoming.payloads import Unreadable, body_of, payload_of


def mapping(body: Any, **members: Any) -> MessageMapping:
    rule = {
        "method": "PATCH",
        "path": "/v1/agreements/{agreement}",
        "values": {"agreement": {"$get": "id"}},
        "body": body,
        **members.pop("rule", {}),
    }
    return MessageMapping.model_validate({"rules": {"t": rule}, **members})


def filled(template: Any, data: Any, **members: Any) -> Any:
    found = mapped(mapping({"x": template}, **members), {"type": "t", "id": "A", "data": data})
    assert found is not None
    return found.body.get("x", "left out")


CODES = {"codes": {"steps": {"1": "one", "GO": "activate"}}}


@pytest.mark.parametrize(
    ("template", "data", "expected"),
    [
        ("constant", None, "constant"),
        (7, None, 7),
        (None, None, None),
        ({"a": [1, {"b": True}]}, None, {"a": [1, {"b": True}]}),
        ({"$get": "data"}, "found", "found"),
        ({"$get": "data.a.b"}, {"a": {"b": {"c": 1}}}, {"c": 1}),
        ({"$get": "data"}, Decimal("1.10"), Decimal("1.10")),
        ({"$get": "data"}, False, False),
        ({"$get": "data", "default": "none"}, None, "none"),
        ({"$get": "data", "default": 0}, None, 0),
        ({"$get": "data", "optional": True}, None, "left out"),
        ({"$get": "data", "codes": "steps"}, "GO", "activate"),
        ({"$get": "data", "codes": "steps"}, " GO ", "activate"),
        ({"$get": "data", "codes": "steps"}, 1, "one"),
        ({"$get": "data", "as": "date"}, "2026-03-02", "2026-03-02"),
        ({"$get": "data", "as": "date"}, "2026-03-02T23:59:00-05:00", "2026-03-02"),
        ({"$get": "data", "as": "text"}, 12, "12"),
        ({"$get": "data", "as": "text"}, Decimal("12.50"), "12.50"),
        ({"$get": "data", "as": "decimal"}, "0012.50", "12.50"),
        ({"$get": "data", "as": "decimal"}, "1e3", "1000"),
        ({"$get": "data", "as": "decimal", "scale": -2}, 123456789012345678901, "1234567890123456789.01"),
        ({"$get": "data", "as": "decimal", "scale": 3}, "1.5", "1500"),
        ({"$get": "data", "as": "decimal", "scale": -2}, 0, "0.00"),
        ({"$each": "data", "item": {"n": {"$get": "no"}}}, [{"no": 1}, {"no": 2}], [{"n": 1}, {"n": 2}]),
        ({"$each": "data", "item": {"$get": "no", "optional": True}}, [{"no": 1}, {}], [1]),
        ({"$each": "data", "item": {"$get": "@"}}, [], []),
        ({"$each": "data[?ok]", "item": {"$get": "n"}}, [{"n": 1, "ok": True}, {"n": 2}], [1]),
        ([{"$get": "data", "optional": True}, 1], None, [1]),
    ],
)
def test_a_template_is_filled(template: Any, data: Any, expected: Any):
    assert filled(template, data, **CODES) == expected


@pytest.mark.parametrize(
    ("template", "data", "code"),
    [
        ({"$get": "data.a"}, {}, "member-missing"),
        ({"$get": "data"}, None, "member-missing"),
        ({"$get": "data", "codes": "steps"}, "STOP", "code-not-mapped"),
        ({"$get": "data", "codes": "steps"}, ["GO"], "code-not-mapped"),
        ({"$get": "data", "codes": "steps"}, True, "code-not-mapped"),
        ({"$get": "data", "as": "date"}, "02/03/2026", "value-invalid"),
        ({"$get": "data", "as": "date"}, 20260302.5, "value-invalid"),
        ({"$get": "data", "as": "decimal"}, "1,5", "value-invalid"),
        ({"$get": "data", "as": "decimal"}, "NaN", "value-invalid"),
        ({"$get": "data", "as": "decimal"}, "Infinity", "value-invalid"),
        ({"$get": "data", "as": "decimal"}, "1e999999999", "value-invalid"),
        ({"$get": "data", "as": "decimal"}, "1e-999999999", "value-invalid"),
        ({"$get": "data", "as": "decimal"}, True, "value-invalid"),
        ({"$get": "data", "as": "text"}, {"a": 1}, "value-invalid"),
        ({"$each": "data", "item": 1}, "text", "list-missing"),
        ({"$each": "data", "item": 1}, None, "list-missing"),
        ({"$get": "length(data)"}, 5, "expression-failed"),
        ({"$get": "sum(data)"}, ["x"], "expression-failed"),
        ({"$get": "nothing(data)"}, 5, "expression-failed"),
    ],
)
def test_what_does_not_fit_is_told(template: Any, data: Any, code: str):
    with pytest.raises(NotMapped) as told:
        filled(template, data, **CODES)
    assert told.value.code == code
    assert told.value.pointer == "/rules/t/body/x"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "t", "id": "A/1 ü"}, "/v1/agreements/A%2F1%20%C3%BC"),
        ({"type": "t", "id": "a?b#c"}, "/v1/agreements/a%3Fb%23c"),
        ({"type": "t", "id": "../finances/x"}, "/v1/agreements/..%2Ffinances%2Fx"),
    ],
)
def test_an_identifier_stays_one_part_of_the_path(message: Any, expected: str):
    found = mapped(mapping({}), message)
    assert found is not None
    assert found.target == expected
    assert found.subject == f"agreements/{message['id']}"


@pytest.mark.parametrize("identifier", ["", ".", "..", "a\0b", 7, None, ["x"]])
def test_what_is_no_identifier_is_refused(identifier: Any):
    with pytest.raises(NotMapped):
        mapped(mapping({}), {"type": "t", "id": identifier})


def test_rules_are_chosen_by_type_and_condition():
    declared = mapping({}, rule={"when": "amount > `100`"}, ignored=["ping"], type="kind")
    assert mapped(declared, {"kind": "ping"}) is None
    assert mapped(declared, {"kind": "t", "id": "A", "amount": 5}) is None
    assert mapped(declared, {"kind": "t", "id": "A", "amount": Decimal("100.5")}) is not None
    for message, code in (({"kind": "other"}, "type-not-mapped"), ({"type": "t"}, "type-missing")):
        with pytest.raises(NotMapped) as told:
            mapped(declared, message)
        assert told.value.code == code


def receipts(body: dict[str, Any], **members: Any) -> dict[str, Any]:
    rule = {
        "method": "POST",
        "path": "/v1/agreements/{a}/receipts",
        "values": {"a": {"$get": "id"}},
        "body": body,
    }
    return {"rules": {"t": {**rule, **members}}}


WHOLE = {"reference": "R", "tranche": 1, "received_on": {"$get": "on"}, "amount": "1"}


@pytest.mark.parametrize(
    ("declared", "pointer", "code"),
    [
        (receipts({**WHOLE, "colour": 1}), "/rules/t/body/colour", "member-unknown"),
        (receipts({"reference": "R"}), "/rules/t/body", "member-missing"),
        (receipts({**WHOLE, "amount": {"$get": "a["}}), "/rules/t/body/amount", "expression-invalid"),
        (receipts({**WHOLE, "amount": {"$get": "a", "codes": "x"}}), "/rules/t/body/amount", "codes-unknown"),
        (
            receipts({**WHOLE, "amount": {"$get": "a", "colour": 1}}),
            "/rules/t/body/amount/colour",
            "extra-forbidden",
        ),
        (receipts({**WHOLE, "amount": {"$each": "a"}}), "/rules/t/body/amount/item", "missing"),
        (
            receipts({**WHOLE, "amount": {"$each": "a[", "item": {"$get": "b]"}}}),
            "/rules/t/body/amount/item",
            "expression-invalid",
        ),
        (receipts(WHOLE, when="a ||"), "/rules/t/when", "expression-invalid"),
        (receipts(WHOLE, values={"b": {"$get": "id"}}), "/rules/t/values", "values-of-path"),
        (receipts(WHOLE, values={"a": {"$get": "("}}), "/rules/t/values/a", "expression-invalid"),
        (receipts(WHOLE, path="/v1/agreements/{a}"), "/rules/t/path", "command-not-allowed"),
        (receipts(WHOLE, path="/v1/agreements/{a}/allocations"), "/rules/t/path", "command-not-allowed"),
        (
            receipts(WHOLE, path="/v1/agreements/AG-1/receipts", values={}),
            "/rules/t/path",
            "command-not-allowed",
        ),
        (receipts(WHOLE, path="https://elsewhere.org/{a}"), "/rules/t/path", "command-not-allowed"),
        (receipts(WHOLE, method="PATCH"), "/rules/t/path", "command-not-allowed"),
        ({**receipts(WHOLE), "ignored": ["t"]}, "/rules/t", "type-ignored-too"),
        ({"rules": {}, "type": "("}, "/type", "expression-invalid"),
        (
            receipts({**WHOLE, "amount": json.loads("[" * 30 + "]" * 30)}),
            "/rules/t/body/amount" + "/0" * 20,
            "template-too-deep",
        ),
        (
            receipts({**WHOLE, "amount": {"$get": "[" * 990 + "]"}}),
            "/rules/t/body/amount",
            "expression-invalid",
        ),
    ],
)
def test_what_cannot_work_is_not_declared(declared: Any, pointer: str, code: str):
    faults = faults_of_mapping(MessageMapping.model_validate(declared))
    assert (pointer, code) in {(fault.pointer, fault.code) for fault in faults}


def test_what_can_work_is_declared():
    assert faults_of_mapping(MessageMapping.model_validate(receipts(WHOLE))) == []
    with pytest.raises(ValidationError):
        MessageMapping.model_validate({"rules": {}, "code": "import os"})


def test_commands_are_those_of_the_owners():
    assert {command.operation for command in commands().values()} == ALLOWED
    assert {command.owner for command in commands().values()} == {"funding"}
    receipt = commands()["POST", "/v1/agreements/{identifier}/receipts"]
    assert receipt.required == {"reference", "tranche", "received_on", "amount"}
    assert (receipt.resource, receipt.actions) == ("agreement", ("receive",))


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"[]", b'"x"', b"\xff{}", b'{"a": Infinity}', b'{"a": "\\ud800"}', b"\xef\xbb\xbf{}"],
)
def test_what_is_no_message_is_told(body: bytes):
    with pytest.raises(Unreadable):
        payload_of(body)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_values, max_size=3))
def test_a_corrected_message_keeps_every_digit(message: dict[str, Any]):
    assert payload_of(body_of(message)) == message


@given(st.dictionaries(st.text(), json_values, max_size=3))
def test_no_message_breaks_a_mapping(message: dict[str, Any]):
    declared = mapping({"x": {"$get": "data || type"}}, type="type || id", rule={"when": "id > `1`"})
    with contextlib.suppress(NotMapped):
        mapped(declared, message)
