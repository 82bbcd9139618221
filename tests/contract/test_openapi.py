"""The OpenAPI documents: as committed, whole, and in agreement with what is answered."""

import json
from collections import Counter

import pytest
from jsonschema import Draft202012Validator

from deploy import snapshots
from gateway.openapi import owner_document
from shared.contracts.catalog import OWNERS
from shared.contracts.snapshots import ROOT

PATHS = [*(f"{snapshots.OWNED}/{owner}.json" for owner in OWNERS), snapshots.COMBINED]
STALE = f"run `{snapshots.COMMAND}` and look at what changed"


@pytest.fixture(scope="module")
def generated():
    return snapshots.generate()


@pytest.fixture(params=PATHS)
def document(request, generated):
    return json.loads(generated[request.param])


def operations(document):
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


@pytest.mark.parametrize("path", PATHS)
def test_a_document_is_as_committed(generated, path):
    committed = ROOT / path
    assert committed.is_file(), f"{path} is missing: {STALE}"
    assert committed.read_text(encoding="utf-8") == generated[path], f"{path} is out of date: {STALE}"


def test_there_is_no_document_of_no_service():
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / snapshots.OWNED).glob("*.json")}
    assert found == set(PATHS[:-1])


def test_the_gateway_joins_the_committed_documents(generated):
    served = snapshots.application(snapshots.GATEWAY).openapi()
    assert served == json.loads(generated[snapshots.COMBINED]), STALE
    for owner in OWNERS:
        assert set(owner_document(owner)["paths"]) <= set(served["paths"])


def test_operation_ids_are_unique(document):
    counts = Counter(operation["operationId"] for _, operation in operations(document))
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_operation_tells_of_its_problems(document):
    for name, operation in operations(document):
        problem = operation["responses"]["default"]["content"]
        assert problem == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }, name
        assert "422" not in operation["responses"], name


def test_every_operation_has_a_summary_and_a_tag(document):
    assert [
        name for name, each in operations(document) if not each.get("summary") or not each.get("tags")
    ] == []


def test_every_parameter_is_told(document):
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter.get("description"), f"{name} {parameter['name']}"


def test_every_reference_leads_somewhere(document):
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference


def test_every_schema_is_a_json_schema(document):
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_path_parameters_are_those_of_the_path(document):
    for name, operation in operations(document):
        told = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert told == {part.split("}")[0] for part in name.split("{")[1:]}, name


def test_the_command_names_and_mends_what_differs(tmp_path, capsys):
    snapshots.main([], tmp_path)
    assert snapshots.main(["--check"], tmp_path) == 0
    stale, missing = tmp_path / snapshots.COMBINED, tmp_path / snapshots.OWNED / "funding.json"
    stale.write_text("{}")
    missing.unlink()
    capsys.readouterr()
    assert snapshots.main(["--check"], tmp_path) == 1
    told = [f"differs: {path.relative_to(tmp_path).as_posix()}" for path in (missing, stale)]
    assert capsys.readouterr().out.splitlines() == told
    assert snapshots.main([], tmp_path) == 0
    assert snapshots.main(["--check"], tmp_path) == 0
