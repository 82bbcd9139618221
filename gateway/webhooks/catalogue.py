"""The types of events that webhooks are told: those of the catalog of contracts, and a few of our own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from gateway.webhooks.examples import BY_FORMAT, example_of
from shared.contracts import asyncapi, snapshots
from shared.contracts.catalog import CATALOG, EventType

REMOVED = "devcoop.removed"
PING = "devcoop.ping"
ENDPOINT_DISABLED = "devcoop.endpoint-disabled"

SEGMENTS: Mapping[str, str] = {
    "projects.activity": "activities",
    "projects.country-programme": "country-programmes",
    "projects.criteria-set": "criteria-sets",
    "projects.development-agenda": "development-agendas",
    "projects.field-office": "field-offices",
    "projects.fragility-list": "fragility-lists",
    "projects.programme-budget": "programme-budgets",
    "projects.proposal": "proposals",
    "funding.agreement": "agreements",
    "funding.alert": "funding-alerts",
    "funding.finance": "finances",
    "funding.mobilisation-target": "mobilisation-targets",
    "funding.partner": "partners",
    "funding.partner-profile": "partner-profiles",
    "funding.pledge": "pledges",
    "funding.pool": "pools",
    "funding.priority-rule": "priority-rules",
    "funding.rates": "exchange-rates",
    "funding.scenario": "scenarios",
    "funding.workplan": "workplans",
    "monitoring.alert": "monitoring-alerts",
    "monitoring.contributions": "contributions",
    "monitoring.evaluation": "evaluations",
    "monitoring.evaluation-policy": "evaluation-policies",
    "monitoring.framework": "frameworks",
    "monitoring.period-lock": "period-locks",
    "monitoring.programme-framework": "programme-frameworks",
    "monitoring.publication": "publications",
    "monitoring.report": "reports",
    "monitoring.training": "trainings",
}
"""First segment below ``/v1`` of the routes of each aggregate, by its owner and noun."""

_IDENTIFIERS = {"funding.rates": "ECB/2026-03", "funding.agreement": "AGR-2026-001"}
_TEXT, _UUID = {"type": "string"}, {"type": "string", "format": "uuid"}
_MOMENT = {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class WebhookEventType:
    """A type of events: what it tells, the schema of its payload, and an example of it."""

    name: str
    summary: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]


def address_of(owner: str, aggregate: str, identifier: str | None) -> str | None:
    """Return the path of a document below the public address, None where nobody knows its identifier."""
    segment = SEGMENTS.get(f"{owner}.{aggregate}")
    return None if identifier is None or segment is None else f"/v1/{segment}/{quote(identifier)}"


def matches(patterns: Iterable[str], type_: str) -> bool:
    """Tell whether a type of events is one of those of a subscription; none of them is all, and ``.*`` is a prefix."""
    wanted = tuple(patterns)
    return not wanted or any(
        type_.startswith(each[:-1]) if each.endswith(".*") else each == type_ for each in wanted
    )


def is_known(pattern: str) -> bool:
    """Tell whether a type, or a prefix of types, is there."""
    return any(matches([pattern], name) for name in (*CATALOG, REMOVED, PING, ENDPOINT_DISABLED))


@cache
def event_types() -> tuple[WebhookEventType, ...]:
    """Return every type, those of the contracts in the order of their catalog."""
    return (*map(_of_contract, CATALOG.values()), _removed(), _ping(), _endpoint_disabled())


@cache
def _schema(name: str) -> dict[str, Any]:
    return snapshots.schema(name)


def _of_contract(event: EventType) -> WebhookEventType:
    schema = _schema(f"{event.owner}.{event.aggregate}.v{event.version}")
    document = example_of(schema)
    definitions = schema.get("$defs", {})
    body = {name: part for name, part in schema.items() if name not in ("$schema", "$id", "$defs")}
    told = _payload(event.name, _data(body), definitions)
    key = f"{event.owner}.{event.aggregate}"
    identifier = _IDENTIFIERS.get(key) or _first(document)
    data = _example(event.owner, event.aggregate, identifier)
    return WebhookEventType(
        event.name, event.summary, told, _told(event.name, {**data, "document": document})
    )


def _removed() -> WebhookEventType:
    summary = "A thing left what the webhook may see, or what it asks for: forget it."
    schema = _payload(REMOVED, _data(None), {})
    return WebhookEventType(
        REMOVED, summary, schema, _told(REMOVED, _example("funding", "agreement", "AGR-2026-001"))
    )


def _ping() -> WebhookEventType:
    summary = "A test that was asked for; nothing happened."
    data = {"type": "object", "properties": {"webhook": _UUID}, "required": ["webhook"]}
    return WebhookEventType(
        PING, summary, _payload(PING, data, {}), _told(PING, {"webhook": BY_FORMAT["uuid"]})
    )


def _endpoint_disabled() -> WebhookEventType:
    summary = "Another webhook of the same client was disabled, because its endpoint failed or is gone."
    members = {"webhook": _UUID, "url": _TEXT, "reason": _TEXT}
    data = {"type": "object", "properties": members, "required": list(members)}
    example = {"webhook": BY_FORMAT["uuid"], "url": "https://partner.example/hooks", "reason": "failing"}
    name = ENDPOINT_DISABLED
    return WebhookEventType(name, summary, _payload(name, data, {}), _told(name, example))


def _payload(name: str, data: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$schema": asyncapi.WireSchema.schema_dialect,
        "$id": f"urn:devcoop:webhook:{name}",
        "type": "object",
        "properties": {"type": {"const": name}, "timestamp": _MOMENT, "data": data},
        "required": ["type", "timestamp", "data"],
        **({"$defs": definitions} if definitions else {}),
    }


def _data(document: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the schema of ``data``; ``document`` is there in full payloads alone."""
    nullable = {"type": ["string", "null"]}
    members: dict[str, Any] = {
        "aggregate": _TEXT,
        "id": _UUID,
        "identifier": nullable,
        "version": {"type": "integer", "minimum": 1},
        "url": nullable,
    }
    required = list(members)
    if document is not None:
        members["document"] = document
    return {"type": "object", "properties": members, "required": required}


def _example(owner: str, aggregate: str, identifier: str) -> dict[str, Any]:
    url = address_of(owner, aggregate, identifier)
    named = {"aggregate": aggregate, "id": BY_FORMAT["uuid"], "identifier": identifier}
    return {**named, "version": 3, "url": url}


def _told(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": name, "timestamp": BY_FORMAT["date-time"], "data": data}


def _first(document: Mapping[str, Any]) -> str:
    return str(next(iter(document.values())))
