import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.imports.iati.problems import FileRefused, Problem
from gateway.imports.iati.reader import Item, read
from gateway.imports.iati.scan import FileFacts, scan

Refused = Callable[..., Problem]

ROOT = '<iati-activities version="2.03">'
EMPTY = f"{ROOT}</iati-activities>"
BOMB = (
    '<!DOCTYPE iati-activities [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    f'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>{ROOT}&c;</iati-activities>'
)


def xlsx() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", "empty-file", "empty"),
        (b" \r\n\t\n", "empty-file", "empty"),
        (b"\xef\xbb\xbf", "empty-file", "empty"),
        (gzip.compress(b""), "empty-file", "empty"),
        (b" " * 200_000 + EMPTY.encode(), "not-xml", "blanks"),
        (xlsx(), "not-xml", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-xml", "old Excel"),
        (b"%PDF-1.7\n", "not-xml", "PDF"),
        (b"<!DOCTYPE html>\n<html></html>", "not-xml", "HTML"),
        (b"<!-- saved -->\n <HTML lang='en'></HTML>", "not-xml", "HTML"),
        (b'{"iati-activities": []}', "not-xml", "JSON"),
        (b'\n[{"title": "x"}]', "not-xml", "JSON"),
        (b"identifier,title\nAA-1,Water\n", "not-xml", "CSV"),
        (b"\x01\x02\x03", "not-xml", "binary"),
        (gzip.compress(gzip.compress(EMPTY.encode())), "not-xml", "gzip file inside"),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else "content"
    ),  # which holds the time that it was packed
)
def test_what_is_not_xml_is_refused_by_what_it_is(content: bytes, code: str, told: str, refused: Refused):
    problem = refused(content)
    assert problem.code == code
    assert told in problem.reason


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<rss version='2.0'><channel/></rss>", "not-iati"),
        ('<x:iati-activities xmlns:x="urn:x" version="2.03"/>', "not-iati"),
        ('<iati-activities xmlns="http://iatistandard.org" version="2.03"/>', "not-iati"),
        ("<iati-activities/>", "missing-version"),
        ('<iati-activities version=" "/>', "missing-version"),
        ('<iati-activities version="1.01"/>', "unsupported-version"),
        ('<iati-activities version="1.05"/>', "unsupported-version"),
        ('<iati-activities version="2.04"/>', "unsupported-version"),
        ('<iati-organisations version="xx"/>', "unsupported-version"),
        ('<iati-activities version="2.03" colour="red"/>', "schema-invalid"),
        ('<iati-activities version="2.03" generated-datetime="today"/>', "schema-invalid"),
        ('<iati-activities version="2.03" x:y="1"/>', "malformed-xml"),
        ('<iati-activities version="2.03" version="2.03"/>', "malformed-xml"),
        ('\n<?xml version="1.0"?><iati-activities version="2.03"/>', "malformed-xml"),
        (EMPTY, "schema-invalid"),
        ('<iati-activities version="2.03"/>', "schema-invalid"),
        (f"{ROOT}text</iati-activities>", "schema-invalid"),
        (f"{ROOT}<iati-organisation/></iati-activities>", "schema-invalid"),
        (f'{ROOT}<x:y xmlns:x="urn:x"/><iati-activity/></iati-activities>', "schema-invalid"),
        (f'{ROOT}<iati-activity/><x:y xmlns:x="urn:x"/><iati-activity/></iati-activities>', "schema-invalid"),
        (f"{ROOT}<iati-activity/>text</iati-activities>", "schema-invalid"),
        (f"{ROOT}<iati-activity><title></iati-activity></iati-activities>", "malformed-xml"),
        (f"{ROOT}<iati-activity>Food & water</iati-activity></iati-activities>", "malformed-xml"),
        (f"{ROOT}<iati-activity>a&nbsp;b</iati-activity></iati-activities>", "malformed-xml"),
        (f"{ROOT}<iati-activity><usg:x/></iati-activity></iati-activities>", "malformed-xml"),
        (f"{ROOT}<iati-activity/></iati-activities><more/>", "malformed-xml"),
        (f"{ROOT}{'<a>' * 300}{'</a>' * 300}</iati-activities>", "too-deep"),
        (BOMB, "entity-declaration"),
        (f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>{EMPTY}', "entity-declaration"),
        (f'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://localhost/"> %e;]>{EMPTY}', "entity-declaration"),
        (f'<!DOCTYPE iati-activities SYSTEM "http://localhost/iati.dtd">{EMPTY}', "external-dtd"),
        (f'<!DOCTYPE iati-activities PUBLIC "-//x" "http://localhost/iati.dtd">{EMPTY}', "external-dtd"),
        (f"<!DOCTYPE iati-activities [<!ELEMENT x ANY>]>{EMPTY}", "document-type"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_refused(text: str, code: str, refused: Refused):
    assert refused(text.encode()).code == code


def test_whatever_is_cut_off_was_truncated(activity: Callable[..., str], refused: Refused):
    whole = f'<?xml version="1.0"?>\n{ROOT}{activity(more="<!-- c -->")}<!-- d --></iati-activities>'.encode()
    for end in range(whole.index(b"<iati-activities") + 1, len(whole)):
        assert refused(whole[:end]).code == "truncated-xml", whole[:end]


@pytest.mark.parametrize("end", [12, 60, -9, -1])
def test_a_gzip_file_that_is_cut_off_is_refused(end: int, activity: Callable[..., str], refused: Refused):
    whole = gzip.compress(f"{ROOT}{activity()}</iati-activities>".encode())
    assert refused(whole[:end]).code == "corrupt-gzip"


def test_a_damaged_gzip_file_is_refused(activity: Callable[..., str], refused: Refused):
    whole = bytearray(gzip.compress(f"{ROOT}{activity()}</iati-activities>".encode()))
    whole[-8] ^= 1
    assert refused(bytes(whole)).code == "corrupt-gzip"


@pytest.mark.parametrize("broken", ["a&nbsp;b", "<usg:x/>", "</iati-activity>"])
def test_what_is_malformed_is_found_on_its_line_far_into_a_file(
    broken: str, activity: Callable[..., str], refused: Refused
):
    head = f"{ROOT}\n" + activity() * 1000 + "\n" * 70_000
    problem = refused(f"{head}{activity(more=broken)}{activity() * 1000}</iati-activities>".encode())
    assert problem.code == "malformed-xml"
    assert problem.line == head.count("\n") + 1 + activity().count("\n") - (broken != "</iati-activity>")


def test_a_document_type_that_declares_nothing_changes_nothing(
    activity: Callable[..., str], scanned: Callable[..., FileFacts]
):
    text = f"<!-- a --><!DOCTYPE iati-activities>\n<?b?>{ROOT}{activity()}</iati-activities>"
    assert scanned(text.encode()).count == 1


def test_many_comments_at_the_top_cost_no_time(
    activity: Callable[..., str], scanned: Callable[..., FileFacts]
):
    text = "<!-- c -->\n" * 5000 + f"{ROOT}{activity()}</iati-activities>"
    assert scanned(text.encode()).count == 1


def test_a_file_tells_what_it_is(activity: Callable[..., str], scanned: Callable[..., FileFacts]):
    text = (
        '<iati-activities version="2.02" generated-datetime="2024-02-29T23:59:59.1234567-01:30">'
        f"{activity('1')}{activity('2')}</iati-activities>"
    ).encode()
    facts = scanned(text)
    moment = datetime(2024, 3, 1, 1, 29, 59, 123456, tzinfo=UTC)
    assert facts == FileFacts("activities", "2.02", 2, "utf-8", False, len(text), moment)
    assert scanned(gzip.compress(text)) == replace(facts, compressed=True)
    assert FileFacts.from_dict(facts.to_dict()) == facts


@pytest.mark.parametrize(
    "encoding",
    [
        ("utf-8", "utf-8", b"", "utf-8"),
        ("UTF-8", "utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("UTF-16", "utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("UTF-16", "utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("UTF-16LE", "utf-16-le", b"", "utf-16-le"),
        ("utf-16", "utf-16-be", b"", "utf-16-be"),
        ("UTF-32", "utf-32-le", b"\xff\xfe\x00\x00", "utf-32-le"),
        ("UTF-32", "utf-32-be", b"\x00\x00\xfe\xff", "utf-32-be"),
        ("UTF-32LE", "utf-32-le", b"", "utf-32-le"),
        ("windows-1252", "cp1252", b"", "cp1252"),
        ("Windows-1251", "cp1251", b"", "cp1251"),
        ("ISO-8859-1", "latin-1", b"", "iso8859-1"),
        ("GB18030", "gb18030", b"", "gb18030"),
        ("latin1", "utf-8", b"\xef\xbb\xbf", "utf-8"),
    ],
)
def test_an_encoding_is_read_as_it_is(
    encoding: tuple[str, str, bytes, str], activity: Callable[..., str], tmp_path: Path
):
    declared, codec, bom, known = encoding
    title = "(naïve € Ünïcode кот 水)".encode(codec, "ignore").decode(codec)
    head = f'<?xml version="1.0" encoding="{declared}"?>\n{ROOT}\n'
    text = head + activity(title=f"<narrative>{title}</narrative>") + "</iati-activities>"
    path = tmp_path / "file.xml"
    path.write_bytes(bom + text.encode(codec))
    facts = scan(path)
    (item,) = read(path, facts)
    assert facts.encoding == known
    assert (item.line, item.content.activity.titles[0].text) == (3, title)


def test_without_a_declaration_a_file_is_utf_8(
    activity: Callable[..., str], items: Callable[..., list[Item]]
):
    assert items(activity(title="<narrative>قرية</narrative>"))[0].content.activity.titles[0].text == "قرية"


@pytest.mark.parametrize(
    ("declared", "codec", "code", "line"),
    [
        ("utf-16", "utf-8", "encoding-mismatch", 1),
        ("UTF-32BE", "utf-8", "encoding-mismatch", 1),
        ("utf-8", "utf-16-le", "encoding-mismatch", 1),
        ("UTF-16LE", "utf-16-be", "encoding-mismatch", 1),
        ("utf-8", "latin-1", "invalid-encoding", 3),
        ("ascii", "utf-8", "invalid-encoding", 3),
        ("utf-8", "cp037", "unsupported-encoding", None),
        ("klingon", "utf-8", "unsupported-encoding", 1),
        ("utf-7", "utf-8", "unsupported-encoding", 1),
        ("base64", "utf-8", "unsupported-encoding", 1),
        ("", "utf-8", "unsupported-encoding", 1),
    ],
)
def test_an_encoding_that_is_not_as_declared_is_refused(
    declared: str, codec: str, code: str, line: int | None, refused: Refused
):
    text = f'<?xml version="1.0" encoding="{declared}"?>\n{ROOT}\n<iati-activity>é</iati-activity></iati-activities>'
    problem = refused(text.encode(codec))
    assert (problem.code, problem.line) == (code, line)


def test_a_nul_character_is_refused_on_its_line(refused: Refused):
    problem = refused(f"{ROOT}\n<iati-activity>\n\x00</iati-activity></iati-activities>".encode())
    assert (problem.code, problem.line) == ("malformed-xml", 3)


def test_a_file_that_unpacks_to_too_much_is_refused(refused: Refused):
    bomb = gzip.compress(EMPTY.encode() + b" " * 5_000_000)
    assert refused(bomb, max_expanded_bytes=100_000).code == "file-too-large"
    assert refused(EMPTY.encode(), max_expanded_bytes=10).code == "file-too-large"


@pytest.mark.parametrize(("texts", "length"), [(4, 9_000_000), (1, 11_000_000)])
def test_an_element_that_is_too_large_is_refused(
    texts: int, length: int, activity: Callable[..., str], refused: Refused
):
    title = f"<narrative>{'x' * length}</narrative>" * texts
    assert refused(activity(title=title)).code == "element-too-large"


def test_a_start_of_a_file_that_does_not_end_is_refused(refused: Refused):
    assert refused(b"<!--" + b"-" * 40_000_000).code == "element-too-large"
    assert refused(b"<iati-activities " + b"a" * 2_000_000).code == "truncated-xml"


def test_a_file_that_changed_since_its_scan_is_refused(activity: Callable[..., str], tmp_path: Path):
    path = tmp_path / "file.xml"
    path.write_text(f"{ROOT}{activity('1')}{activity('2')}</iati-activities>")
    facts = scan(path)
    path.write_text(f"{ROOT}{activity('1')}</iati-activities>")
    with pytest.raises(FileRefused) as raised:
        list(read(path, facts))
    assert raised.value.problem.code == "file-changed"
