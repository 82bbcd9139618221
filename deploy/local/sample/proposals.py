"""The proposals of the sample: invented, in every state, each with the steps and appraisals that led there."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from deploy.local.sample.calls import Body, Story, story
from deploy.local.sample.draw import Draw
from deploy.local.sample.partners import DONORS
from deploy.local.sample.programming import country_programmes
from shared.contracts.projects.v1 import CountryProgramme

CRITERIA = Path(__file__).with_name("criteria-set.json")
"""The criteria of appraisals, as they are sent."""
PATH = "/v1/proposals"
SEED = 20_260
MILLION, TWO_APPRAISE, THREE_APPRAISE = 1_000_000, 1_000_000, 5_000_000
MONITORING_PERCENT = 5
CLERK, CHIEF = "d.clerk (sample)", "e.chief (sample)"
APPRAISERS = ("b.appraiser (sample)", "c.appraiser (sample)", "f.appraiser (sample)")

_TO_DONOR = ("develop", "submit", "appraise", "pass", "submit-to-donor")
_ACTIVE = (*_TO_DONOR, "approve", "activate")
PATHS: tuple[tuple[str, ...], ...] = (
    (),
    ("develop",),
    ("develop", "submit"),
    ("develop", "submit", "appraise"),
    ("develop", "submit", "return"),
    ("develop", "submit", "return", "submit", "appraise", "pass"),
    ("develop", "submit", "appraise", "reject"),
    ("develop", "submit", "appraise", "pass"),
    _TO_DONOR,
    (*_TO_DONOR, "approve"),
    (*_TO_DONOR, "decline"),
    _ACTIVE,
    (*_ACTIVE, "suspend"),
    (*_ACTIVE, "close-operations"),
    (*_ACTIVE, "close-operations", "close-finances"),
    ("develop", "cancel"),
)
"""The ways that proposals went, of which each is taken in turn."""
REASONS = {
    "return": "The second result has no means of verification that the country can pay for.",
    "reject": "The need is not expressed in the country programme.",
    "decline": "The donor has no funds left for this year.",
    "suspend": "Access to the project area is not safe.",
    "cancel": "Another partner took the work up.",
}


def stories(count: int = 40) -> Iterator[Story]:
    """Yield the proposals, with their steps."""
    programmes = list(country_programmes())
    for number in range(count):
        draw = Draw(SEED + number)
        programme = programmes[number % len(programmes)]
        amount = draw.between(3, 70) * MILLION // 10
        identifier = f"SAMPLE-{programme.outcomes[0].code[:3]}-{number + 1:02d}"
        content = _content(identifier, programme, amount, draw)
        steps = [
            step
            for action in PATHS[number % len(PATHS)]
            for step in (_appraisals(amount) if action == "appraise" else [_step(action)])
        ]
        yield story(PATH, identifier, content, *steps)


def _step(action: str) -> tuple[str, Body]:
    by = CLERK if action in ("develop", "submit", "submit-to-donor") else CHIEF
    reasons = {"reasons": REASONS[action]} if action in REASONS else {}
    return "actions", {"action": action, "by": by, **reasons}


def _appraisals(amount: int) -> list[tuple[str, Body]]:
    needed = 1 + (amount >= TWO_APPRAISE) + (amount >= THREE_APPRAISE)
    codes = [each["code"] for each in json.loads(CRITERIA.read_text(encoding="utf-8"))["criteria"]]
    return [
        (
            "appraisals",
            {
                "appraiser": {"person": person, "unit": "PARDEV (sample)"},
                "recommendation": "pass",
                "scores": [
                    {
                        "criterion": code,
                        "score": "3" if (place + turn) % 3 else "2",
                        "comment": "As it is told.",
                    }
                    for place, code in enumerate(codes)
                ],
            },
        )
        for turn, person in enumerate(APPRAISERS[:needed])
    ]


def _content(identifier: str, programme: CountryProgramme, amount: int, draw: Draw) -> Body:
    outcome = draw.pick(programme.outcomes)
    link = outcome.programme_outcomes[-1]
    start, end = date(programme.period_end.year - 1, 1, 1), programme.period_end
    monitoring = amount * MONITORING_PERCENT // 100
    donor = draw.pick(DONORS)
    return {
        "identifier": identifier,
        "titles": [{"text": each.text, "lang": each.lang} for each in outcome.titles],
        "authors": [
            {"kind": "person", "name": f"a.author-{programme.country.lower()} (sample)"},
            {"kind": "unit", "name": f"{programme.country} (sample)"},
        ],
        "countries": [programme.country],
        "period": {"start": start.isoformat(), "end": end.isoformat()},
        "amount": {"amount": str(amount), "currency": "USD"},
        "donor": {"ref": donor.ref, "type": donor.type, "names": [{"text": donor.name}]},
        "results": [_result(start, end, draw)],
        "budget": [
            {"category": "activities", "amount": str(amount - monitoring)},
            {"category": "monitoring-and-evaluation", "amount": str(monitoring)},
        ],
        "risks": [
            {
                "narratives": [{"text": "Elections delay the decisions of the ministry", "lang": "en"}],
                "likelihood": "medium",
                "impact": "high",
                "mitigation": [{"text": "Work with employers and workers first", "lang": "en"}],
            }
        ],
        "markers": {
            "gender": draw.between(1, 3),
            "labour_standards": draw.between(0, 3),
            "social_dialogue": draw.between(0, 2),
            "environment": draw.between(0, 2),
        },
        "programme_outcomes": [{"biennium": link.biennium, "code": link.code}],
        "country_outcomes": [{"programme": programme.code, "code": outcome.code}],
    }


def _result(start: date, end: date, draw: Draw) -> Body:
    target = draw.between(2, 40) * 50
    return {
        "type": "2",
        "titles": [{"text": "Women and men work in better conditions", "lang": "en"}],
        "assumptions": [{"text": "The labour inspectorate keeps its staff", "lang": "en"}],
        "indicators": [
            {
                "titles": [{"text": "Workers with a contract", "lang": "en"}],
                "measure": "1",
                "baseline": {"date": start.isoformat(), "value": "0"},
                "target": {"date": end.isoformat(), "value": str(target)},
                "milestones": [{"date": date(start.year, 12, 31).isoformat(), "value": str(target // 2)}],
                "means_of_verification": [{"text": "Survey of enterprises", "lang": "en"}],
            }
        ],
    }
