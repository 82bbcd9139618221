"""Work plans and the money for them as they are sent, and the frameworks that they stand on."""

from typing import Any

Body = dict[str, Any]

TITLES = [{"text": "Title", "lang": "en"}]
FIRST, LAST = "2026-01-01", "2055-12-31"
OUTCOMES = ("3", "4")
BIENNIUMS = tuple(f"{year}-{year % 100 + 1:02d}" for year in range(2026, 2055, 2))
COUNTRIES = {"KEN": "KE", "MLI": "ML", "VNM": "VN"}


def programme_budget(biennium: str) -> Body:
    """Return a programme and budget with the outcomes."""
    return {
        "biennium": biennium,
        "titles": TITLES,
        "outcomes": [{"code": code, "titles": TITLES} for code in OUTCOMES],
    }


def country_programme(country: str) -> Body:
    """Return an active programme of a country, by the three letters of its outcomes; it has one for each outcome."""
    links = {code: [{"biennium": each, "code": code} for each in BIENNIUMS] for code in OUTCOMES}
    return {
        "code": f"{country}-2026",
        "country": COUNTRIES[country],
        "titles": TITLES,
        "period_start": FIRST,
        "period_end": LAST,
        "status": "active",
        "outcomes": [
            {"code": f"{country} 10{code}", "titles": TITLES, "programme_outcomes": links[code]}
            for code in OUTCOMES
        ],
    }


def field_office() -> Body:
    """Return an office of a region with two of the countries."""
    return {
        "code": "RO-AFR",
        "names": TITLES,
        "kind": "regional-office",
        "region": {"code": "AFR", "vocabulary": "99"},
        "countries": ["KE", "ML"],
    }


def fragility_list() -> Body:
    """Return a list that has one of the countries."""
    return {
        "edition": "TEST-2026",
        "titles": TITLES,
        "published": "2026-01-01",
        "publisher": "Test",
        "contexts": [{"country": "ML"}],
    }


def link(country: str, outcome: str = "3") -> Body:
    """Return the link to the outcome of a country programme."""
    return {"programme": f"{country}-2026", "code": f"{country} 10{outcome}"}


def country_item(country: str, cost: str | None, outcome: str = "3", **members: object) -> Body:
    """Return an item for a country."""
    kind = {"kind": "country-outcome", "country_outcome": link(country, outcome)}
    return {"code": country, "titles": TITLES, "cost": cost, **kind, **members}


def product(code: str, cost: str | None, **members: object) -> Body:
    """Return an item for a global product."""
    return {"code": code, "kind": "global-product", "titles": TITLES, "cost": cost, **members}


def workplan(biennium: str, *items: Body, outcome: str = "3", **members: object) -> Body:
    """Return a work plan in dollars."""
    return {"biennium": biennium, "outcome": outcome, "currency": "USD", "items": list(items), **members}


def priority_rule(version: int = 1, **members: object) -> Body:
    """Return a rule by which fragile contexts go first and then larger shares."""
    return {
        "code": "test-rule",
        "version": version,
        "titles": TITLES,
        "valid_from": "2026-01-01",
        "weights": [
            {"criterion": "fragile-context", "weight": "2"},
            {"criterion": "gap-share", "weight": "1"},
        ],
        **members,
    }


def agreement(number: str, biennium: str, amount: str, *, currency: str = "USD", **members: object) -> Body:
    """Return an agreement that may be signed, in effect in a biennium."""
    year = int(biennium[:4])
    return {
        "number": number,
        "titles": TITLES,
        "kind": "bilateral",
        "partners": [{"organisation": {"ref": "XM-DAC-7", "type": "10"}, "role": "funding"}],
        "effective_from": f"{year}-01-01",
        "effective_to": f"{year + 1}-12-31",
        "amount": {"amount": amount, "currency": currency},
        "tranches": [{"number": 1, "due_on": f"{year}-03-01", "amount": amount}],
        **members,
    }


def scenario(identifier: str, biennium: str, *sources: str, **members: object) -> Body:
    """Return what a scenario is asked for, of some agreements if any are named."""
    return {
        "identifier": identifier,
        "titles": TITLES,
        "biennium": biennium,
        "currency": "USD",
        "rule": {"code": "test-rule", "version": 1},
        "sources": [{"kind": "agreement", "identifier": each} for each in sources],
        **members,
    }
