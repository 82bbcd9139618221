"""Files of real publishers through the whole system: nothing is lost, and money is right to the cent."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from lxml.etree import _Element as Element

from tests.flow import xml_counts
from tests.flow.client import Answer, Gateway
from tests.flow.comparison import TOTALS, differences

REFUSED = {
    "cove-iati/basic_iati_org_valid_repeat_identifiers.xml": ["duplicate-identifier"],
    "iati-public-validator/versions/201not1x.xml": ["missing-identifier"],
    "iati-public-validator/versions/202not201.xml": ["missing-identifier"],
    "iati-public-validator/versions/203not202.xml": ["missing-identifier"],
    "iatipublisher/complete.xml": ["text-too-long"],
    "js-validator-api/integration-tests/test-files/iati-dup-activity-ids.xml": ["duplicate-identifier"],
    "js-validator-api/integration-tests/test-files/multi-blank-activity-ids.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-UTF-16.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-UTF-16LE.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-UTF-8.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-undetectable-encoding.xml": [
        "missing-identifier"
    ],
    "pyiati-testdata/version_independent/dataset-encoding/valid.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/valid.xml": ["missing-identifier"],
}
"""Files that are valid against the schema, with what rightly refuses items of them all the same."""


def waves(files: Mapping[str, Element]) -> Iterator[list[str]]:
    """Yield the files in rounds, so that no two of a round tell of the same activity."""
    left = list(files)
    while left:
        taken: set[str] = set()
        wave = []
        for name in left:
            identifiers = {xml_counts.identifier_of(item) for item in xml_counts.items_of(files[name])}
            if taken.isdisjoint(identifiers):
                wave.append(name)
                taken |= identifiers - {""}
        yield wave
        left = [name for name in left if name not in wave]


@pytest.fixture(scope="module")
def files(data: Path) -> dict[str, Element]:
    return xml_counts.valid_files(data)


def check_file(gateway: Gateway, name: str, root: Element, view: Answer) -> list[str]:
    """Compare a finished import with its file, and return the codes that refused items of it."""
    items = xml_counts.items_of(root)
    report = gateway.report(view)
    assert [entry["ordinal"] for entry in report] == list(range(1, len(items) + 1)), name
    for entry, item in zip(report, items, strict=True):
        if entry["outcome"] != "refused":
            assert differences(gateway, item) == {}, (name, entry["identifier"])
    refused = [entry for entry in report if entry["outcome"] == "refused"]
    assert view["progress"]["refused"] == len(refused)
    return sorted({problem["code"] for entry in refused for problem in entry["problems"]})


def test_every_valid_file_arrives_whole_and_to_the_cent(
    gateway: Gateway, data: Path, files: dict[str, Element]
):
    assert len(files) > 180
    refused = {}
    for wave in waves(files):
        begun = {name: gateway.begin_import((data / name).read_bytes()) for name in wave}
        for name, location in begun.items():
            codes = check_file(gateway, name, files[name], gateway.await_import(location))
            if codes:
                refused[name] = codes
    assert refused == REFUSED


def test_the_summary_adds_up_to_what_the_projects_tell(gateway: Gateway):
    projects = list(gateway.pages("/v1/results/projects"))
    whole = gateway.summary()["whole"]
    assert whole["projects"] == len(projects)
    for name in ("results", "indicators", "baselines", "periods", "targets", "actuals"):
        assert whole["results"][name] == sum((each["results"] or {}).get(name, 0) for each in projects), name
    money = [total for project in projects for total in project["money"] or []]
    for name in TOTALS:
        told = xml_counts.summed(
            (name, each["currency"], Decimal(each[name])) for each in money if each[name] is not None
        )
        rows = {
            (name, row["currency"]): Decimal(row[name]) for row in whole["money"] if row[name] is not None
        }
        assert rows == told
