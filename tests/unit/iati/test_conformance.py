"""The files that others made to tell a good reader of IATI from a bad one."""

import csv
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from gateway.imports.iati.problems import FileRefused, Problem
from gateway.imports.iati.reader import read
from gateway.imports.iati.scan import scan

SCHEMA_TESTS = {
    "should-fail": {
        "activity-tests/should-fail": 225,
        "organisation-tests/should-fail": 127,
        "should-fail/iati-activities": 98,
        "should-fail/iati-organisations": 3,
    },
    "should-pass": {
        "activity-tests/should-pass": 58,
        "organisation-tests/should-pass": 12,
        "should-pass/iati-activities": 157,
        "should-pass/iati-organisations": 6,
    },
}
WITHOUT_VERSION = {
    "16-missing-version.xml",
    "17-version-on-iati-organisation.xml",
    "18-missing-iati-activities-version.xml",
}
MERELY_WARNED = {
    "iati-dup-activity-ids.xml": {"duplicate-identifier"},
    "multi-blank-activity-ids.xml": {"missing-identifier"},
}
"""What the validator of IATI calls valid with an error of its rules, but nobody could keep apart."""

VERSION = re.compile(rb"""(<iati-(?:activities|organisations)\b[^>]*?\bversion=["'])[^"']*""")
BLANK_IDENTIFIER = re.compile(rb"(<(?:iati|organisation)-identifier>)\s*(?=</)")


def outcome(path: Path) -> list[Problem]:
    """Return what refuses a file or its items."""
    try:
        return [problem for item in read(path, scan(path)) for problem in item.problems]
    except FileRefused as refused:
        return [refused.problem]


def schema_tests(data: Path, expectation: str) -> Iterator[Path]:
    for folder, files in SCHEMA_TESTS[expectation].items():
        found = sorted((data / "iati-schema-tests" / folder).rglob("*.xml"))
        assert len(found) == files, folder
        yield from found


def usable(text: bytes) -> bytes:
    """Return a schema test with a version and identifiers, which most of them have but as stopgaps."""
    number = count(1)
    return BLANK_IDENTIFIER.sub(
        lambda blank: b"%bAA-%d" % (blank[1], next(number)), VERSION.sub(rb"\g<1>2.03", text)
    )


def test_every_file_that_should_fail_does(data: Path):
    assert [path for path in schema_tests(data, "should-fail") if not outcome(path)] == []


def test_every_file_that_should_fail_does_for_its_own_reason(
    data: Path, write: Callable[[str | bytes], Path]
):
    reasons = {
        path: [problem.code for problem in outcome(write(usable(path.read_bytes())))]
        for path in schema_tests(data, "should-fail")
    }
    others = {path: codes for path, codes in reasons.items() if "schema-invalid" not in codes}
    assert {path.name for path, codes in others.items() if codes == ["missing-version"]} == WITHOUT_VERSION
    rootless = {path for path, codes in others.items() if codes == ["not-iati"]}
    assert len(rootless) == len(others) - len(WITHOUT_VERSION) == 6
    assert not any(
        re.search(rb"<iati-(activities|organisations)[ >]", path.read_bytes()) for path in rootless
    )


def test_every_file_that_should_pass_does(data: Path, write: Callable[[str | bytes], Path]):
    problems = {path: outcome(write(usable(path.read_bytes()))) for path in schema_tests(data, "should-pass")}
    assert {path.name: found for path, found in problems.items() if found} == {}


def test_the_validator_of_iati_and_the_reader_agree(data: Path):
    folder = data / "js-validator-api"
    files = {path.name: path for path in folder.rglob("*.xml")}
    disagreed = {}
    with (folder / "EXPECTED.csv").open(newline="") as lines:
        for case in csv.DictReader(lines):
            path = files.get(case["file"])
            if path is None:
                continue
            codes = {problem.code for problem in outcome(path)}
            if (case["expected_valid"], bool(codes)) in (("true", True), ("false", False)):
                disagreed[case["file"]] = codes
    assert disagreed == MERELY_WARNED
