"""A portfolio in which persons are named wherever a contract lets them be, and who they are is drawn."""

import random
import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from shared.contracts.base import Contract
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.personal import Part, personal_part
from shared.contracts.projects.v1 import Activity, Proposal
from shared.testing import proposals
from shared.testing.mission import ACTIVITY, MISSION, MOMENT, TITLES

JANE = ("Jane Doe", "jane.doe@example.org", "jdoe")
"""The names of the person that tests erase."""
FORMS = (*JANE, "JANE DOE", "jane  doe", "Jane.Doe@Example.org")
_JANE = re.compile(r"\b(?:jane\s+doe|jane\.doe@example\.org|jdoe)\b", re.IGNORECASE)
OTHERS = ("Ann Lee", "ann.lee@example.org", "b.officer", "Jane Doering", "Mary Doe", "EMPLOYMENT")

_STEP = {"from_state": "draft", "to_state": "signed", "at": MOMENT, "by": "x", "reasons": "Agreed by x."}
_HISTORY = [{**_STEP, "action": "sign"}, {**_STEP, "action": "activate"}]
_VALUE = {"raw": "40", "number": "40", "reading": "plain"}
_MEASURED = [{"value": _VALUE, "comments": TITLES}]
_INDICATOR = {
    "measure": "1",
    "titles": TITLES,
    "baselines": [{"year": 2025, "value": _VALUE, "comments": TITLES}],
    "periods": [
        {"start": "2026-01-01", "end": "2026-12-31", "targets": _MEASURED, "actuals": _MEASURED},
    ],
}
_ALLOCATION = {
    "code": "7",
    "amount": "10",
    "decided_on": "2026-03-03",
    "by": "x",
    "reasons": "As x asked.",
    "activity": ACTIVITY,
}
_CONTACT = {
    "type": "1",
    "organisation": [{"text": "ILO"}],
    "person_name": TITLES,
    "job_title": [{"text": "Chief"}],
    "telephones": ["+41 22 799 61 11"],
    "emails": ["x@example.org"],
    "websites": ["https://example.org/x"],
    "mailing_addresses": [[{"text": "4, route des Morillons"}]],
}
_APPRAISAL = {
    **proposals.appraisal("x"),
    "revision": 1,
    "criteria": {"code": "evaluability", "version": 1},
    "at": MOMENT,
    "comment": "As x says.",
}
_FOLLOW_UP = {
    "code": "A1",
    "narratives": TITLES,
    "responsible": "x",
    "due_on": "2028-06-30",
    "history": _HISTORY,
}
_MORE: Mapping[str, Mapping[str, Any]] = {
    "funding.agreement.v1": {
        "history": _HISTORY,
        "allocations": [_ALLOCATION],
        "amendments": [
            {
                "number": 1,
                "signed_on": "2026-05-01",
                "reasons": "Asked by x.",
                "by": "x",
                "at": MOMENT,
                "members": ["amount"],
            }
        ],
        "due_diligence": [{"partner": "SE-0", "state": "cleared", "history": _HISTORY}],
    },
    "funding.pool.v1": {"allocations": [_ALLOCATION]},
    "funding.pledge.v1": {"history": _HISTORY},
    "funding.scenario.v1": {"history": _HISTORY},
    "monitoring.programme-framework.v1": {
        "outcomes": [{"code": "3", "indicators": [{"code": "3.1", "indicator": _INDICATOR}]}]
    },
    "monitoring.report.v1": {
        "written_by": ["x", "y"],
        "risks": [{"narratives": TITLES, "mitigation": TITLES}],
        "issues": [{"narratives": TITLES, "raised_on": "2026-05-02", "action": TITLES}],
        "actuals": [
            {"result": 1, "indicator": 1, "period": 1, "actual": {"value": _VALUE, "comments": TITLES}}
        ],
        "history": _HISTORY,
    },
    "monitoring.period-lock.v1": {"history": _HISTORY},
    "monitoring.evaluation.v1": {
        "evaluators": ["x", "y"],
        "recommendations": [
            {
                "code": "R1",
                "narratives": TITLES,
                "addressed_to": "x",
                "response": {"decision": "accepted", "narratives": TITLES, "by": "x", "at": MOMENT},
                "follow_up": [_FOLLOW_UP],
            }
        ],
        "history": _HISTORY,
    },
}


def portfolio() -> dict[str, Contract]:
    """Return a document of each kind that may name persons, by the name of its schema, with all members that may."""
    documents = {
        name: type(document).model_validate({**from_json(document.to_json()), **_MORE.get(name, {})})
        for name, document in MISSION.items()
        if personal_part(type(document)).members
    }
    return documents | {
        "projects.activity.v1": Activity.model_validate(
            {
                "iati_identifier": ACTIVITY,
                "reporting_organisation": {"ref": "XM-DAC-41302"},
                "titles": TITLES,
                "status": "2",
                "contacts": [_CONTACT, _CONTACT],
                "recipient_countries": [{"code": "CN"}],
            }
        ),
        "projects.proposal.v1": Proposal.model_validate(
            {
                **proposals.proposal("CHN/26/01"),
                "state": "passed",
                "written_by": [{"name": "x"}, {"name": "y"}],
                "history": [
                    {**_STEP, "action": "pass", "from_state": "submitted-for-appraisal", "to_state": "passed"}
                ],
                "appraisals": [_APPRAISAL],
            }
        ),
        "funding.finance.v1": ActivityFinance.model_validate(
            {
                "iati_identifier": ACTIVITY,
                "default_currency": "USD",
                "budgets": [
                    {
                        "period_start": "2026-01-01",
                        "period_end": "2026-12-31",
                        "value": {"amount": "1000", "currency": "USD", "value_date": "2026-01-01"},
                    }
                ],
            }
        ),
        "monitoring.framework.v1": ResultsFramework.model_validate(
            {
                "iati_identifier": ACTIVITY,
                "results": [{"type": "1", "titles": TITLES, "indicators": [_INDICATOR]}],
            }
        ),
    }


def cast(document: Contract, draw: random.Random) -> Contract:
    """Return a document in which every text that may name persons names somebody who is drawn."""
    part = personal_part(type(document))
    return type(document).from_json(to_json(_cast(from_json(document.to_json()), part, draw)))


def _cast(value: Any, part: Part, draw: random.Random) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_cast(item, part, draw) for item in value]
    if part.marker is not None:
        if isinstance(value, dict):
            return {**value, "text": _cast(value["text"], part, draw)}
        person = draw.choice(FORMS if draw.random() < 0.4 else OTHERS)  # noqa: PLR2004  (often enough)
        return person if part.marker.kind != "text" else f"Told by {person}, {draw.randrange(10**6)}."
    if isinstance(value, dict):
        return {
            name: _cast(member, part.members[name], draw) if name in part.members else member
            for name, member in value.items()
        }
    return value


def holds_a_name(told: str) -> bool:
    """Whether a text holds a name of Jane, as words of its own, whatever the case and the blanks."""
    return _JANE.search(told) is not None
