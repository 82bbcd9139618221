"""Requests for every operation of an interface, made of its OpenAPI document and of documents that are stored."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from shared.policy.operations import OPERATIONS
from shared.policy.places import OFFICE, Place
from shared.testing import monitoring, partnerships, proposals, workplans
from tests.component.access.things import (
    ALLOCATION,
    BIENNIUM,
    FOLLOW_UP,
    RECOMMENDATION,
    SHOWN,
    TEXT,
    Body,
    Thing,
    allocation,
)

SERVICES = ("projects", "funding", "monitoring", "gateway")
STALE = {"If-Match": '"99999"'}
"""Whoever is let through changes nothing, so that every principal meets the same documents."""
JSON = {"Content-Type": "application/json"}
NOBODY = "00000000-0000-0000-0000-000000000000"
NAMED_BY_ITS_PLACE = {"activity", "finance", "framework", "contributions", "partner", "partner-profile"}
"""Documents whose identifier tells where they belong, or which project has to be known first."""

FILLED = {
    "code": ALLOCATION,
    "biennium": BIENNIUM,
    "iati_identifier": SHOWN,
    "client_id": NOBODY,
    "secret_id": NOBODY,
    "import_id": NOBODY,
    "source_id": NOBODY,
    "message_id": NOBODY,
    "webhook_id": NOBODY,
    "event_id": NOBODY,
}
"""What stands in a path for that which is not a stored document of the owner."""
NAMED = {
    "{identifier}": {
        "incoming": None,
        "alert": None,
        "spreadsheet": None,
        "donor-results": None,
        "programme-figure": "programme-framework",
    },
    "{iati_identifier}": {"results": "activity", "revision": "activity"},
    "{code}": {"country-programme-results": "country-programme"},
}
"""Which documents a part of a path names, by resource of the operation where it is not the same; None where nobody stored any."""
OTHERWISE = {"act_on_follow_up": {"code": FOLLOW_UP}}

_BY: Body = {"by": "clerk", "reasons": "As agreed"}
_LARGER = {
    "amount": {"amount": "1200000", "currency": "USD"},
    "tranches": [{"number": 1, "due_on": "2026-03-01", "amount": "1200000"}],
}
BODIES: Mapping[str, Body] = {
    "appraise_proposal": proposals.appraisal("a.judge"),
    "record_transaction": {
        "type": "3",
        "date": "2026-01-01",
        "value": {"amount": "1", "currency": "USD", "value_date": "2026-01-01"},
    },
    "act_on_agreement": {"action": "suspend", **_BY},
    "scrutinise_partner": {"partner": partnerships.DONOR, "action": "begin", **_BY},
    "record_receipt": {"reference": "R", "tranche": 1, "received_on": "2026-03-05", "amount": "1"},
    "amend_agreement": {"signed_on": "2026-05-01", "changes": _LARGER, **_BY},
    "record_delivery": {"code": "P1", "delivered_on": "2026-06-01", "by": "clerk"},
    "withdraw_from_agreement": _BY,
    "withdraw_from_pool": _BY,
    "allocate_agreement": allocation("A2"),
    "allocate_pool": allocation("A2"),
    "act_on_pledge": {"action": "withdraw", **_BY},
    "make_scenario": workplans.scenario("XM-TEST-SCENARIO", BIENNIUM),
    "act_on_scenario": {"action": "discard", **_BY},
    "report_actual": monitoring.actual(),
    "respond_to_recommendation": {
        "recommendation": RECOMMENDATION,
        "decision": "accepted",
        "narratives": TEXT,
        "by": "boss",
    },
    "add_follow_up": {
        "recommendation": RECOMMENDATION,
        "follow_up": {"code": "F2", "narratives": TEXT, "responsible": "unit", "due_on": "2031-12-31"},
    },
    "act_on_follow_up": {"action": "start", "by": "unit"},
    "act_on_period_lock": {"action": "release", **_BY},
    "except_from_period_lock": {"who": "CO", "reason": "Late survey", "granted_by": "clerk"},
}
QUERIES: Mapping[str, Mapping[str, str]] = {
    "compare_scenarios": {"with": "XM-TEST-SCENARIO"},
    "read_mobilisation_list": {"rule": "test-rule/1", "currency": "USD"},
    "locks_in_force": {"iati_identifier": SHOWN},
    "read_summary": {"group_by": "country"},
    "read_delivery": {"by": "country"},
    "read_outcomes": {"biennium": BIENNIUM},
    "read_gaps": {"biennium": BIENNIUM},
    "read_line_of_sight": {"activity": SHOWN},
    **{f"export_{service}_personal_data": {"name": "nobody"} for service in SERVICES},
    "stream_events": {"since": "nothing"},
}
ENDLESS = {"stream_events"}
"""Reads that are asked wrongly, since they never end: that they are let through shows by what is said of the query."""
WITHOUT_A_BODY_OF_OURS = {
    *(
        "put_rate_file",
        "start_import",
        "create_client",
        "patch_client",
        "create_client_secret",
        "revoke_client",
    ),
    *("delete_client_secret", "issue_token", "revoke_token"),
    *("receive_incoming", "create_incoming_source", "patch_incoming_source", "try_incoming_source"),
    *("create_incoming_secret", "delete_incoming_secret"),
    *("release_incoming_message", "discard_incoming_message"),
    *("run_batch", "upload_spreadsheet"),
    *("create_webhook", "patch_webhook", "rotate_webhook_secret"),
    *("replay_webhook", "recover_webhook"),
    *("enable_webhook", "disable_webhook"),
    *(f"erase_{service}_personal_data" for service in SERVICES),
}
"""Writes that are sent nothing valid: that they are let through shows by what is said of the body."""


@dataclass(frozen=True, slots=True)
class Call:
    """One way to call an operation, about a stored document or about none."""

    operation: str
    method: str
    address: str
    thing: Thing | None = None
    query: Mapping[str, str] | None = None
    body: Body | None = None
    content: bytes | None = None
    step: str | None = None
    is_new: bool = False
    becomes: Place | None = None
    """Where a document belongs that is created, if one of its name were not stored already."""

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong with what is sent."""
        return self.operation not in WITHOUT_A_BODY_OF_OURS | ENDLESS

    @property
    def is_write(self) -> bool:
        """Whether it is sent a body."""
        return self.method in ("POST", "PUT", "PATCH")

    def request(self) -> dict[str, Any]:
        """Return what a client is told to send."""
        headers = {} if self.is_new else dict(STALE)
        if self.content is not None:
            return self._sent(headers, self.content)
        if self.body is None:
            return self._sent(headers)
        body = {**self.body, self.thing.member: uuid4().hex} if self.is_new and self.thing else self.body
        return self._sent({**headers, **JSON}, json.dumps(body).encode())

    def garbage(self) -> dict[str, Any]:
        """Return the same with a body that is nothing."""
        return self._sent({**STALE, "Content-Type": "application/x-nothing"}, b'{"')

    def _sent(self, headers: Mapping[str, str], content: bytes | None = None) -> dict[str, Any]:
        told = {"method": self.method, "url": self.address, "params": self.query, "headers": headers}
        return told if content is None else {**told, "content": content}


