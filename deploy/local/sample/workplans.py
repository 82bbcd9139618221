"""The work plans of the sample: invented costs of its country outcomes and of global products, a rule, and a scenario.

Most items have a gap, some a surplus, and of a few a cost or a resource is not known, as it is in life.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from deploy.local.sample import frameworks as told
from deploy.local.sample.calls import Body, Call, Story, address, story
from deploy.local.sample.draw import Draw
from deploy.local.sample.programming import MARKS, Documents, country_programmes
from shared.contracts.funding.v1 import OutcomeWeight, PriorityRule, PriorityWeight, RegularResource
from shared.contracts.funding.v1.workplans import Workplan, WorkplanItem
from shared.contracts.iati import Narrative, Narratives
from shared.contracts.projects.v1 import CountryProgramme
from shared.contracts.projects.v1.proposals import CountryOutcomeLink

SEED = 26_270
THOUSAND = 1000
CURRENCY = "USD"
UNKNOWN_COST, UNKNOWN_RESOURCE, SURPLUS = 1, 1, 6
"""In so many items of a hundred."""
RULE = "sample-office-wide"
SCENARIO = "SAMPLE-2026-27"

PRODUCTS: tuple[tuple[str, str], ...] = (
    (
        "GP1",
        "Knowledge, data and guidance|Connaissances, données et orientations|Conocimientos, datos y orientación",
    ),
    ("GP2", "Training of constituents|Formation des mandants|Formación de los mandantes"),
)
"""Global products that every outcome has."""

_WEIGHTS: tuple[tuple[str, str], ...] = (
    ("gap-share", "3"),
    ("gap-size", "2"),
    ("fragile-context", "3"),
    ("country-programme-active", "1"),
    ("programme-outcome", "1"),
)
_OUTCOMES = {"2": "1", "3": "0.8", "6": "0.6", "7": "0.6", "1": "0.5"}
"""How much outcomes matter in the sample; others do not."""


def documents() -> tuple[Documents, ...]:
    """Return the work plans."""
    return (Documents("/v1/workplans", tuple(workplans())),)


def stories() -> Iterator[Story]:
    """Yield the rule of priority, and then the scenario that is made by it."""
    yield story("/v1/priority-rules", f"{RULE}/1", _body(rule()))
    yield Story(address("/v1/scenarios", SCENARIO), (Call("POST", "/v1/scenarios", scenario_form()),))


def workplans() -> Iterator[Workplan]:
    """Yield a work plan for each outcome of each programme and budget."""
    programmes = list(country_programmes())
    for biennium in told.BIENNIUMS:
        for outcome in told.OUTCOMES:
            draw = Draw(SEED + int(biennium[:4]) * 100 + int(outcome.code))
            yield Workplan(
                biennium=biennium,
                outcome=outcome.code,
                sample=True,
                currency=CURRENCY,
                items=(
                    *_country_items(programmes, biennium, outcome.code, draw),
                    *(_product(code, titles, draw) for code, titles in PRODUCTS),
                ),
            )


def rule() -> PriorityRule:
    """Return the rule by which the sample's gaps are put in order."""
    outcomes = tuple(
        OutcomeWeight(programme_outcome=code, value=Decimal(value)) for code, value in _OUTCOMES.items()
    )
    return PriorityRule(
        code=RULE,
        version=1,
        titles=_titles("Priorities of the office|Priorités du Bureau|Prioridades de la Oficina"),
        sample=True,
        valid_from=date(2024, 1, 1),
        weights=tuple(
            PriorityWeight.model_validate(
                {
                    "criterion": criterion,
                    "weight": weight,
                    "outcomes": outcomes if criterion == "programme-outcome" else (),
                }
            )
            for criterion, weight in _WEIGHTS
        ),
    )


def scenario_form() -> Body:
    """Return what the scenario is asked for: all money that is left, for the gaps of the running biennium."""
    titles = _titles("Everything that is left|Tout ce qui reste|Todo lo que queda")
    return {
        "identifier": SCENARIO,
        "titles": [title.model_dump(mode="json", exclude_defaults=True) for title in titles],
        "sample": True,
        "biennium": told.BIENNIUMS[-1],
        "currency": CURRENCY,
        "rule": {"code": RULE, "version": 1},
    }


def _country_items(
    programmes: list[CountryProgramme], biennium: str, outcome: str, draw: Draw
) -> Iterator[WorkplanItem]:
    """Yield the country outcomes that are linked to an outcome in a biennium."""
    for programme in programmes:
        for each in programme.outcomes:
            if (biennium, outcome) not in {(link.biennium, link.code) for link in each.programme_outcomes}:
                continue
            cost = draw.between(8, 80) * 25 * THOUSAND
            yield WorkplanItem(
                code=each.code,
                kind="country-outcome",
                titles=each.titles,
                country_outcome=CountryOutcomeLink(programme=programme.code, code=each.code),
                country=programme.country,
                cost=None if draw.chance(UNKNOWN_COST) else Decimal(cost),
                resources=tuple(_resources(cost, draw)),
            )


def _product(code: str, titles: str, draw: Draw) -> WorkplanItem:
    cost = draw.between(12, 60) * 50 * THOUSAND
    return WorkplanItem(
        code=code,
        kind="global-product",
        titles=_titles(titles),
        cost=Decimal(cost),
        resources=tuple(_resources(cost, draw)),
    )


def _resources(cost: int, draw: Draw) -> Iterator[RegularResource]:
    """Yield what the regular budget gives: a part of the cost, or now and then more than it."""
    percent = draw.between(102, 115) if draw.chance(SURPLUS) else draw.between(8, 30)
    yield RegularResource(source="RB", amount=Decimal(cost * percent // 100))
    unknown = draw.chance(UNKNOWN_RESOURCE)
    amount = draw.between(1, 12) * 5 * THOUSAND
    yield RegularResource(source="RBTC", amount=None if unknown else Decimal(amount))


def _body(document: PriorityRule) -> Body:
    return document.model_dump(mode="json", exclude_defaults=True)


def _titles(text: str) -> Narratives:
    """Return a title in English, French and Spanish, each marked as a sample."""
    return tuple(
        Narrative(text=f"{each} {MARKS[language]}", lang=language)
        for language, each in zip(MARKS, text.split("|"), strict=True)
    )
