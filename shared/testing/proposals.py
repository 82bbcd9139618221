"""A proposal that lacks nothing, and the criteria of the sample to judge it by, as a client sends them."""

import json
from pathlib import Path
from typing import Any

CRITERIA_FILE = Path(__file__).resolve().parents[2] / "deploy" / "local" / "sample" / "criteria-set.json"
BIENNIUM, OUTCOME = "2026-27", "3"
PROGRAMME, COUNTRY_OUTCOME = "TEST-KEN-2024-27", "KEN 101"


def criteria_set(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the criteria of the sample, with other members if given."""
    return {**json.loads(CRITERIA_FILE.read_text(encoding="utf-8")), **members}


def programme_budget() -> dict[str, Any]:
    """Return a programme and budget that has the outcome of the proposal."""
    return {
        "biennium": BIENNIUM,
        "titles": [{"text": "Programme and budget"}],
        "outcomes": [{"code": OUTCOME, "titles": [{"text": "Full and productive employment"}]}],
    }


def country_programme(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a country programme that has the outcome of the proposal."""
    return {
        "code": PROGRAMME,
        "country": "KE",
        "titles": [{"text": "Decent Work Country Programme"}],
        "period_start": "2024-01-01",
        "period_end": "2027-12-31",
        "status": "active",
        "outcomes": [{"code": COUNTRY_OUTCOME, "titles": [{"text": "Young people are employed"}]}],
        **members,
    }


def proposal(identifier: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a proposal that holds before every machine check, with other members if given."""
    return {
        "identifier": identifier,
        "titles": [{"text": "Jobs for young people", "lang": "en"}],
        "authors": [{"kind": "person", "name": "a.author"}, {"kind": "unit", "name": "EMPLOYMENT"}],
        "countries": ["KE"],
        "period": {"start": "2026-01-01", "end": "2027-12-31"},
        "amount": {"amount": "1500000", "currency": "USD"},
        "donor": {"ref": "XM-DAC-7"},
        "results": [{"type": "2", "titles": [{"text": "More jobs"}], "indicators": [indicator()]}],
        "budget": [
            {"category": "activities", "amount": "1425000"},
            {"category": "monitoring-and-evaluation", "amount": "75000"},
        ],
        "risks": [{"narratives": [{"text": "Elections"}], "mitigation": [{"text": "Work with all parties"}]}],
        "markers": {"gender": 2, "labour_standards": 1, "social_dialogue": 1, "environment": 0},
        "programme_outcomes": [{"biennium": BIENNIUM, "code": OUTCOME}],
        "country_outcomes": [{"programme": PROGRAMME, "code": COUNTRY_OUTCOME}],
        **members,
    }


def indicator(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an indicator that lacks nothing, with other members if given."""
    return {
        "titles": [{"text": "Young people in employment"}],
        "measure": "1",
        "baseline": {"value": "0"},
        "target": {"value": "500"},
        "milestones": [{"date": "2026-12-31", "value": "200"}],
        "means_of_verification": [{"text": "Labour force survey"}],
        **members,
    }


def appraisal(person: str, score: str = "3", **members: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an appraisal that gives every criterion the same score, with other members if given."""
    scores = [
        {"criterion": each["code"], "score": score, "comment": "Told by the project document"}
        for each in criteria_set()["criteria"]
    ]
    return {
        "appraiser": {"person": person, "unit": "PARDEV"},
        "scores": scores,
        "recommendation": "pass",
        **members,
    }
