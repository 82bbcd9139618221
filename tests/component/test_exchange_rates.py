"""Exchange rates over the wire: sheets, files of rates, and the history that is taken in at the start."""

import asyncio
import io
import json
import zipfile
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.funding.main import SERVICE as FUNDING
from services.funding.rates import seed
from services.funding.rates.seed import RateSeed
from shared.chassis.db import Database
from shared.chassis.errors import Conflict
from shared.contracts.funding.v1 import RateSheet
from shared.contracts.ids import rate_sheet_id
from shared.testing.documents import ANY
from shared.testing.streams import await_published, published

PATH = "/v1/exchange-rates"
WIDE = b"Date,USD,JPY,RUB,\n2024-06-03,1.0842,170.05,N/A,\n2024-05-03,1.0765,164.61,N/A,\n2024-05-02,1.0698,,N/A,\n"
LONG = b"currency,date,rate\nKES,2024-05-31,130.5\nUSD,2024-05-03,1.08\nUSD,2024-07-01,1.09\n"


@pytest.fixture
async def funding(clients):
    return clients["funding"]


@pytest.fixture
def source(identifier):
    return identifier


def rate(currency, day, units):
    return {"currency": currency, "date": day, "rate": units}


def sheet(source, *rates, month="2024-05", **members):
    told = {"source": source, "kind": "ecb-daily", "base": "EUR", "month": month, **members}
    return {**told, "rates": list(rates)}


def address(source, month="2024-05"):
    return f"{PATH}/{source}/{month}"


async def send(client, source, body, media="text/csv", **parameters):
    told = {"source": source, "kind": "ecb-daily", "base": "EUR", **parameters}
    return await client.post(f"{PATH}/files", params=told, content=body, headers={"Content-Type": media})


async def read(client, source, month="2024-05"):
    answer = await client.get(address(source, month))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rates_of(client, source, month="2024-05"):
    document = (await read(client, source, month))["document"]
    return {(each["currency"], each["date"]): each["rate"] for each in document["rates"]}


async def events_of(client, nats, source, month="2024-05"):
    await await_published(client)
    found = await published(nats, "funding", rate_sheet_id(f"{source}/{month}"))
    return [(event.type, event.aggregate_version) for event in found]


def zipped(content):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", content)
    return made.getvalue()


async def test_a_sheet_is_put_read_and_told(funding, source, nats):
    later, first = rate("USD", "2024-05-03", "1.0765"), rate("JPY", "2024-05-02", "166.2")
    answer = await funding.put(address(source), json=sheet(source, later, first))
    assert answer.status_code == 201
    assert answer.headers["devcoop-write"] == f"rates.{rate_sheet_id(f'{source}/2024-05')}.1"
    assert (await read(funding, source))["document"] == sheet(source, first, later)
    again = await funding.put(address(source), json=sheet(source, first, later))
    assert again.json()["outcome"] == "unchanged"
    patched = await funding.patch(address(source), json={"rates": [first]}, headers={"If-Match": '"1"'})
    assert (patched.status_code, patched.json()["version"]) == (200, 2)
    assert await events_of(funding, nats, source) == [
        ("funding.rates.published", 1),
        ("funding.rates.revised", 2),
    ]


@pytest.mark.parametrize(
    ("rates", "code"),
    [
        ([rate("USD", "2024-06-03", "1")], "date-outside-month"),
        ([rate("USD", "2024-05-03", "1"), rate("USD", "2024-05-03", "2")], "duplicate-rate"),
        ([rate("EUR", "2024-05-03", "1")], "rate-of-base"),
        ([rate("USD", "2024-05-03", "0")], "greater-than"),
    ],
)
async def test_a_sheet_that_breaks_the_contract_is_refused(funding, source, rates, code):
    answer = await funding.put(address(source), json=sheet(source, *rates))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [fault["code"] for fault in answer.json()["errors"]] == [code]


