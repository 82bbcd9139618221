"""The catalogue: every type of events has a schema and an example that keep to one another and to the contracts."""

import json

import pytest
from jsonschema import Draft202012Validator

from deploy import webhooks_page
from deploy.snapshots import generate
from gateway.passthrough import OWNER_OF_PATH
from gateway.webhooks.catalogue import SEGMENTS, event_types, is_known, matches
from shared.contracts.catalog import CATALOG


def test_every_event_of_the_contracts_is_in_it_and_a_few_of_our_own():
    names = [each.name for each in event_types()]
    assert names == [*CATALOG, "devcoop.removed", "devcoop.ping", "devcoop.endpoint-disabled"]


def test_every_example_is_what_its_schema_says():
    checked: set[str] = set()
    for each in event_types():
        aggregate = each.name.rpartition(".")[0]
        if aggregate not in checked:
            checked.add(aggregate)
            Draft202012Validator.check_schema(each.schema)
            Draft202012Validator(each.schema).validate(json.loads(json.dumps(each.example)))
        assert each.example["type"] == each.name


def test_every_document_of_an_example_keeps_its_contract():
    for each in event_types():
        if each.name in CATALOG:
            CATALOG[each.name].data.from_json(json.dumps(each.example["data"]["document"]))


def test_every_aggregate_has_an_address():
    assert set(SEGMENTS) == {f"{event.owner}.{event.aggregate}" for event in CATALOG.values()}
    assert {OWNER_OF_PATH[segment] for segment in SEGMENTS.values()} == {"projects", "funding", "monitoring"}
    assert all(OWNER_OF_PATH[segment] == key.split(".")[0] for key, segment in SEGMENTS.items())


@pytest.mark.parametrize(
    ("patterns", "type_", "taken"),
    [
        ([], "funding.agreement.signed", True),
        (["funding.*"], "funding.agreement.signed", True),
        (["funding.agreement.*"], "funding.agreement.signed", True),
        (["funding.agree.*"], "funding.agreement.signed", False),
        (["funding.agreement.signed"], "funding.agreement.signed", True),
        (["funding.agreement"], "funding.agreement.signed", False),
        (["projects.*", "devcoop.*"], "devcoop.removed", True),
        (["projects.*"], "devcoop.removed", False),
    ],
)
def test_types_are_named_or_begun(patterns, type_, taken):
    assert matches(patterns, type_) is taken


def test_what_names_nothing_is_known_as_that():
    assert [is_known(each) for each in ("funding.*", "devcoop.ping", "nothing.*", "*", "funding")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_page_is_one_of_the_snapshots():
    text = generate()[webhooks_page.PAGE]
    assert text == webhooks_page.text()
    assert all(f"| `{name}` |" in text for name in CATALOG)
