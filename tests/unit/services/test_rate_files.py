"""Files of exchange rates: two layouts, plain or zipped, and what is wrong with a line."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.funding.rates import files
from services.funding.rates.files import parse, unpacked
from shared.chassis.errors import Invalid, ProblemError, TooLarge

WIDE = b"Date,USD,JPY,RUB,\r\n2024-05-03,1.0765,164.61,N/A,\r\n2024-05-02,1.0698,,N/A,\r\n"
LONG = b"currency,date,rate\nUSD,2024-05-03,1.0765\nJPY,2024-05-03,164.61\nUSD,2024-05-02,1.0698\n"
RATES = {
    ("USD", date(2024, 5, 3)): Decimal("1.0765"),
    ("JPY", date(2024, 5, 3)): Decimal("164.61"),
    ("USD", date(2024, 5, 2)): Decimal("1.0698"),
}


def zipped(*contents, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for place, content in enumerate(contents):
            archive.writestr(f"rates-{place}.csv", content)
    return made.getvalue()


def faults(table, base="EUR"):
    with pytest.raises(Invalid) as refused:
        parse(table, base)
    assert refused.value.code == "invalid"
    return [(fault.pointer, fault.code) for fault in refused.value.errors]


@pytest.mark.parametrize(
    "table",
    [
        WIDE,
        LONG,
        b"\xef\xbb\xbf" + WIDE,
        LONG.replace(b"\n", b"\r\n"),
        b"Rate, Date ,CURRENCY\n1.0765,2024-05-03, usd\n164.61,2024-05-03,JPY\n1.0698,2024-05-02,USD\n",
        LONG + b"RUB,2024-05-03,N/A\nRUB,2024-05-02,\n\n , ,\n",
        LONG + b"EUR,2024-05-03,1.00\nUSD,2024-05-03,1.07650\n",
        b'"Date","USD","JPY"\n"2024-05-03","1.0765","164.61"\n2024-05-02,1.0698,n/a\n',
    ],
)
def test_what_a_table_says(table):
    assert parse(table, "EUR") == RATES


def test_a_table_of_a_first_line_alone_has_no_rates():
    assert parse(b"Date,USD\n", "EUR") == {}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"US$,2024-05-03,1", "unknown-currency"),
        (b",2024-05-03,1", "unknown-currency"),
        (b"USDX,2024-05-03,1", "unknown-currency"),
        (b"USD,2024-02-30,1", "invalid-date"),
        (b"USD,20240503,1", "invalid-date"),
        (b"USD,2024-W01-1,1", "invalid-date"),
        (b"USD,03/05/2024,1", "invalid-date"),
        (b"USD,0001-01-01,1", "invalid-date"),
        (b"USD,,1", "invalid-date"),
        (b"USD,2024-05-03,0", "invalid-rate"),
        (b"USD,2024-05-03,0.000", "invalid-rate"),
        (b"USD,2024-05-03,-1", "invalid-rate"),
        (b'USD,2024-05-03,"1,0765"', "invalid-rate"),
        (b"USD,2024-05-03,1e3", "invalid-rate"),
        (b"USD,2024-05-03,NaN", "invalid-rate"),
        (b"USD,2024-05-03,1.0000000000000000001", "invalid-rate"),
        ("USD,2024-05-03,\u0661".encode(), "invalid-rate"),
        (b"EUR,2024-05-03,1.1", "invalid-rate"),
        (b"USD,2024-05-03", "invalid-line"),
        (b"USD,2024-05-03,1,2", "invalid-line"),
        (b"JPY,2024-05-03,164.62", "duplicate-rate"),
    ],
)
def test_a_line_that_tells_no_rate(line, code):
    first = b"currency,date,rate\nJPY,2024-05-03,164.61\n"
    assert faults(first + line + b"\nKES,2024-05-03,142\n") == [("/lines/3", code)]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (b"Date,USD,J1Y,x\n2024-05-03,1,2,3\n", [("/lines/1", "unknown-currency")] * 2),
        (
            b"Date,USD\n2024-05-32,1\n2024-05-03,x\n",
            [("/lines/2", "invalid-date"), ("/lines/3", "invalid-rate")],
        ),
        (
            b"Date,USD,\n2024-05-03,1,7\n2024-05-02,1\n",
            [("/lines/2", "invalid-line"), ("/lines/3", "invalid-line")],
        ),
        (b"Date,USD,USD\n2024-05-03,1,2\n", [("/lines/2", "duplicate-rate")]),
        (b"Date,EUR,USD\n2024-05-03,2,1\n", [("/lines/2", "invalid-rate")]),
    ],
)
def test_a_wide_line_that_tells_no_rate(table, found):
    assert faults(table) == found


def test_every_line_is_named_up_to_fifty():
    assert faults(b"currency,date,rate\n" + b"USD,never,1\n" * 30) == [
        (f"/lines/{line}", "invalid-date") for line in range(2, 32)
    ]
    assert len(faults(b"currency,date,rate\n" + b"USD,never,1\n" * 80)) == 50


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\n",
        b"USD,2024-05-03,1\n",
        b"Date\n2024-05-03\n",
        b"Date,\n",
        b"\xff\xfe",
        b"<html>",
        b"[]",
        b"PK\x03\x04",
    ],
)
def test_a_table_of_another_layout_is_refused(table):
    with pytest.raises(Invalid) as refused:
        parse(table, "EUR")
    assert refused.value.code == "unsupported-file"


@pytest.mark.parametrize(
    "text", [b'Date,USD\n2024-05-03,"1\n', b'Date,USD\n2024-05-03,"1"x\n', b"Date,USD\n" + b"1" * 200_000]
)
def test_what_is_no_csv_is_refused(text):
    with pytest.raises(Invalid) as refused:
        parse(text, "EUR")
    assert refused.value.code == "unsupported-file"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_one_file_of_a_zip(method):
    assert unpacked(zipped(WIDE, method=method)) == WIDE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        WIDE,
        zipped(),
        zipped(WIDE, LONG),
        zipped(WIDE)[:-30],
        zipped(WIDE, method=zipfile.ZIP_LZMA),
        zipped(WIDE, method=zipfile.ZIP_BZIP2),
        zipped(WIDE)
        .replace(b"\x50\x4b\x03\x04\x14\x00\x00", b"\x50\x4b\x03\x04\x14\x00\x01")
        .replace(b"\x50\x4b\x01\x02\x14\x03\x14\x00\x00", b"\x50\x4b\x01\x02\x14\x03\x14\x00\x01"),
        zipped(WIDE, method=zipfile.ZIP_STORED).replace(b"1.0765", b"9.9999"),
    ],
    ids=["empty", "csv", "none", "two", "cut", "lzma", "bzip2", "encrypted", "checksum"],
)
def test_what_is_no_zip_of_one_file_is_refused(data):
    with pytest.raises(Invalid) as refused:
        unpacked(data)
    assert refused.value.code == "unsupported-file"


def test_a_zip_is_not_expanded_beyond_the_bound():
    bomb = zipped(b"0" * (files.MAX_CSV_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge) as refused:
        unpacked(bomb)
    assert refused.value.code == "file-too-large"


def test_sizes_are_bounded(monkeypatch):
    monkeypatch.setattr(files, "MAX_RATES", 2)
    with pytest.raises(TooLarge):
        parse(WIDE, "EUR")
    monkeypatch.setattr(files, "MAX_RATES", 3)
    assert len(parse(WIDE, "EUR")) == 3
    monkeypatch.setattr(files, "MAX_MONTHS", 0)
    with pytest.raises(TooLarge):
        parse(WIDE, "EUR")
    with pytest.raises(TooLarge):
        parse(b" " * (files.MAX_CSV_BYTES + 1), "EUR")
    with pytest.raises(TooLarge):
        unpacked(b" " * (files.MAX_ZIP_BYTES + 1))


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_breaks_nothing(data):
    for read in (
        unpacked,
        lambda table: parse(table, "EUR"),
        lambda table: parse(b"Date,USD\n" + table, "EUR"),
    ):
        try:
            read(data)
        except ProblemError as problem:
            assert problem.code in {"unsupported-file", "invalid"}  # noqa: PT017


def test_the_history_of_the_european_central_bank():
    file = Path(__file__).parents[3].parent / "shared" / "data" / "_ref" / "ecb" / "eurofxref-hist.zip"
    if not file.is_file():
        pytest.skip(f"The real file is not at {file}.")
    rates = parse(unpacked(file.read_bytes()), "EUR")
    assert len(rates) > 200_000
    assert rates["USD", date(1999, 1, 4)] == Decimal("1.1789")
    assert rates["TRL", date(1999, 1, 4)] == Decimal(372274)
    assert max(day for code, day in rates if code == "RUB") == date(2022, 3, 1)
    assert max(day for code, day in rates if code == "HRK") == date(2022, 12, 30)
    assert ("TRY", date(1999, 1, 4)) not in rates