async def test_a_sheet_has_the_identifier_of_its_address(funding, source):
    answer = await funding.put(address(source, "2024-06"), json=sheet(source))
    assert (answer.status_code, answer.json()["code"]) == (422, "identifier-mismatch")


async def test_many_sheets_at_once(funding, source):
    lines = "\n".join(json.dumps(sheet(source, month=month)) for month in ("2024-05", "2024-06", "2024-13"))
    answer = await funding.post(
        f"{PATH}/upserts", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    outcomes = [json.loads(line)["outcome"] for line in answer.text.splitlines()]
    assert outcomes == ["created", "created", "refused"]


async def test_sheets_are_listed_by_source_kind_and_month(funding, source):
    other = f"{source}-UN"
    for name, month, kind in (
        (source, "2024-05", "ecb-daily"),
        (source, "2024-06", "ecb-daily"),
        (other, "2024-06", "un-operational"),
    ):
        await funding.put(address(name, month), json=sheet(name, month=month, kind=kind))

    async def listed(**filters):
        items = (await funding.get(PATH, params=filters)).json()["items"]
        return {item["identifier"] for item in items if item["identifier"].startswith(source)}

    assert await listed(source=source) == {f"{source}/2024-05", f"{source}/2024-06"}
    assert await listed(month="2024-06") == {f"{source}/2024-06", f"{other}/2024-06"}
    assert await listed(kind="un-operational", month="2024-06") == {f"{other}/2024-06"}
    assert (await funding.get(PATH, params={"kind": "guessed"})).status_code == 400


@pytest.mark.parametrize(
    ("body", "media"),
    [(WIDE, "text/csv"), (WIDE, "Text/CSV; charset=utf-8"), (zipped(WIDE), "application/zip")],
    ids=["plain", "charset", "zip"],
)
async def test_a_wide_file_fills_the_sheets_of_its_months(funding, source, body, media):
    answer = await send(funding, source, body, media)
    assert answer.status_code == 200, answer.text
    ids = [rate_sheet_id(f"{source}/{month}") for month in ("2024-05", "2024-06")]
    assert answer.json() == {
        "source": source,
        "sheets": {"created": 2, "changed": 0, "unchanged": 0},
        "rates": {"added": 5, "replaced": 0, "unchanged": 0},
        "writes": [f"rates.{id_}.1" for id_ in ids],
    }
    assert answer.headers["devcoop-write"] == f"rates.{ids[1]}.1"
    assert await rates_of(funding, source) == {
        ("USD", "2024-05-02"): "1.0698",
        ("USD", "2024-05-03"): "1.0765",
        ("JPY", "2024-05-03"): "164.61",
    }


async def test_a_long_file_replaces_what_it_names_and_leaves_the_rest(funding, source, nats):
    await send(funding, source, WIDE)
    answer = await send(funding, source, LONG)
    assert answer.json()["sheets"] == {"created": 1, "changed": 1, "unchanged": 0}
    assert answer.json()["rates"] == {"added": 2, "replaced": 1, "unchanged": 0}
    assert await rates_of(funding, source) == {
        ("KES", "2024-05-31"): "130.5",
        ("USD", "2024-05-02"): "1.0698",
        ("USD", "2024-05-03"): "1.08",
        ("JPY", "2024-05-03"): "164.61",
    }
    assert [version for _, version in await events_of(funding, nats, source)] == [1, 2]
    assert [version for _, version in await events_of(funding, nats, source, "2024-06")] == [1]


async def test_a_file_that_says_nothing_new_is_silent(funding, source, nats):
    await send(funding, source, WIDE)
    answer = await send(funding, source, WIDE.replace(b"1.0842", b"1.08420"))
    assert answer.json()["sheets"] == {"created": 0, "changed": 0, "unchanged": 2}
    assert answer.json()["rates"] == {"added": 0, "replaced": 0, "unchanged": 5}
    assert answer.json()["writes"] == []
    assert "devcoop-write" not in answer.headers
    assert await events_of(funding, nats, source) == [("funding.rates.published", 1)]


async def test_a_file_without_rates_changes_nothing(funding, source):
    answer = await send(funding, source, b"Date,USD\n")
    assert (answer.status_code, answer.json()["writes"]) == (200, [])


async def test_bad_lines_are_named_and_nothing_is_stored(funding, source):
    body = LONG + b"US,2024-05-03,1\nUSD,2024-05-40,1\nUSD,2024-05-06,none\n"
    answer = await send(funding, source, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/lines/5", "unknown-currency"),
        ("/lines/6", "invalid-date"),
        ("/lines/7", "invalid-rate"),
    ]
    assert (await funding.get(address(source))).status_code == 404


@pytest.mark.parametrize(
    ("body", "media", "status", "code"),
    [
        (b"a,b\n1,2\n", "text/csv", 422, "unsupported-file"),
        (WIDE, "application/zip", 422, "unsupported-file"),
        (zipped(WIDE), "text/csv", 422, "unsupported-file"),
        (WIDE, "application/json", 415, "unsupported-media-type"),
        (WIDE, "", 415, "unsupported-media-type"),
        (zipped(b"0" * 17 * 1024**2), "application/zip", 413, "file-too-large"),
        (b"0" * 17 * 1024**2, "text/csv", 413, "file-too-large"),
    ],
)
async def test_another_kind_of_file_is_refused(funding, source, body, media, status, code):
    answer = await send(funding, source, body, media)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "parameters", [{"source": "a/b"}, {"source": ""}, {"kind": "guessed"}, {"base": "eur"}, {"colour": "red"}]
)
async def test_what_a_file_is_of_is_told(funding, source, parameters):
    answer = await send(funding, parameters.pop("source", source), WIDE, **parameters)
    assert answer.status_code == 400


