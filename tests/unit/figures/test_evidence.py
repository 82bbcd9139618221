"""The evidence of random indicators recomputes to the progress that the framework tells."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.monitoring.v1 import (
    Baseline,
    Dimension,
    Indicator,
    Measurement,
    Period,
    Result,
    ResultsFramework,
)
from shared.figures.evidence import IndicatorEvidence, evidence_of, recomputed_progress
from shared.figures.framework import IndicatorFigures, framework_figures
from shared.figures.readings import read_number

ON = date(2025, 6, 1)
RAW = st.none() | st.sampled_from(["0", "10", "25", "40.5", "100", "-3", "n/a", " ", "1,000"])
FRACTION = st.sampled_from(
    [(None, None), (Decimal(15), Decimal(50)), (Decimal(3), Decimal(4)), (Decimal(1), Decimal(0))]
)
DIMENSIONS = st.sampled_from([(), (), (Dimension(name="sex", value="female"),)])


def measurement(
    raw: str | None, fraction: tuple[Decimal | None, Decimal | None], dimensions: tuple[Dimension, ...]
) -> Measurement:
    return Measurement(
        value=None if raw is None else read_number(raw),
        numerator=fraction[0],
        denominator=fraction[1],
        dimensions=dimensions,
    )


MEASUREMENTS = st.lists(st.builds(measurement, RAW, FRACTION, DIMENSIONS), max_size=2).map(tuple)
PERIODS = st.builds(
    lambda year, targets, actuals: Period(
        start=date(year, 1, 1), end=date(year, 12, 31), targets=targets, actuals=actuals
    ),
    st.integers(2022, 2026),
    MEASUREMENTS,
    MEASUREMENTS,
)
BASELINES = st.builds(
    lambda of, year: Baseline(year=year, **{name: getattr(of, name) for name in type(of).model_fields}),
    st.builds(measurement, RAW, FRACTION, DIMENSIONS),
    st.integers(2019, 2021),
)
INDICATORS = st.builds(
    Indicator,
    measure=st.sampled_from(["1", "1", "2", "4", "5"]),
    ascending=st.booleans(),
    over_time=st.sampled_from([None, "periodic", "summing-cumulative", "latest"]),
    baselines=st.lists(BASELINES, max_size=2).map(tuple),
    periods=st.lists(PERIODS, max_size=4).map(tuple),
)


def explained(indicator: Indicator) -> tuple[IndicatorFigures, IndicatorEvidence]:
    framework = ResultsFramework(iati_identifier="X", results=(Result(type="1", indicators=(indicator,)),))
    (figures,) = framework_figures(framework, on=ON).results[0].indicators
    return figures, evidence_of(indicator, figures, "/results/0/indicators/0", on=ON)


@settings(max_examples=200)
@given(INDICATORS)
def test_the_evidence_recomputes_to_the_figure(indicator: Indicator):
    figures, evidence = explained(indicator)
    assert replace(recomputed_progress(evidence), flags=()) == replace(figures.progress, flags=())


@settings(max_examples=100)
@given(INDICATORS)
def test_every_value_is_told_where_it_stands(indicator: Indicator):
    _, evidence = explained(indicator)
    values = len(indicator.baselines) + sum(len(p.targets) + len(p.actuals) for p in indicator.periods)
    assert len(evidence.values) == len({value.pointer for value in evidence.values}) == values


def test_the_values_that_do_not_count_tell_why():
    year = lambda n, *actuals: Period(start=date(n, 1, 1), end=date(n, 12, 31), actuals=actuals)  # noqa: E731
    plain = (None, None)
    women = (Dimension(name="sex", value="female"),)
    _, evidence = explained(
        Indicator(
            measure="1",
            periods=(
                year(2023, measurement("10", plain, ()), measurement("4", plain, women)),
                year(2024, measurement("20", plain, ()), measurement("n/a", plain, ())),
                year(2026, measurement("30", plain, ())),
            ),
        )
    )
    assert [(v.raw, v.reason) for v in evidence.values] == [
        ("10", "not-the-latest-period"),
        ("4", "disaggregated"),
        ("20", None),
        ("n/a", "unreadable"),
        ("30", "period-in-future"),
    ]