def calls_of(document: Mapping[str, Any], things: Sequence[Thing]) -> Iterator[Call]:
    """Yield the calls of every operation of an interface.

    Raises:
        LookupError: an operation writes something that is not stored here.

    """
    for path, item in document["paths"].items():
        for method, told in item.items():
            yield from _calls(told["operationId"], method.upper(), path, things)


def _calls(name: str, method: str, path: str, things: Sequence[Thing]) -> Iterator[Call]:
    operation = OPERATIONS[name]
    named = _named(path, operation.resource)
    about = [each for each in things if each.resource == (named or operation.resource)]
    steps: Sequence[str | None] = operation.actions if len(operation.actions) > 1 else (None,)
    query = QUERIES.get(name)
    if named is not None:
        if not about:
            raise LookupError(f"there is no document for {name}")
        for thing in about:
            for step in steps:
                body = {"action": step, **_BY} if step else _body(name, method, thing)
                address = _filled(name, path, thing.identifier)
                yield Call(name, method, address, thing, query, body, step=step)
    elif name.startswith("create_") and about:
        for thing in about:
            fresh = thing.placed(thing.sent)
            yield Call(name, method, path, thing, body=thing.sent, becomes=fresh.place)
            if thing.resource not in NAMED_BY_ITS_PLACE and fresh.place != OFFICE:
                yield Call(name, method, path, fresh, body=thing.sent, is_new=True)
    elif name.startswith("upsert_"):
        yield Call(name, method, path, content=b"")
    else:
        yield Call(name, method, _filled(name, path, NOBODY), query=query, body=BODIES.get(name))


def _named(path: str, resource: str) -> str | None:
    """Return of which resource the document is that a path names, None if it names none."""
    if "{identifier}" in path:
        return NAMED["{identifier}"].get(resource, resource)
    return next(
        (named[resource] for part, named in NAMED.items() if part in path and resource in named), None
    )


def _body(name: str, method: str, thing: Thing) -> Body | None:
    if method == "PUT":
        return thing.sent
    return {} if method == "PATCH" else BODIES.get(name)


def _filled(name: str, path: str, identifier: str) -> str:
    values = {**FILLED, **OTHERWISE.get(name, {}), "identifier": identifier}
    if "{identifier}" not in path and identifier != NOBODY:
        values |= {"iati_identifier": identifier, "code": identifier}
    for member, value in values.items():
        path = path.replace(f"{{{member}}}", quote(value, safe=""))
    return path
