"""Contract of ``services/monitoring``: results, indicators, baselines, periods, targets and actuals."""

from shared.contracts.monitoring.v1.results import (
    Baseline,
    Dimension,
    Indicator,
    IndicatorReference,
    Measurement,
    Period,
    Result,
    ResultsFramework,
)

__all__ = [
    "Baseline",
    "Dimension",
    "Indicator",
    "IndicatorReference",
    "Measurement",
    "Period",
    "Result",
    "ResultsFramework",
]
