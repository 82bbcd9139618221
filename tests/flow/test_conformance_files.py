"""The files of iati-schema-tests that a good reader refuses: each is refused clearly, and none leaves a trace."""

import re
from itertools import count
from pathlib import Path

import pytest
from lxml import etree

from tests.flow import xml_counts
from tests.flow.client import Gateway

FOLDERS = {
    "activity-tests/should-fail": 225,
    "organisation-tests/should-fail": 127,
    "should-fail/iati-activities": 98,
    "should-fail/iati-organisations": 3,
}
ITEMS = 442
WHOLE_FILES = ["missing-version"] * 3 + ["not-iati"] * 6 + ["schema-invalid"] * 2
VERSION = re.compile(rb"""(<iati-(?:activities|organisations)\b[^>]*?\bversion=["'])[^"']*""")
BLANK_IDENTIFIER = re.compile(rb"(<(?:iati|organisation)-identifier>)\s*(?=</)")


def usable(text: bytes, mark: int) -> bytes:
    """Return a file with a version and identifiers, which most of these have but as stopgaps."""
    number = count(1)
    text = VERSION.sub(rb"\g<1>2.03", text)
    return BLANK_IDENTIFIER.sub(lambda blank: b"%bXM-FAIL-%d-%d" % (blank[1], mark, next(number)), text)


@pytest.fixture(scope="module")
def files(data: Path) -> list[bytes]:
    found = {folder: sorted((data / "iati-schema-tests" / folder).rglob("*.xml")) for folder in FOLDERS}
    assert {folder: len(paths) for folder, paths in found.items()} == FOLDERS
    return [path.read_bytes() for paths in found.values() for path in paths]


def refusals(gateway: Gateway, files: list[bytes]) -> list[str]:
    """Send files that are refused as a whole, and return the code of each refusal."""
    answers = [gateway.post_file(file) for file in files]
    assert {answer.status_code for answer in answers} <= {400, 422}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    return [answer.json()["code"] for answer in answers]


def bundled(files: list[bytes]) -> tuple[dict[str, list[bytes]], list[bytes]]:
    """Return the items of files by what their roots are, and the files of which the root is at fault."""
    bundles: dict[str, list[bytes]] = {name: [] for name in xml_counts.ITEMS}
    others = []
    for file in files:
        root = etree.fromstring(file)
        items = [child for child in root if child.tag == xml_counts.ITEMS.get(root.tag)]
        dated = "T" in root.get("generated-datetime", "T")
        if items and dated and root.get("version") and len(items) == len(root.findall("*")):
            bundles[root.tag] += [etree.tostring(item, with_tail=False) for item in items]
        else:
            others.append(file)
    return bundles, others


def test_files_that_should_fail_are_refused_as_they_are(gateway: Gateway, files: list[bytes]):
    before = gateway.read_model()
    assert set(refusals(gateway, files)) == {"unsupported-version", "missing-version", "not-iati"}
    assert gateway.read_model() == before


def test_what_should_fail_is_refused_for_its_own_fault(gateway: Gateway, files: list[bytes]):
    """With a version and identifiers; the items one by one, because what refuses an item costs no other."""
    bundles, others = bundled([usable(file, place) for place, file in enumerate(files)])
    assert (sum(map(len, bundles.values())), len(others)) == (ITEMS, len(files) - ITEMS)
    before = gateway.read_model()
    assert sorted(refusals(gateway, others)) == WHOLE_FILES
    for root, items in bundles.items():
        view = gateway.import_file(
            b'<%b version="2.03">%b</%b>' % (root.encode(), b"".join(items), root.encode())
        )
        report = gateway.report(view)
        assert len(report) == len(items)
        good = [entry for entry in report if entry["outcome"] != "refused"]
        assert good == []
        assert all("schema-invalid" in {each["code"] for each in entry["problems"]} for entry in report)
    assert gateway.read_model() == before
