"""Every operation of every service, every role, inside its scope and beside it: answered as the table of the policy says.

The operations are those of the services' own OpenAPI documents, and what is expected is told from the table alone. Who is
refused by role sends a body that is nothing: the refusal comes before it is read.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest

from gateway.main import SERVICE as GATEWAY
from shared.chassis.app import Application
from shared.policy.grants import Grant
from shared.testing.fixtures import Serve
from shared.testing.identity import TestIssuer
from tests.component.access.calls import Call, calls_of
from tests.component.access.contracts import OWNERS
from tests.component.access.expected import BY_ROLE, NOT_FOUND, ROLES, Answer, expected, grants_for
from tests.component.access.things import Thing, load

AT_ONCE = 6
SECONDS = 30
QUIET = {"alert_seconds": 86400.0}
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "funding": QUIET,
    "monitoring": {**QUIET, "planning_seconds": 86400.0},
    "gateway": {
        "roles": ["api", "projector"],
        "issuer_key": "k" * 32,
        "token_rate_limit": 0,
        "batch_retry_seconds": 0,
    },
}
AWAY = "owner-unavailable"
"""What the gateway answers, whose owners are not at the addresses that it knows, where one of them is to decide."""
SERVICES = [*OWNERS, GATEWAY]
SHOWN_BY_GATEWAY = {"activity": "projects", "country-programme": "country-programmes"}
REFUSALS = {"token-missing", "forbidden", "step-forbidden", "outside-scope"}
WRONG = {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}
ENOUGH = {"projects": 1000, "funding": 1000, "monitoring": 1000, "gateway": 300}
"""Fewer requests than there are: a matrix of nothing proves nothing."""

OWNED = [
    (
        "projects",
        "proposal",
        {"state": "approved", "revision": 7, "written_by": [{"kind": "person", "name": "x"}]},
    ),
    ("funding", "agreement", {"state": "active", "earmarking": {"category": "1", "basis": "modality"}}),
    ("funding", "pledge", {"state": "withdrawn"}),
    ("monitoring", "report", {"state": "published"}),
    ("monitoring", "evaluation", {"state": "closed"}),
    ("monitoring", "period-lock", {"state": "released"}),
]
"""Members that follow from steps, as a caller would like them to be."""
NAMING = {"identifier", "number", "code", "period_start", "period_end"}
ANOTHER_PERIOD = {
    ("report", False): {"period_start": "2024-01-01", "period_end": "2024-06-30"},
    ("report", True): {"period_start": "2024-07-01", "period_end": "2024-12-31"},
}
"""There is one report of an activity and a period."""

Clients = dict[str, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def served(serve: Serve) -> AsyncIterator[Clients]:
    """Serve all services, and yield clients without a token."""
    async with AsyncExitStack() as stack:
        yield {
            service.name: await stack.enter_async_context(serve(service, **SETTINGS.get(service.name, {})))
            for service in SERVICES
        }


@pytest.fixture(scope="module")
async def things(served: Clients) -> dict[str, list[Thing]]:
    """Store documents with the owners, and let the gateway know them all."""
    loaded = await load(served)
    shown = [each for each in loaded["projects"] if each.resource in SHOWN_BY_GATEWAY]
    async with asyncio.timeout(SECONDS):
        for path in (f"/v1/results/{SHOWN_BY_GATEWAY[each.resource]}/{each.identifier}" for each in shown):
            while (await served["gateway"].get(path)).status_code != httpx.codes.OK:
                await asyncio.sleep(0.05)
    return {**loaded, "gateway": shown}


class Tokens:
    """Headers by grant, each with one token."""

    def __init__(self, issuer: TestIssuer) -> None:
        self._issuer, self._made = issuer, dict[Grant, dict[str, str]]()

    def of(self, grant: Grant | None) -> dict[str, str]:
        if grant is None:
            return {}
        return self._made.setdefault(grant, self._issuer.bearer(grant))


def askers(call: Call) -> Iterator[Grant | None]:
    yield None
    for role in ROLES:
        yield from grants_for(call.operation, role, call.thing.place if call.thing else None)


def told(answer: httpx.Response, call: Call) -> Answer | None:
    """Return how a request was refused by the policy; None if it was not."""
    problem = answer.json() if "problem+json" in answer.headers.get("content-type", "") else {}
    code = problem.get("code", "")
    if code in REFUSALS:
        return Answer(answer.status_code, code)
    if answer.status_code == httpx.codes.NOT_FOUND and call.thing is not None:
        return NOT_FOUND
    return None


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_every_operation_answers_as_the_policy_says(service, served, things, issuer):
    client = served[service.name]
    document = Application.openapi(client.app)
    tokens, counts, wrong = Tokens(issuer), Counter[Answer | None](), list[str]()
    transport = client._transport  # noqa: SLF001  (a client of it that has no token of its own)
    gate = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60) as plain:

        async def ask(call: Call, grant: Grant | None) -> None:
            wanted = expected(
                call.operation,
                grant,
                call.thing,
                step=call.step,
                is_new=call.is_new,
                becomes=call.becomes,
            )
            request = call.garbage() if wanted in BY_ROLE and call.is_write else call.request()
            request["headers"] = {**request["headers"], **tokens.of(grant)}
            async with gate:
                answer = await plain.request(**request)
            found = told(answer, call)
            counts[found] += 1
            invalid = wanted is None and call.is_valid and not call.is_new and answer.status_code in WRONG
            if found != wanted or invalid or (answer.is_server_error and AWAY not in answer.text):
                wrong.append(
                    f"{call.operation} {call.step or ''} {call.address} by {grant}: "
                    f"{wanted} expected, {answer.status_code} {answer.text[:300]}"
                )

        for call in calls_of(document, things[service.name]):
            await asyncio.gather(*(ask(call, grant) for grant in askers(call)))
    assert wrong == [], f"{len(wrong)} of {counts.total()}"
    assert counts.total() > ENOUGH[service.name]


async def test_what_a_service_owns_is_not_taken_from_a_caller(served, things):
    """A document is stored as if the members were not sent that follow from what is done with it."""
    for owner, resource, members in OWNED:
        client = served[owner]
        thing = next(each for each in things[owner] if each.resource == resource)
        address, _, _ = thing.address.rpartition("/")
        stored = []
        for identifier, sent in ((f"PLAIN-{resource}", {}), (f"CLAIMED-{resource}", members)):
            document = {
                **thing.sent,
                **ANOTHER_PERIOD.get((resource, bool(sent)), {}),
                thing.member: identifier,
            }
            answer = await client.post(address, json={**document, **sent})
            assert answer.status_code == httpx.codes.CREATED, (resource, answer.text)
            item = (await client.get(f"{address}/{identifier}")).json()["document"]
            stored.append({name: value for name, value in item.items() if name not in NAMING})
        assert stored[0] == stored[1], resource


async def test_a_member_that_no_contract_has_is_refused(served, things):
    for owner, stored in things.items():
        for thing in stored:
            if owner == "gateway" or thing.resource == "scenario":
                continue
            for sent in ({**thing.sent, "is_public": True}, {**thing.sent, "placed_by": 0}):
                answer = await served[owner].put(thing.address, json=sent)
                faults = [fault["code"] for fault in answer.json()["errors"]]
                assert (answer.status_code, faults) == (422, ["extra-forbidden"]), thing.address
