"""The formulas of the figures, in words: what an explanation names, and by which version a figure was made."""

from dataclasses import dataclass
from typing import Literal

FormulaName = Literal[
    "money-by-stage",
    "spend",
    "delivery-rate",
    "division",
    "contribution",
    "classification",
    "counted-once",
    "conversion",
    "progress",
    "achievement",
    "expected-progress",
    "on-track",
    "counts",
    "resource-gap",
    "pipeline",
    "priority",
]


@dataclass(frozen=True, slots=True)
class Formula:
    """A rule of computation; ``version`` grows when the same inputs give another figure."""

    name: FormulaName
    version: int
    text: str
    source: str


FORMULAS: dict[FormulaName, Formula] = {
    formula.name: formula
    for formula in (
        Formula(
            "money-by-stage",
            1,
            "Sum of the values of one stage and currency; of budgets, the revised ones of a period where there are "
            "any, else the original.",
            "IATI guidance: financial transactions, activity budgets",
        ),
        Formula("spend", 1, "Disbursements plus expenditures.", "IATI guidance: financial transactions"),
        Formula(
            "delivery-rate",
            1,
            "Spend, by the convention told, over the budget of the same years and currency.",
            "ILO GB.267/TC/1, appendix I",
        ),
        Formula(
            "division",
            2,
            "Each value divided by the activity's percentages with the largest remainder, in units of its currency, "
            "as the running sum of its stage, currency and year is.",
            "IATI ruleset: percentages of countries, regions and sectors",
        ),
        Formula(
            "contribution",
            1,
            "The percentages of the project's links to outcomes that count in the biennium of the value's year; what "
            "goes to a country outcome is passed on by the percentages of its links to outcomes of that biennium, or to "
            "SDG targets. The shares are multiplied, and the value is divided once.",
            "ILO results chain; ILO Programme and Budget",
        ),
        Formula(
            "classification",
            1,
            "The code that follows from another in the value's year: an outcome's strategic objective, the lowest "
            "office that lists a country, or what the newest list published up to the first of January says of it.",
            "ILO Programme and Budget, field structure, publishers' lists of fragile contexts",
        ),
        Formula(
            "counted-once",
            1,
            "What was reported less what a secondary reporter repeats, what activities below report at the same "
            "stage, and what moves within the portfolio.",
            "IATI activity standard: hierarchy, provider-activity-id, secondary-reporter",
        ),
        Formula(
            "conversion",
            1,
            "Amount times the rate in effect on its value date; planned money to come at the latest rate, "
            "provisionally; without a rate, nothing.",
            "IATI activity standard: value-date",
        ),
        Formula(
            "progress",
            1,
            "(actual - baseline) / (target - baseline), signed and unclipped; targets and actuals of several periods "
            "are the latest ones, or added up where the indicator says so, percentages by numerator and denominator.",
            "IATI guidance: results; the formula is ours",
        ),
        Formula("achievement", 1, "actual / target.", "IATI guidance: results"),
        Formula(
            "expected-progress",
            1,
            "The share of the way from the start of the first period to the end of the target's, by days, at the end "
            "of the actual's period.",
            "ours",
        ),
        Formula(
            "on-track",
            1,
            "Progress of at least 85 % of the progress expected, unless another band is configured; a target equal to "
            "the baseline must be maintained.",
            "ours",
        ),
        Formula("counts", 1, "How many there are in the projects listed.", "ours"),
        Formula(
            "resource-gap",
            1,
            "Cost less firm resources: what the plan tells of RB and RBTC, and what is allocated from pools (RBSA) and "
            "signed agreements (XBTC), each once, at the rate of the decision.",
            "ILO outcome-based work plans; the formula is ours",
        ),
        Formula(
            "pipeline",
            1,
            "What proposals, drafts of agreements and pledges for this outcome alone may bring in the biennium, by days; "
            "weighed, times its probability.",
            "ours",
        ),
        Formula(
            "priority",
            1,
            "The sum of weight times value over the sum of the weights, by the version of the rule that is told.",
            "ours",
        ),
    )
}
