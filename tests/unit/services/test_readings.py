"""What monitoring makes of the numbers that a caller claims its texts to state."""

from decimal import Decimal

import pytest

from services.monitoring.domain import with_readings
from shared.contracts.iati import Reading
from shared.contracts.monitoring.v1 import Baseline, Indicator, Measurement, Period, Result, ResultsFramework
from shared.figures.readings import is_as_read, read_number


def framework(value: Reading) -> ResultsFramework:
    measurement = Measurement(value=value)
    period = Period(
        start="2025-01-01", end="2025-12-31", targets=(measurement,), actuals=(measurement, Measurement())
    )
    indicator = Indicator(measure="1", baselines=(Baseline(year=2024, value=value),), periods=(period,))
    return ResultsFramework(iati_identifier="X-1", results=(Result(type="1", indicators=(indicator,)),))


@pytest.mark.parametrize(
    "claimed",
    [
        Reading(raw="abc", number=Decimal(999), reading="plain"),
        Reading(raw="17,000", number=Decimal(17000), reading="grouped"),
        Reading(raw="12", number=None, reading="unreadable"),
        Reading(raw=" ", number=Decimal(0), reading="blank"),
    ],
)
def test_a_number_that_its_text_does_not_state_is_not_kept(claimed: Reading):
    assert with_readings(framework(claimed)) == framework(read_number(claimed.raw))


@pytest.mark.parametrize("raw", ["12", "-4.00", "1,200,000", "£13,000,000", ""])
def test_what_is_as_read_is_left_alone(raw: str):
    true = framework(read_number(raw))
    assert is_as_read(read_number(raw))
    assert with_readings(true) is true
