"""Bad input to the imports: every fault has its status and its code, as a problem."""

import gzip
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from tests.flow.client import Gateway
from tests.flow.samples import activity_xml, file_of, new_identifier

GOOD = file_of(activity_xml("XM-FLOW-GOOD"))
BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><iati-activities version="2.03">&c;</iati-activities>"""
EXTERNAL_ENTITY = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<iati-activities version="2.03">&e;</iati-activities>"""
EXTERNAL_DTD = b'<!DOCTYPE iati-activities SYSTEM "http://127.0.0.1:1/x.dtd">' + GOOD
REFUSED_FILES = {
    "empty": (b"", 400, "empty-file"),
    "blank": (b" \n\n", 422, "empty-file"),
    "malformed": (GOOD.replace(b"</title>", b"</tilte>"), 422, "malformed-xml"),
    "broken off": (GOOD[: len(GOOD) // 2], 422, "truncated-xml"),
    "plain text": (b"identifier,title\nXM-1,Title\n", 422, "not-xml"),
    "json": (b'{"iati-activities": []}', 422, "not-xml"),
    "a web page": (b"<!doctype html><html><body>Not found</body></html>", 422, "not-xml"),
    "other xml": (b'<rss version="2.0"><channel/></rss>', 422, "not-iati"),
    "no activities": (b'<iati-activities version="2.03"/>', 422, "schema-invalid"),
    "entity bomb": (BOMB, 422, "entity-declaration"),
    "external entity": (EXTERNAL_ENTITY, 422, "entity-declaration"),
    "external document type": (EXTERNAL_DTD, 422, "external-dtd"),
    "version 1.05": (file_of(activity_xml("XM-1"), version="1.05"), 422, "unsupported-version"),
    "no version": (GOOD.replace(b' version="2.03"', b""), 422, "missing-version"),
    "not in the stated encoding": (
        b'<?xml version="1.0" encoding="utf-16"?>' + GOOD,
        422,
        "encoding-mismatch",
    ),
    "not utf-8": (GOOD.replace(b"Title", b"Titl\xe9"), 422, "invalid-encoding"),
    "an unknown encoding": (b'<?xml version="1.0" encoding="klingon"?>' + GOOD, 422, "unsupported-encoding"),
    "a broken gzip": (gzip.compress(GOOD)[:-12], 422, "corrupt-gzip"),
    "a NUL": (GOOD.replace(b"Title", b"Ti\x00le"), 422, "malformed-xml"),
}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, which has to be a whole problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    return answer.status_code, problem["code"]


@pytest.mark.parametrize("kind", REFUSED_FILES)
def test_a_file_that_is_wrong_as_a_whole_is_refused_at_once(gateway: Gateway, kind: str):
    content, *expected = REFUSED_FILES[kind]
    assert refusal(gateway.post_file(content)) == tuple(expected)


def test_a_spreadsheet_that_was_renamed_is_called_one(gateway: Gateway, data: Path):
    (path,) = (data / "data4development-validator" / "testspace").rglob("*xlsx*.xml")
    answer = gateway.post_file(path.read_bytes())
    assert refusal(answer) == (422, "not-xml")
    assert "Excel" in answer.json()["detail"]


def test_a_refused_file_leaves_no_import(gateway: Gateway):
    before = gateway.get("/v1/imports?limit=1")
    gateway.post_file(BOMB)
    assert gateway.get("/v1/imports?limit=1") == before


def test_a_form_without_a_file_is_refused(gateway: Gateway):
    answer = gateway.http.post("/v1/imports", files={"other": ("a.xml", GOOD)})
    assert refusal(answer) == (400, "missing-file")


def test_a_file_may_be_packed_or_come_in_a_form(gateway: Gateway):
    packed = file_of(activity_xml(new_identifier()))
    assert gateway.import_file(gzip.compress(packed))["progress"]["accepted"] == 1
    answer = gateway.http.post("/v1/imports", files={"file": ("a.xml", packed)})
    assert gateway.await_import(answer.headers["location"])["progress"]["unchanged"] == 1


def test_an_encoding_other_than_utf_8_is_read_by_what_it_declares(gateway: Gateway):
    identifier = new_identifier()
    text = '<?xml version="1.0" encoding="{}"?>' + file_of(activity_xml(identifier, "Année")).decode()
    for encoding in ("windows-1252", "utf-16", "iso-8859-15"):
        gateway.import_file(text.format(encoding).encode(encoding))
        assert gateway.project(identifier)["activity"]["data"]["titles"] == [{"text": "Année"}]


def test_one_bad_activity_costs_the_others_nothing(gateway: Gateway):
    good, bad, other = (new_identifier() for _ in range(3))
    content = file_of(
        activity_xml(good), activity_xml(bad).replace("<title>", "<titel>", 1), activity_xml(other)
    )
    content = content.replace(b"<titel><narrative>Title</narrative></title>", b"<titel/>")
    view = gateway.import_file(content)
    entries = gateway.report(view)
    assert [entry["outcome"] for entry in entries] == ["accepted", "refused", "accepted"]
    (problem, *_) = entries[1]["problems"]
    assert (problem["code"], problem["line"]) == ("schema-invalid", 14)
    assert gateway.http.get(f"/v1/results/projects/{bad}").status_code == 404
    assert gateway.project(other)["iati_identifier"] == other


PARAMETERS = {
    "an unknown filter": ("/v1/results/projects?contry=KE", 400, "unknown-parameter"),
    "an unknown filter of a summary": (
        "/v1/results/summary?group_by=country&contry=KE",
        400,
        "unknown-parameter",
    ),
    "an unknown group": ("/v1/results/summary?group_by=continent", 400, "invalid-parameter"),
    "no group": ("/v1/results/summary", 400, "invalid-parameter"),
    "a year that is none": ("/v1/results/projects?year=soon", 400, "invalid-parameter"),
    "a year before all": ("/v1/results/projects?year=0", 400, "invalid-parameter"),
    "a flag that is none": ("/v1/results/projects?humanitarian=perhaps", 400, "invalid-parameter"),
    "a page without items": ("/v1/results/projects?limit=0", 400, "invalid-parameter"),
    "a page too large": ("/v1/imports?limit=501", 400, "invalid-parameter"),
    "text too long": (f"/v1/results/projects?{urlencode({'text': 'x' * 201})}", 400, "invalid-parameter"),
    "a NUL": ("/v1/results/projects?country=%00", 400, "invalid-parameter"),
    "a NUL in a text": ("/v1/results/projects?text=%00", 400, "invalid-parameter"),
    "a cursor made up": ("/v1/results/projects?cursor=abc", 400, "invalid-cursor"),
    "a cursor that is not ASCII": ("/v1/imports?cursor=%C3%A9", 400, "invalid-cursor"),
    "an unknown import": (f"/v1/imports/{uuid4()}", 404, "not-found"),
    "the report of an unknown import": (f"/v1/imports/{uuid4()}/report", 404, "not-found"),
    "an import that is no id": ("/v1/imports/first", 400, "invalid-parameter"),
    "an unknown project": ("/v1/results/projects/XM-NOBODY", 404, "not-found"),
    "a project with a NUL": ("/v1/results/projects/%00", 404, "not-found"),
    "an unknown route": ("/v1/reslts", 404, "not-found"),
}


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_wrong_request_is_told_what_is_wrong(gateway: Gateway, kind: str):
    target, *expected = PARAMETERS[kind]
    assert refusal(gateway.http.get(target)) == tuple(expected)


def test_an_unknown_outcome_of_a_report_is_refused(gateway: Gateway):
    view = gateway.import_file(GOOD)
    assert refusal(gateway.http.get(f"{view['report']}?outcome=lost")) == (400, "invalid-parameter")


def test_a_cursor_that_was_tampered_with_is_refused(gateway: Gateway):
    gateway.import_file(GOOD)
    gateway.import_file(GOOD)
    cursor = gateway.get("/v1/imports?limit=1")["next"]
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert refusal(gateway.http.get(f"/v1/imports?cursor={changed}")) == (400, "invalid-cursor")
    elsewhere = gateway.http.get(f"/v1/results/projects?cursor={cursor}x")
    assert refusal(elsewhere) == (400, "invalid-cursor")


def test_a_write_that_was_never_answered_cannot_be_waited_for(gateway: Gateway):
    answer = gateway.http.get("/v1/results/projects", headers={"DevCoop-After": "activity.1.1"})
    assert refusal(answer) == (400, "invalid-devcoop-after")
