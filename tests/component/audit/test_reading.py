"""The audit is read newest first, page by page, as far as the caller's scope goes."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid5

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import true

from shared.chassis.audit import ENTRY, Refusal, note_changes
from shared.chassis.audit import api as module
from shared.chassis.audit.api import AuditReader, audit_router, show_whole
from shared.chassis.audit.entries import note_refused
from shared.chassis.errors import install_errors
from shared.chassis.pagination import CursorCodec
from shared.chassis.parameters import KnownParameters
from shared.policy.grants import Grant, Role
from shared.policy.principals import PUBLIC, Principal

from .conftest import AGGREGATE_ID, ATTEMPT, another

ADDRESS = "/v1/projects-audit"
OTHER_ID = uuid5(AGGREGATE_ID, "other")
ADMINISTRATOR = Principal(
    issuer="https://id.example",
    subject="admin",
    client="desk",
    name="admin",
    grants=(Grant(role=Role.ADMINISTRATOR),),
)


class Readers:
    """What the dependency of the route returns, which a test may change."""

    reader = AuditReader(scope=true(), show=show_whole)

    async def __call__(self):
        return self.reader


@pytest.fixture
def readers():
    return Readers()


@pytest.fixture
async def reading(scratch, readers):
    app = FastAPI(dependencies=[Depends(KnownParameters())])
    install_errors(app)
    app.include_router(audit_router("projects", readers))
    runtime = SimpleNamespace(database=scratch.database, cursors=CursorCodec(b"k" * 32))
    principals = {"none": PUBLIC}

    async def serve(scope, receive, send):
        asked = dict(scope["headers"]).get(b"x-principal", b"").decode()
        state = {"runtime": runtime, "principal": principals.get(asked, ADMINISTRATOR)}
        await app({**scope, "state": state}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(serve), base_url="http://service") as client:
        yield client


async def items(client, **wanted):
    answer = await client.get(ADDRESS, params=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def refuse(scratch, refusal, count=1):
    async with scratch.database.session() as session, session.begin():
        await note_refused(session, refusal, count)


async def test_nobody_in_particular_reads_nothing(reading):
    answer = await reading.get(ADDRESS, headers={"X-Principal": "none"})
    assert answer.status_code == 401


async def test_an_entry_tells_who_did_what_to_what_and_why(scratch, reading):
    entry_id = await scratch.change(2)
    await scratch.link_all()
    item, begin = await items(reading)
    told = {name: item[name] for name in ("principal", "name", "client", "source", "action", "reason")}
    assert told == {name: getattr(ATTEMPT, name) for name in told}
    assert (item["id"], item["seq"], item["outcome"], item["count"]) == (entry_id, 2, "done", 1)
    assert (item["aggregate"], item["identifier"]) == ("activity", "XM-1")
    assert (UUID(item["aggregate_id"]), item["version_before"], item["version_after"]) == (AGGREGATE_ID, 1, 2)
    assert (item["correlation_id"], item["status"], item["code"]) == ("desk:1", None, None)
    assert not {"before", "after", "identity_salt", "digest"} & set(item)
    assert (begin["action"], begin["seq"]) == ("begin_audit", 1)


async def test_pages_are_newest_first_and_miss_nothing(scratch, reading):
    async with scratch.database.session() as session, session.begin():
        staged = [await scratch.stage(session, version) for version in range(1, 8)]
        await note_changes(session, ATTEMPT, staged)  # all of one moment
    for version in range(8, 12):
        await scratch.change(version)
    seen, cursor = [], {}
    for _ in range(20):
        page = (await reading.get(ADDRESS, params={"limit": 3, **cursor})).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 12


async def test_each_filter_leaves_what_it_asks_for(scratch, reading):
    await scratch.change(1)
    await scratch.change(
        1, attempt=another("amina", action="patch_activity"), identifier="XM-2", aggregate_id=OTHER_ID
    )
    late = Refusal(replace(another("juma"), correlation_id="desk:9"), 403, "forbidden")
    await refuse(scratch, replace(late, at=late.at + timedelta(days=1)), 12)
    everything = await items(reading)
    assert len(everything) == 4
    since = (late.at + timedelta(hours=1)).isoformat()
    for wanted, expected in (
        ({"principal": ATTEMPT.principal}, ["Grace Owino"]),
        ({"identifier": "XM-2"}, ["amina"]),
        ({"aggregate": "activity"}, ["amina", "Grace Owino"]),
        ({"action": "patch_activity"}, ["amina"]),
        ({"outcome": "refused"}, ["juma"]),
        ({"correlation_id": "desk:9"}, ["juma"]),
        ({"since": since}, ["juma"]),
        ({"until": since, "aggregate": "activity"}, ["amina", "Grace Owino"]),
        ({"aggregate": "activity", "identifier": "none"}, []),
    ):
        assert [item["name"] for item in await items(reading, **wanted)] == expected, wanted
    (refused,) = await items(reading, outcome="refused")
    assert (refused["status"], refused["code"], refused["count"]) == (403, "forbidden", 12)


async def test_a_caller_sees_its_scope_and_nothing_else(scratch, reading, readers):
    await scratch.change(1)
    readers.reader = AuditReader(scope=ENTRY.c.place_countries.overlap(["UG"]), show=show_whole)
    assert [item["identifier"] for item in await items(reading)] == ["XM-1"]
    readers.reader = AuditReader(scope=ENTRY.c.place_countries.overlap(["TZ"]), show=show_whole)
    assert await items(reading) == []


async def test_before_and_after_are_the_documents_of_the_versions(scratch, reading):
    await scratch.change(1)
    await scratch.change(1, identifier="XM-2", aggregate_id=OTHER_ID)
    await scratch.change(2)
    await refuse(scratch, Refusal(ATTEMPT, 403, "forbidden"))
    told = [(item["before"], item["after"]) for item in await items(reading, with_documents=True)]
    first, second = ({"iati_identifier": "XM-1", "status": status} for status in ("1", "2"))
    other = {"iati_identifier": "XM-2", "status": "1"}
    assert told == [(None, None), (first, second), (None, other), (None, first), (None, None)]


async def test_a_document_is_shown_as_far_as_the_caller_may_see_it(scratch, reading, readers):
    async def show(_session, noun, aggregate_id, document):
        assert (noun, aggregate_id) == ("activity", AGGREGATE_ID)
        return document.replace('"status"', '"hidden"')

    await scratch.change(1)
    await scratch.change(2)
    readers.reader = AuditReader(scope=true(), show=show)
    item, *_ = await items(reading, with_documents=True)
    assert (item["before"]["hidden"], item["after"]["hidden"]) == ("1", "2")


async def test_a_page_with_documents_is_bounded(scratch, reading, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    for version in (1, 2, 3):
        await scratch.change(version)
    seen, cursor = [], {}
    for _ in range(4):
        page = (await reading.get(ADDRESS, params={"with_documents": True, **cursor})).json()
        seen.append([item["version_after"] for item in page["items"]])
        cursor = {"cursor": page["next"]}
    assert seen == [[3], [2], [1], [None]]
    assert page["next"] is None


WRONG = {
    "cursor": {"cursor": "x"},
    "unknown": {"nothing": "x"},
    "outcome": {"outcome": "perhaps"},
    "since": {"since": "yesterday"},
    "limit": {"limit": 0},
    "nul": {"principal": "\0"},
}


@pytest.mark.parametrize("wanted", WRONG.values(), ids=WRONG)
async def test_what_is_asked_wrongly_is_refused(reading, wanted):
    answer = await reading.get(ADDRESS, params=wanted)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
