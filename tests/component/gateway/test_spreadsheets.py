"""Spreadsheets: a template is filled in offline, sent as often as one likes, and answered row by row."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres
from gateway.spreadsheets.api import XLSX
from shared.policy.grants import Grant, Role
from shared.testing.documents import ACTIVITY, FINANCE, FRAMEWORK
from shared.testing.identity import TestIssuer
from tests.component.gateway.offices import Office, open_office

Fill = Callable[[Workbook], None]
SECONDS = 20


@pytest.fixture(scope="module")
async def office(postgres: EmbeddedPostgres, nats: EmbeddedNats, issuer: TestIssuer) -> AsyncIterator[Office]:
    async with open_office(postgres, nats, issuer, max_spreadsheet_bytes=300_000) as office:
        yield office


@pytest.fixture(scope="module")
async def made(office: Office) -> bytes:
    """Return a template as it was made."""
    return saved(await template(office, await project(office, "XM-10-A")))


def value(number: str) -> dict[str, Any]:
    return {"value": {"raw": number, "number": number, "reading": "plain"}}


def indicator(title: str, measure: str, **period: Any) -> dict[str, Any]:
    return {
        "measure": measure,
        "titles": [{"text": title}],
        "periods": [{"start": "2026-01-01", "end": "2026-06-30", **period}],
    }


FEMALE = {"dimensions": [{"name": "sex", "value": "female"}]}
INDICATORS = [
    indicator("People trained", "1", targets=[value("1000"), {**value("500"), **FEMALE}]),
    indicator("Share of women", "2", targets=[value("50")]),
    indicator("What changed", "5"),
    indicator("=HYPERLINK(1)", "1", actuals=[{**value("5"), "comments": [{"text": "first"}]}]),
]


def framework(identifier: str, indicators: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    result = {"type": "1", "titles": [{"text": "Skills"}], "indicators": indicators or INDICATORS}
    return FRAMEWORK.document(identifier, results=[result])


async def project(office: Office, identifier: str) -> str:
    sida = {"ref": "SE-6", "role": "1", "names": [{"text": "Sida"}]}
    for kind, document in (
        (ACTIVITY, ACTIVITY.document(identifier, participating_organisations=[sida])),
        (FINANCE, FINANCE.document(identifier)),
        (FRAMEWORK, framework(identifier)),
    ):
        answer = await office.http.put(kind.address(identifier), json=document)
        assert answer.status_code == 201, answer.text
    return identifier


async def template(office: Office, identifier: str, **parameters: str) -> Workbook:
    answer = await office.http.get(f"/v1/spreadsheets/{identifier.replace('/', '%2F')}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    return load_workbook(io.BytesIO(answer.content))


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def send(office: Office, content: bytes | Workbook, **headers: str) -> httpx.Response:
    body = saved(content) if isinstance(content, Workbook) else content
    return await office.http.post("/v1/spreadsheets", content=body, headers={"Content-Type": XLSX, **headers})


async def outcomes(office: Office, book: Workbook, **headers: str) -> dict[tuple[str, int], tuple[str, str]]:
    """Return what became of each row, and the codes of what refused it."""
    answer = await send(office, book, Accept="application/json", **headers)
    assert answer.status_code == 200, answer.text
    return {(row["sheet"], row["row"]): (row["outcome"], codes(row)) for row in answer.json()["rows"]}


def codes(row: dict[str, Any]) -> str:
    body = row.get("body") or {}
    return " ".join(each["code"] for each in body.get("errors", [])) or body.get("code", "")


async def actuals(office: Office, identifier: str, at: int = 0) -> list[dict[str, Any]]:
    document = (await office.http.get(FRAMEWORK.address(identifier))).json()["document"]
    return document["results"][0]["indicators"][at]["periods"][0].get("actuals", [])


async def transactions(office: Office, identifier: str) -> list[dict[str, Any]]:
    return (await office.http.get(FINANCE.address(identifier))).json()["document"].get("transactions", [])


def spend(book: Workbook, row: int, amount: Any, **more: Any) -> None:
    told = {"B": date(2026, 3, 31), "C": "4 Expenditure", "D": amount, "E": "USD", **more}
    for column, cell in told.items():
        book["Expenditures"][f"{column}{row}"] = cell


async def test_a_template_shows_what_is_to_be_reported_and_locks_the_rest(office: Office):
    book = await template(office, await project(office, "XM-1/A"))
    sheet = book["Actuals"]
    assert [cell.value for cell in sheet[2]] == [
        *("Skills", "People trained", "2026-01-01 – 2026-06-30", None, "number", None, "1000"),  # noqa: RUF001
        *[None] * 5,
    ]
    assert sheet["D3"].value == "sex: female"
    assert (sheet["B6"].value, sheet["B6"].data_type) == ("=HYPERLINK(1)", "s")
    assert (sheet["H6"].value, sheet["K6"].value) == (5, "first")
    open_ = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    assert {name for name in open_ if name[1] in "245"} == {
        *("H2", "K2", "L2"),
        *("I4", "J4", "K4", "L4"),
        *("K5", "L5"),
    }
    money = book["Expenditures"]
    assert not money["B2"].protection.locked
    assert money["A2"].protection.locked
    for each in (sheet, money):
        assert each.protection.sheet
        assert each.freeze_panes == "A2"
    lists = {
        next(iter(rule.sqref.ranges)).coord: rule.formula1 for rule in money.data_validations.dataValidation
    }
    assert lists["C2:C201"] == "Codes!$D$1:$D$2"
    assert book["Codes"]["D2"].value == "4 Expenditure"
    assert book["Codes"]["B1"].value == "USD"
    assert book["Codes"]["C1"].value == "Sida [SE-6]"
    assert book["Codes"].sheet_state == "veryHidden"
    assert book["About"]["B2"].value == "XM-1/A"


async def test_a_template_is_made_in_other_languages(office: Office):
    identifier = await project(office, "XM-1-B")
    for number, (lang, heading) in enumerate((("fr", "Résultat"), ("es", "Resultado"))):
        book = await template(office, identifier, lang=lang)
        assert book["Actuals"]["A1"].value == heading
        book["Actuals"]["H2"] = number
        assert await outcomes(office, book) == {("Actuals", 2): ("recorded", "")}


async def test_rows_are_recorded_once_however_often_they_are_sent(office: Office):
    identifier = await project(office, "XM-2-A")
    book = await template(office, identifier)
    book["Actuals"]["H2"], book["Actuals"]["K2"] = 620, "From the lists"
    book["Actuals"]["H3"] = "300.10"
    book["Actuals"]["I4"], book["Actuals"]["J4"] = 15, 50
    book["Actuals"]["K5"], book["Actuals"]["L5"] = "Much", "https://example.org/proof"
    spend(book, 2, 98000.5, F="Rent", G="Sida [SE-6]", H="Landlord", I="PV-1")
    spend(book, 3, "12345678901234567890.12")
    spend(book, 4, 7)
    spend(book, 5, 7)
    told = await outcomes(office, book)
    assert told == {
        **{("Actuals", row): ("recorded", "") for row in (2, 3, 4, 5)},
        **{("Expenditures", row): ("recorded", "") for row in (2, 3, 4, 5)},
    }
    assert (await actuals(office, identifier))[0]["value"]["raw"] == "620"
    assert (await actuals(office, identifier))[1] == {
        "value": {"raw": "300.1", "number": "300.1", "reading": "plain"},
        "dimensions": [{"name": "sex", "value": "female"}],
    }
    assert (await actuals(office, identifier, 1))[0]["value"]["number"] == "30"
    assert (await actuals(office, identifier, 2))[0]["documents"] == [{"url": "https://example.org/proof"}]
    spent = await transactions(office, identifier)
    assert [each["value"]["amount"] for each in spent] == ["98000.5", "12345678901234567890.12", "7", "7"]
    assert (spent[0]["ref"], spent[0]["provider"]["ref"]) == ("PV-1", "SE-6")
    versions = [
        (await office.http.get(kind.address(identifier))).headers["etag"] for kind in (FINANCE, FRAMEWORK)
    ]
    again = await outcomes(office, book)
    assert {outcome for outcome, _ in again.values()} == {"unchanged"}
    assert again.keys() == told.keys()
    assert versions == [
        (await office.http.get(kind.address(identifier))).headers["etag"] for kind in (FINANCE, FRAMEWORK)
    ]


async def test_a_corrected_cell_takes_the_place_of_what_it_was(office: Office):
    identifier = await project(office, "XM-3-A")
    book = await template(office, identifier)
    book["Actuals"]["H2"] = 10
    spend(book, 2, 100, I="PV-1")
    spend(book, 3, 100)
    spend(book, 4, 100)
    await outcomes(office, book)
    for number, amount in ((12, 200), (10, 100), (13, 300)):
        book["Actuals"]["H2"] = number
        spend(book, 3, amount)
        told = await outcomes(office, book)
        assert told["Actuals", 2] == told["Expenditures", 3] == ("recorded", "")
        assert told["Expenditures", 2] == told["Expenditures", 4] == ("unchanged", "")
        assert [each["value"]["raw"] for each in await actuals(office, identifier)] == [str(number)]
        amounts = [int(each["value"]["amount"]) for each in await transactions(office, identifier)]
        assert sorted(amounts) == sorted([100, amount, 100])
    for cell in ("B3", "C3", "D3", "E3"):
        book["Expenditures"][cell] = None
    book["Actuals"]["H2"] = None
    told = await outcomes(office, book)
    assert told["Expenditures", 3] == told["Actuals", 2] == ("refused", "value-cleared")


async def test_a_bad_row_costs_no_other(office: Office):
    identifier = await project(office, "XM-4-A")
    book = await template(office, identifier)
    sheet = book["Actuals"]
    sheet["H2"] = "=300+20"
    sheet["H3"] = 1 / 3
    sheet["I4"], sheet["J4"] = 1, 0
    sheet["A5"] = "Another result"
    sheet["H6"] = 9
    sheet["H20"] = 9
    spend(book, 2, 5, E="QQQ")
    spend(book, 3, 5, B=date(2999, 1, 1))
    spend(book, 4, 5)
    assert await outcomes(office, book) == {
        ("Actuals", 2): ("refused", "formula"),
        ("Actuals", 3): ("refused", "inexact-number"),
        ("Actuals", 4): ("refused", "denominator-zero"),
        ("Actuals", 5): ("refused", "locked-cell-changed"),
        ("Actuals", 6): ("recorded", ""),
        ("Actuals", 20): ("refused", "unknown-row"),
        ("Expenditures", 2): ("refused", "unknown-currency"),
        ("Expenditures", 3): ("refused", "date-in-future date-in-future"),
        ("Expenditures", 4): ("recorded", ""),
    }
    sheet["H2"] = 320
    assert (await outcomes(office, book))["Actuals", 2] == ("recorded", "")


async def test_what_somebody_else_reported_since_is_a_conflict_with_the_difference(office: Office):
    identifier = await project(office, "XM-5-A")
    first, second = await template(office, identifier), await template(office, identifier)
    first["Actuals"]["H6"], second["Actuals"]["H6"] = 6, 7
    first["Actuals"]["H2"] = 1
    await outcomes(office, first)
    answer = await send(office, second, Accept="application/json")
    (row,) = answer.json()["rows"]
    assert (row["outcome"], row["status"], row["body"]["code"]) == ("conflict", 409, "changed-since")
    assert row["body"]["difference"] == [
        {"pointer": "/Actuals/H6", "base": "5", "yours": "7", "theirs": "6", "conflict": True}
    ]
    third = await template(office, identifier)
    third["Actuals"]["H6"] = 7
    assert (await outcomes(office, third))["Actuals", 6] == ("recorded", "")


async def test_places_that_moved_are_found_again_and_those_that_changed_are_not_taken(office: Office):
    identifier = await project(office, "XM-6-A")
    book = await template(office, identifier)
    book["Actuals"]["H2"] = 1
    book["Actuals"]["H6"] = 2
    moved = [indicator("New", "1"), INDICATORS[0], INDICATORS[1], INDICATORS[2], indicator("Odd", "1")]
    answer = await office.http.put(
        FRAMEWORK.address(identifier), json=framework(identifier, moved), headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    assert await outcomes(office, book) == {
        ("Actuals", 2): ("recorded", ""),
        ("Actuals", 6): ("conflict", "place-moved"),
    }
    assert (await actuals(office, identifier, 0)) == []
    assert (await actuals(office, identifier, 1))[0]["value"]["raw"] == "1"


async def test_rows_are_answered_as_lines_or_in_the_workbook(office: Office):
    identifier = await project(office, "XM-7-A")
    book = await template(office, identifier)
    book["Actuals"]["H2"] = 620
    book["Actuals"]["H3"] = "=1"
    spend(book, 2, 5, F="=cmd|' /C calc'!A0")
    book["Expenditures"]["F2"].data_type = "s"
    lines = [json.loads(line) for line in (await send(office, book)).content.splitlines()]
    assert [(line.get("row"), line.get("outcome")) for line in lines] == [
        (2, "recorded"),
        (3, "refused"),
        (2, "recorded"),
        (None, None),
    ]
    assert lines[0]["write"].startswith("framework.")
    assert lines[-1] == {"end": True, "recorded": 2, "unchanged": 0, "refused": 1, "conflict": 0}
    answer = await send(office, book, Accept=XLSX)
    told = load_workbook(io.BytesIO(answer.content))
    assert told["Actuals"]["M2"].value == "unchanged"
    assert told["Actuals"]["M3"].value.startswith("refused: Formulas")
    assert told["Actuals"]["M2"].fill.start_color.rgb.endswith("EDEDED")
    assert (told["Actuals"]["H2"].value, told["Actuals"]["H3"].data_type) == (620, "s")
    assert told["Expenditures"]["F2"].data_type == "s"
    told["Actuals"]["H3"] = 310
    spend(told, 3, 9)
    assert await outcomes(office, told) == {
        ("Actuals", 2): ("unchanged", ""),
        ("Actuals", 3): ("recorded", ""),
        ("Expenditures", 2): ("unchanged", ""),
        ("Expenditures", 3): ("recorded", ""),
    }


async def test_a_form_carries_a_spreadsheet_too(office: Office):
    book = await template(office, await project(office, "XM-8-A"))
    book["Actuals"]["H2"] = 1
    answer = await office.http.post("/v1/spreadsheets", files={"file": ("filled.xlsx", saved(book), XLSX)})
    assert json.loads(answer.text.splitlines()[0])["outcome"] == "recorded"


async def test_the_owners_decide_by_the_grants_of_who_sends(office: Office):
    identifier = await project(office, "XM-9-A")
    book = await template(office, identifier)
    book["Actuals"]["H2"] = 1
    elsewhere = Grant(role=Role.FIELD_OFFICER, countries=frozenset({"UG"}))
    headers = office.issuer.bearer(elsewhere)
    async with asyncio.timeout(SECONDS):  # monitoring hides the project until it knows that it is public
        while (await office.http.get(FRAMEWORK.address(identifier), headers=headers)).status_code == 404:
            await asyncio.sleep(0.02)
    told = await outcomes(office, book, **headers)
    assert told == {("Actuals", 2): ("refused", "outside-scope")}
    partner = office.issuer.bearer(Grant(role=Role.PARTNER))
    assert (await send(office, book, **partner)).status_code == 403
    assert (await office.http.get(f"/v1/spreadsheets/{identifier}", headers=partner)).status_code == 200
    unknown = await office.http.get("/v1/spreadsheets/XM-NOTHING")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    async with httpx.AsyncClient(base_url=office.address) as nobody:
        assert (await nobody.get(f"/v1/spreadsheets/{identifier}")).status_code == 401


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    return packed({**parts, name: change(parts.get(name, b""))})


def hidden_changed(content: bytes) -> bytes:
    book = load_workbook(io.BytesIO(content))
    book["Codes"]["A2"] = book["Codes"]["A2"].value.replace('"place":[1,1,1]', '"place":[1,2,1]')
    return saved(book)


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
SHEET = "xl/worksheets/sheet2.xml"


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [
        (lambda _: b"not a workbook", 422, "spreadsheet-unreadable"),
        (lambda content: content[:2000], 422, "spreadsheet-unreadable"),
        (lambda _: packed({"a.xml": b"<a/>"}), 422, "spreadsheet-unreadable"),
        (lambda content: with_part(content, SHEET, lambda _: LAUGHS), 422, "spreadsheet-unreadable"),
        (
            lambda content: with_part(content, SHEET, lambda _: LAUGHS.decode().encode("utf-16")),
            422,
            "spreadsheet-unreadable",
        ),
        (lambda content: with_part(content, SHEET, lambda _: b"<worksheet><"), 422, "spreadsheet-unreadable"),
        (
            lambda content: with_part(content, "xl/vbaProject.bin", lambda _: b"x"),
            422,
            "spreadsheet-with-macros",
        ),
        (
            lambda content: with_part(content, "xl/media/a.bin", lambda _: bytes(80 * 1024**2)),
            413,
            "spreadsheet-too-large",
        ),
        (lambda _: packed({f"{each}.bin": b"" for each in range(600)}), 413, "spreadsheet-too-large"),
        (lambda content: content + bytes(400_000), 413, "file-too-large"),
        (lambda _: saved(Workbook()), 422, "spreadsheet-unknown"),
        (hidden_changed, 422, "spreadsheet-unknown"),
    ],
)
async def test_what_is_no_template_of_ours_is_refused_whole(
    office: Office, made: bytes, spoil: Callable[[bytes], bytes], status: int, code: str
):
    answer = await send(office, spoil(made))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_sheet_that_claims_to_be_huge_costs_nothing(office: Office):
    book = await template(office, await project(office, "XM-11-A"))
    book["Actuals"]["H2"] = 1
    book["Actuals"]["XFD1048576"] = 1
    book["Actuals"].merge_cells("N10:Z30")
    wide = with_part(saved(book), SHEET, lambda sheet: sheet.replace(b"N10:Z30", b"A10:XFD1048576"))
    answer = await send(office, wide, Accept="application/json")
    assert answer.status_code == 200, answer.text
    assert answer.json()["recorded"] == 1
