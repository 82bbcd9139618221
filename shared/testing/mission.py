"""One document of each kind of partnership, work plan and tracking, by the name of its schema."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts.alerts import Alert
from shared.contracts.base import Contract
from shared.contracts.funding import v1 as funding
from shared.contracts.monitoring import v1 as monitoring

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
TITLES = [{"text": "Decent work"}, {"text": "Travail décent", "lang": "fr"}]
OUTCOME = {"biennium": "2026-27", "code": "3"}
COUNTRY_OUTCOME = {"programme": "CN-2024", "code": "CHN 101"}
ACTIVITY = "XM-DAC-41302-1"
STEP = {"from_state": "draft", "at": MOMENT, "by": "b.officer"}
_VALUE = {"value": {"raw": "40", "number": "40", "reading": "plain"}}
_ALERT = {
    "identifier": f"delivery-rate-below-threshold/{ACTIVITY}/2026",
    "kind": "delivery-rate-below-threshold",
    "subject": {"aggregate": "finance", "identifier": ACTIVITY, "part": "2026"},
    "raised_at": MOMENT,
    "countries": ["CN"],
    "measure": {
        "numerator": {"amount": "10", "currency": "USD"},
        "denominator": {"amount": "40", "currency": "USD"},
        "threshold": "0.8",
    },
    "text": "A quarter of the budget of 2026 is spent.",
}
_DOCUMENTS: dict[str, tuple[type[Contract], dict[str, Any]]] = {
    "funding.partner-profile.v1": (
        funding.PartnerProfile,
        {
            "organisation_identifier": "SE-0",
            "names": TITLES,
            "type": "10",
            "first_contribution": "1995-07-01",
            "interests": {"programme_outcomes": ["3"], "countries": ["CN"]},
            "kinds": ["bilateral"],
        },
    ),
    "funding.agreement.v1": (
        funding.Agreement,
        {
            "number": "SWE/26/01",
            "titles": TITLES,
            "kind": "bilateral",
            "partners": [{"organisation": {"ref": "SE-0", "type": "10"}, "role": "funding", "country": "SE"}],
            "signed_on": "2026-01-15",
            "effective_from": "2026-02-01",
            "effective_to": "2027-12-31",
            "amount": {"amount": "1000000.50", "currency": "SEK"},
            "tranches": [{"number": 1, "due_on": "2026-03-01", "amount": "1000000.50"}],
            "aid_types": [{"code": "I", "vocabulary": "3"}],
            "earmarking": {"category": "4", "modality": "I", "basis": "modality"},
            "scope": {"countries": ["CN"], "regions": ["AS"]},
            "reporting_duties": [{"code": "1", "kind": "final", "due_on": "2028-03-31"}],
            "support_cost_rate": "13",
            "state": "signed",
            "receipts": [
                {"reference": "R1", "tranche": 1, "received_on": "2026-03-02", "amount": "1000000.50"}
            ],
            "allocations": [
                {
                    "code": "1",
                    "amount": "600000",
                    "decided_on": "2026-03-03",
                    "by": "b.officer",
                    "activity": ACTIVITY,
                    "programme_outcome": OUTCOME,
                    "country_outcome": COUNTRY_OUTCOME,
                }
            ],
            "history": [{**STEP, "action": "sign", "to_state": "signed"}],
        },
    ),
    "funding.pool.v1": (
        funding.Pool,
        {
            "code": "RBSA",
            "biennium": "2026-27",
            "titles": TITLES,
            "currency": "USD",
            "target": "36400000",
            "countries": ["CN"],
        },
    ),
    "funding.pledge.v1": (
        funding.Pledge,
        {
            "identifier": "SE-0/2026/1",
            "partner": {"ref": "SE-0"},
            "amount": {"amount": "5000000", "currency": "SEK"},
            "pledged_on": "2026-02-01",
            "probability": "60",
            "state": "converted",
            "agreement": "SWE/26/01",
        },
    ),
    "funding.mobilisation-target.v1": (
        funding.MobilisationTarget,
        {
            "biennium": "2010-11",
            "code": "ALL",
            "titles": TITLES,
            "amount": {"amount": "450000000", "currency": "USD"},
        },
    ),
    "funding.workplan.v1": (
        funding.Workplan,
        {
            "biennium": "2026-27",
            "outcome": "3",
            "currency": "USD",
            "items": [
                {
                    "code": "CHN 101",
                    "kind": "country-outcome",
                    "titles": TITLES,
                    "country_outcome": COUNTRY_OUTCOME,
                    "country": "CN",
                    "cost": "250000.5",
                    "resources": [{"source": "RB", "amount": "50000"}, {"source": "RBTC"}],
                }
            ],
        },
    ),
    "funding.priority-rule.v1": (
        funding.PriorityRule,
        {
            "code": "office-wide",
            "version": 1,
            "titles": TITLES,
            "valid_from": "2026-01-01",
            "weights": [
                {"criterion": "gap-share", "weight": "2"},
                {
                    "criterion": "programme-outcome",
                    "weight": "1.5",
                    "outcomes": [{"programme_outcome": "3", "value": "0.5"}],
                },
            ],
        },
    ),
    "funding.scenario.v1": (
        funding.Scenario,
        {
            "identifier": "S-1",
            "titles": TITLES,
            "biennium": "2026-27",
            "currency": "USD",
            "rule": {"code": "office-wide", "version": 1},
            "made_at": MOMENT,
            "allocations": [
                {
                    "source": {"kind": "pool", "identifier": "RBSA/2026-27"},
                    "amount": "1000",
                    "amount_in_plan": "1000",
                    "programme_outcome": OUTCOME,
                    "country_outcome": COUNTRY_OUTCOME,
                }
            ],
            "gaps": [
                {
                    "country_outcome": COUNTRY_OUTCOME,
                    "priority": "0.75",
                    "before": "200000.5",
                    "after": "199000.5",
                }
            ],
        },
    ),
    "funding.alert.v1": (Alert, _ALERT),
    "monitoring.contributions.v1": (
        monitoring.Contributions,
        {
            "iati_identifier": ACTIVITY,
            "links": [
                {"country_outcome": COUNTRY_OUTCOME, "percentage": "62.5"},
                {"type": "supporting", "programme_outcome": OUTCOME},
            ],
        },
    ),
    "monitoring.programme-framework.v1": (
        monitoring.ProgrammeFramework,
        {
            "level": "programme-budget",
            "programme": "2026-27",
            "outcomes": [
                {
                    "code": "3",
                    "indicators": [
                        {
                            "code": "3.1",
                            "indicator": {"measure": "1", "baselines": [{"year": 2025, **_VALUE}]},
                            "operator": "sum",
                            "inputs": [{"iati_identifier": ACTIVITY, "result": 1, "indicator": 2}],
                        }
                    ],
                }
            ],
        },
    ),
    "monitoring.report.v1": (
        monitoring.Report,
        {
            "identifier": "R-1",
            "iati_identifier": ACTIVITY,
            "office": "CO-Beijing",
            "period_start": "2026-01-01",
            "period_end": "2026-06-30",
            "due_on": "2026-07-31",
            "written_by": ["a.author"],
            "narratives": TITLES,
            "rating": "amber",
            "risks": [{"narratives": TITLES, "likelihood": "low"}],
            "issues": [{"narratives": TITLES, "raised_on": "2026-05-02"}],
            "actuals": [{"result": 1, "indicator": 2, "period": 1, "actual": _VALUE}],
            "state": "submitted",
            "history": [{**STEP, "action": "submit", "to_state": "submitted"}],
        },
    ),
    "monitoring.period-lock.v1": (
        monitoring.PeriodLock,
        {
            "identifier": "L-1",
            "period_start": "2025-01-01",
            "period_end": "2025-12-31",
            "reason": "Published in the implementation report.",
            "locked_by": "c.manager",
            "exceptions": [
                {
                    "who": "CO-Beijing",
                    "until": MOMENT,
                    "reason": "The survey came late.",
                    "granted_by": "c.manager",
                    "granted_at": MOMENT,
                }
            ],
        },
    ),
    "monitoring.evaluation.v1": (
        monitoring.Evaluation,
        {
            "identifier": f"{ACTIVITY}/final",
            "iati_identifier": ACTIVITY,
            "kind": "independent",
            "timing": "final",
            "due_on": "2027-12-31",
            "policy": {"code": "evaluation", "version": 1},
            "findings": [{"code": "F1", "narratives": TITLES}],
            "recommendations": [
                {
                    "code": "R1",
                    "narratives": TITLES,
                    "priority": "high",
                    "response": {"decision": "accepted", "by": "c.manager", "at": MOMENT},
                    "follow_up": [
                        {
                            "code": "A1",
                            "narratives": TITLES,
                            "responsible": "CO-Beijing",
                            "due_on": "2028-06-30",
                        }
                    ],
                }
            ],
            "state": "responded",
        },
    ),
    "monitoring.evaluation-policy.v1": (
        monitoring.EvaluationPolicy,
        {
            "code": "evaluation",
            "version": 1,
            "titles": TITLES,
            "valid_from": "2026-01-01",
            "currency": "USD",
            "thresholds": [
                {"from_amount": "0", "kind": "self", "timing": "final"},
                {"from_amount": "1000000", "from_months": 30, "kind": "independent", "timing": "mid-term"},
            ],
        },
    ),
    "monitoring.training.v1": (
        monitoring.Training,
        {
            "identifier": "T-1",
            "titles": TITLES,
            "start": "2026-02-02",
            "end": "2026-02-06",
            "country": "CN",
            "activities": [ACTIVITY],
            "programme_outcomes": [OUTCOME],
            "participants": [{"sex": "female", "constituent": "workers", "country": "CN", "count": 12}],
        },
    ),
    "monitoring.publication.v1": (
        monitoring.Publication,
        {
            "identifier": "P-1",
            "titles": TITLES,
            "kind": "guide",
            "published_on": "2026-02-02",
            "languages": ["en", "fr"],
            "url": "https://example.org/guide.pdf",
            "activities": [ACTIVITY],
            "country_outcomes": [COUNTRY_OUTCOME],
        },
    ),
    "monitoring.alert.v1": (
        Alert,
        {**_ALERT, "identifier": "report-overdue/R-1", "kind": "report-overdue", "measure": None},
    ),
}
MISSION: dict[str, Contract] = {
    name: contract.model_validate(members) for name, (contract, members) in _DOCUMENTS.items()
}