@pytest.mark.parametrize("parameters", [{"kind": "donor"}, {"base": "USD"}])
async def test_a_source_has_one_kind_and_one_base(funding, source, parameters):
    await send(funding, source, WIDE)
    answer = await send(funding, source, b"Date,KES\n2020-01-02,100\n", **parameters)
    assert (answer.status_code, answer.json()["code"]) == (409, "other-kind-or-base")


async def test_files_that_are_sent_at_once_lose_no_rate(funding, source):
    currencies = ["AUD", "BRL", "CAD", "CHF", "CNY", "DKK", "GBP", "HUF"]

    async def until_done(currency):
        while True:
            answer = await send(funding, source, f"Date,{currency}\n2024-05-03,2\n2024-06-03,3\n".encode())
            if answer.status_code != 409:
                return answer
            assert answer.json()["code"] == "concurrent-change"

    answers = await asyncio.gather(*(until_done(currency) for currency in currencies))
    assert {answer.status_code for answer in answers} == {200}
    for month, day in (("2024-05", "2024-05-03"), ("2024-06", "2024-06-03")):
        assert set(await rates_of(funding, source, month)) == {(currency, day) for currency in currencies}


async def test_the_history_of_the_european_central_bank_as_a_file(funding, source):
    file = Path(__file__).parents[2].parent / "shared" / "data" / "_ref" / "ecb" / "eurofxref-hist.zip"
    if not file.is_file():
        pytest.skip(f"The real file is not at {file}.")
    answer = await send(funding, source, file.read_bytes(), "application/zip")
    assert answer.status_code == 200, answer.text
    assert answer.json()["rates"]["added"] > 200_000
    assert (await rates_of(funding, source, "1999-01"))["USD", "1999-01-04"] == "1.1789"


@pytest.fixture
def shipped(tmp_path):
    """Return a file like the one that is shipped."""
    path = tmp_path / "eurofxref-hist.zip"
    path.write_bytes(zipped(WIDE))
    return path


@pytest.fixture
async def service(serve, database_url):
    async with serve(FUNDING, database_url=database_url) as client:
        yield client


@pytest.fixture
async def database(database_url):
    database = Database(database_url, pool=4)
    yield database
    await database.dispose()


