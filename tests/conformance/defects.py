"""Errors that were met in the field, in a few lines each, to prove that the vectors notice them.

Each takes what a vector gives and our answer, and returns the answer with the error in place of our rule. Only the
formula is re-created, from the code, documentation or discussion of the product named; ``practice`` is an error of
more than one, or of reports made by hand.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

Given = Mapping[str, Any]
Answer = dict[str, Any]
RateOf = Callable[[Given], Decimal | None]


class Defect(NamedTuple):
    """An error, where it was met, and the vectors of a rule that have to fail with it."""

    name: str
    met_in: str
    rule: str
    fails: tuple[str, ...]
    answer: Callable[[Given, Answer], Answer]


DEFECTS: list[Defect] = []


def defect(met_in: str, rule: str, *fails: str) -> Callable[[Callable[[Given, Answer], Answer]], Any]:
    def added(answer: Callable[[Given, Answer], Answer]) -> Callable[[Given, Answer], Answer]:
        DEFECTS.append(Defect(answer.__name__, met_in, rule, fails, answer))
        return answer

    return added


def numbers(given: Given, *names: str) -> list[Decimal]:
    """Return values as numbers, zero where they are missing."""
    return [Decimal(given[name] or 0) for name in names]


def replaced(ours: Answer, **wrong: Any) -> Answer:
    return {**ours, **{name: str(v) if isinstance(v, Decimal) else v for name, v in wrong.items()}}


# Progress


@defect("RSR", "progress", "three-quarters-down")
def actual_over_target(given: Given, ours: Answer) -> Answer:
    target, actual = numbers(given, "target", "actual")
    return replaced(ours, progress=actual / target if target else None)


@defect("TolaM", "on-track", "descending-as-expected")
def over_115_percent_is_under_target(given: Given, ours: Answer) -> Answer:
    target, actual = numbers(given, "target", "actual")
    met = actual / target
    over, under = met > Decimal("1.15"), met < Decimal("0.85")
    return replaced(ours, on_track=not (under if given["ascending"] else over))


@defect("RSR", "on-track", "graded-low-descending")
def graded_by_actual_over_target(given: Given, ours: Answer) -> Answer:
    if given["convention"]["kind"] != "grades":
        return ours
    target, actual = numbers(given, "target", "actual")
    met = actual / target
    return replaced(
        ours, grade="high" if met >= Decimal("0.85") else "medium" if met >= Decimal("0.5") else "low"
    )


@defect("practice", "on-track", "as-expected-half-way")
def judged_by_the_final_target(given: Given, ours: Answer) -> Answer:
    baseline, target, actual = numbers(given, "baseline", "target", "actual")
    return replaced(ours, on_track=(actual - baseline) >= (target - baseline) * Decimal("0.85"))


@defect("PRP", "progress", "three-quarters-down", "reduce-to-zero")
def descending_is_always_zero(given: Given, ours: Answer) -> Answer:
    baseline, target, actual = numbers(given, "baseline", "target", "actual")
    way = target - baseline
    return replaced(
        ours, progress=(actual - baseline if actual > baseline else Decimal(0)) / way if way else None
    )


@defect("PRP", "progress", "percentage-in-shares")
def hundredfold_percentage(given: Given, ours: Answer) -> Answer:
    if not given.get("actual_fraction"):
        return ours
    baseline, target = numbers(given, "baseline", "target")
    above, below = numbers(given["actual_fraction"], "numerator", "denominator")
    return replaced(ours, progress=(above / below * 100 - baseline) / (target - baseline))


@defect("Hikaya Activity", "progress", "three-quarters-down")
def period_formula_of_a_descending_indicator(given: Given, ours: Answer) -> Answer:
    baseline, target, actual = numbers(given, "baseline", "target", "actual")
    if not target or target >= baseline:
        return ours
    return replaced(ours, progress=(target - actual) / target + 1)


@defect("AMP", "progress", "reduce-to-zero")
def target_of_zero_is_no_progress(given: Given, ours: Answer) -> Answer:
    return replaced(ours, progress="0") if Decimal(given["target"] or 0) == 0 else ours


@defect("AMP", "progress", "target-equals-baseline-kept", "target-equals-baseline-lost")
def target_equal_to_baseline_is_not_guarded(given: Given, ours: Answer) -> Answer:
    if None in (given["baseline"], given["target"], given["actual"]):
        return ours
    baseline, target, actual = numbers(given, "baseline", "target", "actual")
    return replaced(ours, progress=(actual - baseline) / (target - baseline))


@defect("RSR", "achievement", "half", "zero-reported")
def at_least_the_whole_is_accomplished(_: Given, ours: Answer) -> Answer:
    return (
        replaced(ours, achievement=max(Decimal(ours["achievement"]), Decimal(1)))
        if ours["achievement"]
        else ours
    )


@defect("RSR", "progress", "nothing-reported", "no-target-down")
def zero_for_what_is_missing(given: Given, ours: Answer) -> Answer:
    baseline, target, actual = numbers(given, "baseline", "target", "actual")
    return replaced(ours, progress=(actual - baseline) / (target - baseline)) if target != baseline else ours


# Periods, updates and people


def lives(updates: Iterable[Given], key: Callable[[Given], Any]) -> Decimal:
    """Return the sum of the last updates by key."""
    last = {key(update): Decimal(update["value"]) for update in sorted(updates, key=lambda u: u["moment"])}
    return sum(last.values(), Decimal(0))


@defect("RSR", "updates", "two-colleagues-of-one-source")
def sum_over_users(given: Given, ours: Answer) -> Answer:
    if given["mode"] != "latest":
        return ours
    approved = [update for update in given["updates"] if update["approved"]]
    return replaced(ours, life=lives(approved, lambda update: update["user"]))


@defect("RSR", "updates", "late-update-of-an-earlier-period")
def late_update_overwrites_later_periods(given: Given, ours: Answer) -> Answer:
    if given["mode"] != "latest":
        return ours
    approved = [update for update in given["updates"] if update["approved"]]
    return replaced(ours, life=lives(approved, lambda update: update["source"]))


@defect("RSR", "updates", "nothing-carried-over")
def carried_into_future_periods(_: Given, ours: Answer) -> Answer:
    carried, last = [], None
    for value in ours["values"]:
        last = last if value is None else value
        carried.append(last)
    return replaced(ours, values=carried)


@defect("RSR", "updates", "not-approved")
def updates_count_before_approval(given: Given, ours: Answer) -> Answer:
    return replaced(ours, life=lives(given["updates"], lambda u: (u["source"], u["start"])))


@defect("RSR", "disaggregation", "not-approved")
def parts_count_before_approval(given: Given, ours: Answer) -> Answer:
    parts = [part for part in given["values"] if part["dimensions"].keys() == {"sex"} and part["value"]]
    total = sum((Decimal(part["value"]) for part in parts), Decimal(0))
    return replaced(ours, dimensions={"sex": {"sum": str(total), "agreement": "complete"}})


# Percentages, dimensions and hierarchies


@defect("RSR", "percentages", "pooled")
def average_of_percentages(given: Given, ours: Answer) -> Answer:
    shares = [above / below for above, below in fractions(given)]
    return replaced(ours, share=sum(shares, Decimal(0)) / len(shares) if shares else None)


@defect("practice", "percentages", "pooled")
def sum_of_percentages(given: Given, ours: Answer) -> Answer:
    return replaced(ours, share=sum((above / below for above, below in fractions(given)), Decimal(0)))


@defect("RSR", "percentages", "alone")
def numerator_added_into_the_denominator(given: Given, ours: Answer) -> Answer:
    numerator = sum((above for above, _ in fractions(given)), Decimal(0))
    return replaced(ours, denominator=numerator, share=numerator / numerator if numerator else None)


def fractions(given: Given) -> list[tuple[Decimal, Decimal]]:
    pairs = [(Decimal(pair["numerator"] or 0), Decimal(pair["denominator"] or 0)) for pair in given["pairs"]]
    return [(above, below) for above, below in pairs if below]


def sum_of_children(given: Given, *, of: Callable[[Given], bool]) -> Decimal:
    return sum((Decimal(child["value"] or 0) for child in given["children"] if of(child)), Decimal(0))


@defect("AMP", "hierarchy", "different-units", "different-measures")
def indicators_of_different_units_added_up(given: Given, ours: Answer) -> Answer:
    return replaced(ours, value=sum_of_children(given, of=lambda child: child["linked"]))


@defect("RSR", "hierarchy", "child-opts-out")
def sum_of_a_parent_takes_all_children(given: Given, ours: Answer) -> Answer:
    return replaced(ours, value=sum_of_children(given, of=lambda child: child["unit"] == given["unit"]))


@defect("RSR", "hierarchy", "mean-of-percentages")
def mean_of_means(given: Given, ours: Answer) -> Answer:
    children = given["children"]
    return replaced(ours, value=sum_of_children(given, of=lambda _: True) / len(children))


@defect("practice", "disaggregation", "two-dimensions-apart")
def dimensions_added_up(given: Given, ours: Answer) -> Answer:
    parts = [part for part in given["values"] if part["dimensions"] and part["value"]]
    total = str(sum((Decimal(part["value"]) for part in parts), Decimal(0)))
    return replaced(
        ours, dimensions={name: {**made, "sum": total} for name, made in ours["dimensions"].items()}
    )


@defect("practice", "scores", "spread")
def scores_averaged(given: Given, ours: Answer) -> Answer:
    told = [Decimal(update["score"]) for update in given["updates"] if update["score"]]
    return replaced(ours, value=sum(told, Decimal(0)) / len(told) if told else None)


# Money


@defect("RSR", "stages", "pledge-is-no-money")
def funds_are_donations_and_pledges(_: Given, ours: Answer) -> Answer:
    pledged, received = (Decimal(ours["stages"].get(stage, 0)) for stage in ("pledge", "receipt"))
    return replaced(ours, stages={**ours["stages"], "receipt": str(received + pledged)})


@defect("RSR", "resource-gap", "pledge-reduces-nothing")
def pledges_reduce_the_gap(_: Given, ours: Answer) -> Answer:
    if ours.get("gap") is None:
        return ours
    return replaced(ours, gap=Decimal(ours["gap"]) - Decimal(ours["pledged"]))


def by_type(given: Given) -> tuple[Decimal, Decimal]:
    original, revised = (
        sum((Decimal(b["amount"]) for b in given["budgets"] if b["type"] == type_), Decimal(0))
        for type_ in "12"
    )
    return original, revised


@defect("practice", "budgets", "revised-takes-the-place")
def revised_less_original(given: Given, ours: Answer) -> Answer:
    original, revised = by_type(given)
    return replaced(ours, total=revised - original) if revised else ours


@defect("practice", "budgets", "revised-takes-the-place")
def revised_and_original(given: Given, ours: Answer) -> Answer:
    return replaced(ours, total=sum(by_type(given), Decimal(0))) if given["budgets"] else ours


@defect("d-portal", "budgets", "longer-than-a-year")
def budgets_over_370_days_dropped(given: Given, ours: Answer) -> Answer:
    days = [
        (date.fromisoformat(b["period_end"]) - date.fromisoformat(b["period_start"])).days
        for b in given["budgets"]
    ]
    kept = [b for b, length in zip(given["budgets"], days, strict=True) if length <= 370]
    return replaced(ours, total=by_type({"budgets": kept})[0])


@defect("UNAIDS data", "splits", "two-countries")
def full_amount_to_each_country(given: Given, ours: Answer) -> Answer:
    return replaced(ours, parts=[{**part, "amount": given["amount"]} for part in ours["parts"]])


@defect("practice", "splits", "a-cent-too-many", "thirds-of-a-whole-currency")
def parts_rounded_on_their_own(given: Given, ours: Answer) -> Answer:
    unit = Decimal(1) if given["currency"] == "JPY" else Decimal("0.01")
    parts = [
        {
            "code": s["code"],
            "amount": str((Decimal(given["amount"]) * Decimal(s["percentage"] or 100) / 100).quantize(unit)),
        }
        for s in given["shares"]
    ]
    return replaced(ours, parts=parts)


@defect("practice", "delivery-rate", "no-allocation", "allocation-zero")
def nothing_allocated_is_a_rate_of_zero(_: Given, ours: Answer) -> Answer:
    return replaced(ours, rate=ours["rate"] or "0")


@defect("practice", "earmarking-levy", "earmarking-unknown")
def unknown_earmarking_is_not_levied(_: Given, ours: Answer) -> Answer:
    return replaced(ours, levy=ours["levy"] or "0")
