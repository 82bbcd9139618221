from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.readings import read_number


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("0", "0"),
        ("100", "100"),
        ("-4.00", "-4.00"),
        ("+7", "7"),
        (" 12.5\n", "12.5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("0012", "12"),
        ("1" * 20 + "." + "1" * 18, "1" * 20 + "." + "1" * 18),
    ],
)
def test_a_decimal_is_plain(raw: str, number: str):
    reading = read_number(raw)
    assert (reading.raw, reading.number, reading.reading) == (raw, Decimal(number), "plain")


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("1,200,000", "1200000"),
        ("18,000,000.00", "18000000.00"),
        ("18,000.50", "18000.50"),
        ("-1,200,000", "-1200000"),
        (" 1,234,567,890 ", "1234567890"),
    ],
)
def test_thousands_that_read_one_way_are_grouped(raw: str, number: str):
    reading = read_number(raw)
    assert (reading.raw, reading.number, reading.reading) == (raw, Decimal(number), "grouped")


@pytest.mark.parametrize("raw", ["", " ", "\n\t", "\u00a0"])
def test_blank_is_blank(raw: str):
    reading = read_number(raw)
    assert (reading.raw, reading.number, reading.reading) == (raw, None, "blank")


@pytest.mark.parametrize(
    "raw",
    [
        "£13,000,000",
        "30,6",
        "17,000",
        "72,0000",
        "1,20,000",
        "1,200,00",
        "1234,567.5",
        "1.200.000",
        "1 200 000",
        "NULL",
        "N/A",
        "Yes",
        "1:130",
        "'-4.00",
        "20%",
        "1e5",
        "1E+5",
        "NaN",
        "Infinity",
        "-inf",
        "--5",
        "-",
        "+",
        ".",
        "1_000",
        "0x10",
        "\u0663\u0664",
        "\uff11\uff12",
        "1.2.3",
        "3/31/2024",
        "47.09\n(2020)",
        "N: 18,870 D: 20,191 P: 93.5 %",
        "1" * 21,
        "1" * 39,
        "0." + "1" * 19,
    ],
)
def test_all_else_is_unreadable_and_kept(raw: str):
    reading = read_number(raw)
    assert (reading.raw, reading.number, reading.reading) == (raw, None, "unreadable")


@given(st.text(alphabet="0123456789+-., eE%'\u00a0", max_size=60) | st.text(max_size=60))
def test_no_text_fails_and_no_number_is_made_up(raw: str):
    reading = read_number(raw)
    assert reading.raw == raw
    if reading.number is not None:
        assert Decimal(raw.strip().replace(",", "")) == reading.number


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19, places=6))
def test_every_number_written_plainly_or_grouped_is_read(number: Decimal):
    assert read_number(f"{number:f}").number == number
    assert read_number(f"{number:,f}").number == number
