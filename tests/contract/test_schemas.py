"""The committed schemas: equal to what the code says, true of real contracts, and broken only by a v2."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from shared.contracts import snapshots
from shared.contracts.base import Contract
from shared.contracts.events import Envelope
from shared.contracts.funding.v1 import (
    ActivityFinance,
    AidType,
    CrsAdditions,
    Earmarking,
    ExchangeRate,
    LoanTerms,
    Partner,
    PartnerBudget,
    RateSheet,
    Transaction,
)
from shared.contracts.iati import Money, Narrative, Reading, ReportingOrganisation, Share
from shared.contracts.monitoring.v1 import (
    Baseline,
    Dimension,
    Indicator,
    Measurement,
    Period,
    Result,
    ResultsFramework,
)
from shared.contracts.projects.v1 import (
    Activity,
    ActivityDate,
    Appraisal,
    Condition,
    Conditions,
    CriteriaReference,
    CriteriaSet,
    Proposal,
    ProposalStep,
    Turnaround,
)
from shared.testing import proposals as sample
from shared.testing.mission import MISSION
from shared.testing.programming import PROGRAMMING

NOTES = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})
RENEW = f"run `{snapshots.COMMAND}` and commit what it writes"

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
TEXT = (Narrative(text="Decent work"), Narrative(text="Travail décent", lang="fr"))
MONEY = Money(amount=Decimal("1250000.50"), currency="CHF", value_date=date(2026, 2, 1))
EXAMPLES: dict[str, Contract] = {
    "projects.activity.v1": Activity(
        iati_identifier="XM-DAC-41301-1",
        reporting_organisation=ReportingOrganisation(ref="XM-DAC-41301", type="40", secondary_reporter=False),
        titles=TEXT,
        status="2",
        dates=(ActivityDate(type="1", date=date(2026, 1, 1)),),
        sectors=(Share(code="16070", vocabulary="1", percentage=Decimal("62.5")),),
        conditions=Conditions(attached=True, conditions=(Condition(type="1", narratives=TEXT),)),
        hierarchy=1,
        last_updated=MOMENT,
    ),
    **PROGRAMMING,
    **MISSION,
    "projects.proposal.v1": Proposal.model_validate(sample.proposal("KEN/26/01")).model_copy(
        update={
            "state": "passed",
            "revision": 1,
            "criteria": CriteriaReference(code="evaluability", version=1),
            "history": (
                ProposalStep(
                    action="pass",
                    from_state="submitted-for-appraisal",
                    to_state="passed",
                    at=MOMENT,
                    by="clerk",
                    revision=1,
                ),
            ),
            "appraisals": (
                Appraisal.model_validate(
                    {
                        **sample.appraisal("b.appraiser"),
                        "revision": 1,
                        "criteria": {"code": "evaluability", "version": 1},
                        "at": MOMENT,
                    }
                ),
            ),
            "turnaround": (
                Turnaround(revision=1, submitted_at=MOMENT, decided_at=MOMENT, decision="passed", days=0),
            ),
        }
    ),
    "projects.criteria-set.v1": CriteriaSet.model_validate(sample.criteria_set()),
    "funding.finance.v1": ActivityFinance(
        iati_identifier="XM-DAC-41301-1",
        default_aid_types=(AidType(code="B03"),),
        earmarking=Earmarking(category="3", basis="aid-type"),
        transactions=(Transaction(type="3", date=date(2026, 2, 1), value=MONEY, humanitarian=False),),
        capital_spend=Decimal(0),
        crs_additions=CrsAdditions(loan_terms=LoanTerms(rate_1=Decimal("0.75"))),
    ),
    "funding.partner.v1": Partner(
        organisation_identifier="CH-4",
        names=TEXT,
        last_updated=MOMENT,
        budgets=(
            PartnerBudget(
                kind="total", period_start=date(2026, 1, 1), period_end=date(2026, 12, 31), value=MONEY
            ),
        ),
    ),
    "funding.rates.v1": RateSheet(
        source="ECB",
        kind="ecb-daily",
        base="EUR",
        month="2026-01",
        rates=(ExchangeRate(currency="USD", date=date(2026, 1, 2), rate=Decimal("1.0765")),),
    ),
    "monitoring.framework.v1": ResultsFramework(
        iati_identifier="XM-DAC-41301-1",
        results=(
            Result(
                type="2",
                titles=TEXT,
                indicators=(
                    Indicator(
                        measure="1",
                        ascending=False,
                        baselines=(Baseline(year=2025, value=Reading(raw=" ", reading="blank")),),
                        periods=(
                            Period(
                                start=date(2026, 1, 1),
                                end=date(2026, 12, 31),
                                targets=(
                                    Measurement(
                                        value=Reading(raw="1,200", number=Decimal(1200), reading="grouped"),
                                        dimensions=(Dimension(name="sex", value="female"),),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    "envelope.v1": Envelope(
        id=uuid.UUID(int=1),
        type="projects.activity.registered",
        version=1,
        subject=f"projects.v1.activity.registered.{uuid.UUID(int=2)}",
        aggregate_id=uuid.UUID(int=2),
        aggregate_version=1,
        occurred_at=MOMENT,
        recorded_at=MOMENT,
        actor="clerk",
        correlation_id="c-1",
        data={"status": "2"},
    ),
}


def breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Tell what in a schema differs otherwise than by an optional addition.

    Both directions break: a narrower schema refuses stored events, a wider one surprises readers. So
    does another default, because members at their default are left out of what was stored.
    """
    return list(_changes(_inlined(old, old.get("$defs", {})), _inlined(new, new.get("$defs", {})), ""))


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema with references resolved, and without what only people read."""
    if isinstance(node, list):
        return [_inlined(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = {**definitions[node["$ref"].removeprefix("#/$defs/")], **node}
    return {
        key: {name: _inlined(member, definitions) for name, member in value.items()}
        if key == "properties"
        else _inlined(value, definitions)
        for key, value in node.items()
        if key not in NOTES and key != "$ref"
    }


def _changes(old: Any, new: Any, at: str) -> Iterator[str]:
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes(before, after, f"{at}/{index}")
    elif not isinstance(old, dict) or not isinstance(new, dict):
        if old != new or type(old) is not type(new):
            yield f"{at or '/'}: {json.dumps(old)} became {json.dumps(new)}"
    else:
        yield from _member_changes(old, new, at)
        for key in sorted((old.keys() | new.keys()) - {"properties", "required"}):
            yield from _changes(old.get(key), new.get(key), f"{at}/{key}")


def _member_changes(old: dict[str, Any], new: dict[str, Any], at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required, needed = set(old.get("required", ())), set(new.get("required", ()))
    yield from (f"{at}/{name}: is gone" for name in sorted(before.keys() - after.keys()))
    yield from (f"{at}/{name}: became required" for name in sorted(needed - required))
    yield from (f"{at}/{name}: became optional" for name in sorted((required - needed) & after.keys()))
    for name in sorted(before.keys() & after.keys()):
        yield from _changes(before[name], after[name], f"{at}/{name}")


def advice(path: str, committed: str | None, generated: str) -> str:
    """Tell what to do about a snapshot that differs from what the code says."""
    if committed is None or path == snapshots.ASYNCAPI:
        return f"{path} is missing or out of date: {RENEW}"
    if broken := breaking_changes(json.loads(committed), json.loads(generated)):
        return f"{path}: a change that breaks this version needs the next one beside it:\n" + "\n".join(
            broken
        )
    return f"{path} lacks only optional additions or words: {RENEW}"


def errors(name: str, document: str) -> list[str]:
    """Return what the committed schema finds wrong with a JSON document."""
    schema = json.loads((snapshots.ROOT / snapshots.SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [error.json_path for error in validator.iter_errors(json.loads(document))]


GENERATED = snapshots.generate()


@pytest.mark.parametrize("path", GENERATED)
def test_a_snapshot_is_what_the_code_generates(path: str):
    file, generated = snapshots.ROOT / path, GENERATED[path]
    committed = file.read_bytes().decode() if file.is_file() else None
    if committed != generated:
        pytest.fail(advice(path, committed, generated), pytrace=False)


def test_no_snapshot_is_left_of_a_contract_that_is_gone():
    files = {path.name for path in (snapshots.ROOT / snapshots.SCHEMAS).iterdir()}
    gone = files - {f"{name}.json" for name in snapshots.contracts()}
    assert not gone, f"a version that is in use stays in the catalog; otherwise {RENEW}"


@pytest.mark.parametrize("name", snapshots.contracts())
def test_a_snapshot_is_a_valid_schema(name: str):
    Draft202012Validator.check_schema(snapshots.schema(name))


@pytest.mark.parametrize("name", snapshots.contracts())
def test_a_contract_meets_its_schema(name: str):
    example = EXAMPLES[name]
    assert errors(name, example.to_json()) == []
    assert errors(name, example.model_dump_json()) == []
    assert type(example).from_json(example.to_json()) == example


@pytest.mark.parametrize(
    ("name", "right", "wrong", "where"),
    [
        ("projects.activity.v1", '"status":"2"', '"status":2', "$.status"),
        ("projects.activity.v1", '"date":"2026-01-01"', '"date":"1 January"', "$.dates[0].date"),
        ("projects.activity.v1", '"percentage":"62.5"', '"percentage":62.5', "$.sectors[0].percentage"),
        ("projects.activity.v1", '"status":"2",', "", "$"),
        (
            "projects.programme-budget.v1",
            '"target":"12.5"',
            '"target":12.5',
            "$.outcomes[0].indicators[0].target",
        ),
        ("projects.programme-budget.v1", '"2024-25"', '"2024/25"', "$.biennium"),
        ("projects.country-programme.v1", '"status":"on-track"', '"status":"good"', "$.outcomes[0].status"),
        ("projects.fragility-list.v1", '"country":"ML"', '"country":"MLI"', "$.contexts[0].country"),
        ("projects.proposal.v1", '"state":"passed"', '"state":"good"', "$.state"),
        ("projects.proposal.v1", '"gender":2', '"gender":4', "$.markers.gender"),
        ("projects.criteria-set.v1", '"weight":"1.5"', '"weight":1.5', "$.criteria[1].weight"),
        ("funding.finance.v1", '"category":"3"', '"category":"5"', "$.earmarking"),
        ("funding.finance.v1", '"amount":"1250000.50"', '"amount":"1,2"', "$.transactions[0].value.amount"),
        ("funding.partner.v1", '"kind":"total"', '"kind":"all"', "$.budgets[0].kind"),
        ("funding.rates.v1", '"rate":"1.0765"', '"rate":1.0765', "$.rates[0].rate"),
        ("funding.rates.v1", '"month":"2026-01"', '"month":"2026-13"', "$.month"),
        (
            "monitoring.framework.v1",
            '"year":2025',
            '"year":"2025"',
            "$.results[0].indicators[0].baselines[0].year",
        ),
        ("funding.agreement.v1", '"state":"signed"', '"state":"agreed"', "$.state"),
        ("funding.agreement.v1", '"due_on":"2026-03-01"', '"due_on":"soon"', "$.tranches[0].due_on"),
        ("funding.workplan.v1", '"cost":"250000.5"', '"cost":250000.5', "$.items[0].cost"),
        ("funding.scenario.v1", '"kind":"pool"', '"kind":"purse"', "$.allocations[0].source.kind"),
        ("monitoring.contributions.v1", '"percentage":"62.5"', '"percentage":62.5', "$.links[0].percentage"),
        ("monitoring.report.v1", '"rating":"amber"', '"rating":"yellow"', "$.rating"),
        ("monitoring.training.v1", '"count":12', '"count":"12"', "$.participants[0].count"),
        ("envelope.v1", '"data":{"status":"2"}', '"data":[]', "$.data"),
        ("envelope.v1", f'"id":"{uuid.UUID(int=1)}"', '"id":"1"', "$.id"),
    ],
)
def test_a_wrong_document_does_not_meet_the_schema(name: str, right: str, wrong: str, where: str):
    document = EXAMPLES[name].to_json()
    assert right in document
    assert errors(name, document.replace(right, wrong, 1)) == [where]


@given(st.decimals(min_value=-(10**20) + 1, max_value=10**20 - 1, places=18))
@example(Decimal("1E+3"))
@example(Decimal("0E-10"))
@example(Decimal("-0"))
@example(Decimal(12))
def test_every_amount_meets_the_schema(amount: Decimal):
    finance = ActivityFinance(iati_identifier="X", capital_spend=amount)
    assert errors("funding.finance.v1", finance.to_json()) == []


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


STRING, NUMBER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (_object(a=STRING), _object(a=STRING), []),
        (_object(a=STRING), _object(a=STRING, b=NUMBER), []),
        (_object(a=STRING), _object(a={**STRING, "description": "in words", "title": "A"}), []),
        (_object(), {**_object(), "$defs": {"Unused": STRING}}, []),
        (_object(a=STRING), {**_object(a={"$ref": "#/$defs/A"}), "$defs": {"A": STRING}}, []),
        (_object(a=_object()), _object(a=_object(b=STRING)), []),
        (_object(title=STRING), _object(title=NUMBER), ['/title/type: "string" became "integer"']),
        (_object(a=STRING), _object(), ["/a: is gone"]),
        (_object(("a",), a=STRING), _object(), ["/a: is gone"]),
        (_object(), _object(("a",), a=STRING), ["/a: became required"]),
        (_object(a=STRING), _object(("a",), a=STRING), ["/a: became required"]),
        (_object(("a",), a=STRING), _object(a=STRING), ["/a: became optional"]),
        (_object(a={"default": 0}), _object(a={"default": False}), ["/a/default: 0 became false"]),
        (_object(a={"enum": ["x"]}), _object(a={"enum": ["x", "y"]}), ['/a/enum: ["x"] became ["x", "y"]']),
        (
            _object(a={"items": STRING}),
            _object(a={"items": NUMBER}),
            ['/a/items/type: "string" became "integer"'],
        ),
        (
            _object(a={"anyOf": [_object(b=STRING)]}),
            _object(a={"anyOf": [_object()]}),
            ["/a/anyOf/0/b: is gone"],
        ),
        (
            {**_object(a={"$ref": "#/$defs/A"}), "$defs": {"A": {"maxLength": 9}}},
            {**_object(a={"$ref": "#/$defs/A"}), "$defs": {"A": {"maxLength": 5}}},
            ["/a/maxLength: 9 became 5"],
        ),
        (
            _object(),
            {**_object(), "additionalProperties": False},
            ["/additionalProperties: null became false"],
        ),
    ],
)
def test_only_an_optional_addition_breaks_nothing(
    old: dict[str, Any], new: dict[str, Any], expected: list[str]
):
    assert breaking_changes(old, new) == expected


def test_the_advice_tells_a_breaking_change_from_an_addition():
    old, addition = json.dumps(_object(a=STRING)), json.dumps(_object(a=STRING, b=STRING))
    breaking = json.dumps(_object(a=NUMBER))
    assert "only optional additions" in advice("x.v1.json", old, addition)
    assert snapshots.COMMAND in advice("x.v1.json", old, addition)
    assert "needs the next one beside it" in advice("x.v1.json", old, breaking)
    assert snapshots.COMMAND in advice("x.v1.json", None, old)


def test_the_command_writes_names_what_differs_and_removes_what_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert snapshots.main(["--check"], tmp_path) == 1
    assert snapshots.main([], tmp_path) == 0
    assert snapshots.main(["--check"], tmp_path) == 0
    capsys.readouterr()

    stale = tmp_path / snapshots.SCHEMAS / "envelope.v1.json"
    stale.write_text("{}")
    left = stale.with_name("gone.v1.json")
    left.write_text("{}")
    assert snapshots.main(["--check"], tmp_path) == 1
    told = [f"differs: {snapshots.SCHEMAS}/{file.name}" for file in (stale, left)]
    assert capsys.readouterr().out.splitlines() == told

    assert snapshots.main([], tmp_path) == 0
    assert (stale.read_text(encoding="utf-8"), left.exists()) == (snapshots.generate()[told[0][9:]], False)