async def run_seed(database, path):
    """Run the worker until it waits for its end."""
    stop = asyncio.Event()
    worker = RateSeed(database, path)
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(30):
        while not running.done() and not worker.done:
            await asyncio.sleep(0.01)
    stop.set()
    await running


async def test_the_history_is_taken_in_once(service, database, shipped, nats):
    await run_seed(database, shipped)
    await run_seed(database, shipped)
    assert len(await rates_of(service, "ECB")) == 3
    item = await read(service, "ECB")
    assert RateSheet.model_validate(item["document"]).kind == "ecb-daily"
    assert item["version"] == 1
    await await_published(service)
    (event,) = await published(nats, "funding", rate_sheet_id("ECB/2024-05"))
    assert event.rationale


async def test_the_history_replaces_nothing_and_brings_nothing_back(service, database, shipped):
    mine = [rate("USD", "2024-05-03", "7"), rate("KES", "2024-05-02", "140")]
    await service.put(address("ECB"), json=sheet("ECB", *mine))
    await run_seed(database, shipped)
    held = await rates_of(service, "ECB")
    assert held["USD", "2024-05-03"] == "7"
    assert held["KES", "2024-05-02"] == "140"
    assert held["JPY", "2024-05-03"] == "164.61"
    await service.put(address("ECB"), json=sheet("ECB", *mine), headers=ANY)
    await run_seed(database, shipped)
    assert set(await rates_of(service, "ECB")) == {("USD", "2024-05-03"), ("KES", "2024-05-02")}
    shipped.write_bytes(zipped(WIDE + b"2024-05-06,1.0776,166,N/A,\n"))
    await run_seed(database, shipped)
    held = await rates_of(service, "ECB")
    assert (held["USD", "2024-05-03"], held["USD", "2024-05-06"]) == ("7", "1.0776")


async def test_several_processes_take_it_in_together(service, database, shipped):
    await asyncio.gather(*(run_seed(database, shipped) for _ in range(4)))
    for month, version in (("2024-05", 1), ("2024-06", 1)):
        assert (await read(service, "ECB", month))["version"] == version


async def test_other_writes_are_given_way_to_for_a_while(service, database, shipped, monkeypatch):
    tries = 0

    async def conflicting(*_, **__):
        nonlocal tries
        tries += 1
        raise Conflict("Somebody else was faster.", code="concurrent-change")

    monkeypatch.setattr(seed, "put_rates", conflicting)
    monkeypatch.setattr(seed, "RETRY_SECONDS", 0.001)
    with pytest.raises(Conflict):
        await run_seed(database, shipped)
    assert tries == seed.TRIES
    assert (await service.get(address("ECB"))).status_code == 404


async def test_sheets_of_another_base_keep_the_history_out_and_the_service_up(service, database, shipped):
    await service.put(address("ECB"), json=sheet("ECB", base="USD"))
    await run_seed(database, shipped)
    assert (await service.get(address("ECB", "2024-06"))).status_code == 404


async def test_a_service_takes_the_shipped_history_in_at_its_start(serve):
    async with serve(FUNDING, seed_rates=True) as client:
        async with asyncio.timeout(60):
            while (await client.get(address("ECB", "2024-05"))).status_code != 200:
                await asyncio.sleep(0.1)
        assert (await rates_of(client, "ECB"))["USD", "2024-05-03"] == "1.0744"
        assert (await client.get("/readyz")).json()["checks"]["workers"]["state"] == "ok"


async def test_history_and_sheets_use_exact_numbers(service, database, shipped):
    await run_seed(database, shipped)
    text = (await service.get(address("ECB"))).text
    kept = RateSheet.model_validate(json.loads(text)["document"])
    assert Counter(each.date for each in kept.rates) == {date(2024, 5, 2): 1, date(2024, 5, 3): 2}
    assert {each.rate for each in kept.rates} == {Decimal("1.0698"), Decimal("1.0765"), Decimal("164.61")}
