"""The page of resource gaps: whole, by outcome, and by item in order of priority."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import (
    COUNTRY_PROGRAMMES,
    FRAGILITY_LISTS,
    PRIORITY_RULES,
    PROGRAMME_BUDGETS,
    WORKPLANS,
)
from gateway.results.documents import about, document, every
from gateway.results.programming.gap_schemas import GapFigures, GapItem, GapRule, GapSource, GapTotal
from gateway.results.programming.gaps import Lens, Seen, gap_item, gap_outcome, seen
from shared.chassis.errors import Fault, Invalid
from shared.contracts.funding.v1 import PriorityRule
from shared.contracts.ids import priority_rule_id, programme_budget_id
from shared.contracts.projects.v1 import ProgrammeBudget
from shared.figures.exact import EXACT
from shared.figures.inflows import FIRM_SOURCES
from shared.figures.priorities import Context, candidates_of, context_on, priorities

MOST_ITEMS = 2_000
FIGURES = ("cost", "firm", "gap")

SEVERAL_CURRENCIES = "several-currencies"


async def gap_page(
    session: AsyncSession, biennium: str, rule_name: str | None, lens: Lens
) -> dict[str, object]:
    """Return the members of the page of a biennium's gaps.

    Raises:
        Invalid: there is no rule of that name.

    """
    views = await seen(session, await about(session, WORKPLANS, "biennium", [biennium]), lens)
    budget = await document(session, PROGRAMME_BUDGETS, programme_budget_id(biennium))
    rule, without = await _rule(session, rule_name, lens)
    if rule and len({view.currency for view in views}) > 1:
        rule, without = None, SEVERAL_CURRENCIES
    context = context_on(
        lens.terms.today, await every(session, FRAGILITY_LISTS), await every(session, COUNTRY_PROGRAMMES)
    )
    ordered = _in_order(views, rule, context, lens)
    titles = {each.code: each.titles for each in (budget.outcomes if budget else ())}
    return {
        "biennium": biennium,
        "rule": None if rule is None else _told_rule(rule, context),
        "without_order": without,
        "totals": totals(views),
        "outcomes": [gap_outcome(view, titles) for view in views],
        "without_workplan": _without(budget, views),
        "items": ordered[:MOST_ITEMS],
        "is_all": len(ordered) <= MOST_ITEMS,
    }


async def _rule(
    session: AsyncSession, name: str | None, lens: Lens
) -> tuple[PriorityRule | None, str | None]:
    """Return the rule that is asked for, or the only one in force on the day; else why there is none."""
    if name is not None:
        asked = await document(session, PRIORITY_RULES, priority_rule_id(name))
        if asked is None:
            fault = Fault(pointer="/rule", code="unknown-priority-rule", detail=f"There is no rule {name!r}.")
            raise Invalid(fault.detail, errors=[fault])
        return asked, None
    newest: dict[str, PriorityRule] = {}
    for each in await every(session, PRIORITY_RULES):
        known = newest.get(each.code)
        in_force = each.valid_from <= lens.terms.today
        if in_force and (
            known is None or (known.valid_from, known.version) < (each.valid_from, each.version)
        ):
            newest[each.code] = each
    if len(newest) == 1:
        return next(iter(newest.values())), None
    return None, "several-rules" if newest else "no-rule"


def _in_order(
    views: Sequence[Seen], rule: PriorityRule | None, context: Context, lens: Lens
) -> list[GapItem]:
    """Return the items in order of priority, without a rule in order of outcome and plan."""
    if rule is None or not views:
        return [
            gap_item(view, each, context.country_of(each.item)) for view in views for each in view.made.items
        ]
    by_key = {
        (view.plan.biennium, view.plan.outcome, each.item.code): (view, each)
        for view in views
        for each in view.made.items
    }
    candidates, _ = candidates_of((view.made for view in views), views[0].currency, lens.plan_terms)
    return [
        gap_item(*by_key[each.candidate.key], context.country_of(each.candidate.item), each)
        for each in priorities(candidates, rule, context)
    ]


def totals(views: Iterable[Seen]) -> list[GapTotal]:
    """Return what outcomes come to by currency; a figure is None where that of an outcome is."""
    by_currency: dict[str, dict[str, GapFigures]] = {}
    for view in views:
        by_currency.setdefault(view.currency, {})[view.plan.outcome] = view.told(view.made.whole)
    return [_total(currency, by_currency[currency]) for currency in sorted(by_currency)]


def _total(currency: str, outcomes: Mapping[str, GapFigures]) -> GapTotal:
    amounts = {name: {code: getattr(figures, name) for code, figures in outcomes.items()} for name in FIGURES}
    known = {name: _sum(amounts[name].values()) for name in FIGURES}
    without = {name: [code for code, amount in amounts[name].items() if amount is None] for name in FIGURES}
    pipelines = [each.pipeline for each in outcomes.values() if each.pipeline]
    return GapTotal(
        currency=currency,
        known=known,
        without=without,
        by_source=[_source(source, outcomes.values()) for source in FIRM_SOURCES],
        pipeline_weighted=_sum(each.weighted for each in pipelines),
        pledged_weighted=_sum(each.pledged_weighted for each in pipelines),
        **{name: None if without[name] else known[name] for name in FIGURES},
    )


def _source(source: str, outcomes: Collection[GapFigures]) -> GapSource:
    parts = [each for figures in outcomes for each in figures.by_source if each.source == source]
    unknown = len(parts) < len(outcomes) or any(each.amount is None for each in parts)
    known = _sum(each.known for each in parts)
    return GapSource(source=source, amount=None if unknown else known, known=known)


def _without(budget: ProgrammeBudget | None, views: Sequence[Seen]) -> list[str]:
    planned = {view.plan.outcome for view in views}
    return [each.code for each in (budget.outcomes if budget else ()) if each.code not in planned]


def _told_rule(rule: PriorityRule, context: Context) -> GapRule:
    return GapRule(
        code=rule.code, version=rule.version, titles=rule.titles, fragility_edition=context.edition
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount or Decimal(0))
    return total
