"""Who starts an import, and the tokens that it is sent with."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from gateway.acting import ActingToken, CallerRefused
from gateway.imports.models import Import
from gateway.imports.tokens import starter_of
from gateway.issuer.models import Client
from gateway.issuer.tokens import AUDIENCE, Issuer
from gateway.main import SERVICE
from shared.chassis.db import Database
from shared.chassis.ids import uuid7
from shared.chassis.migrations import upgrade
from shared.policy.grants import Grant, Role
from shared.testing.fixtures import Serve
from shared.testing.identity import ISSUER, TestIssuer
from tests.component.gateway.conftest import MIGRATIONS

URL = "https://devcoop.test"
KEY = "the key of the tests, and of nothing else"
MANAGER = Grant(role=Role.PROGRAMME_MANAGER)
AT = datetime(2026, 1, 1, tzinfo=UTC)
FILE = b"""<iati-activities version="2.03"><iati-activity><iati-identifier>XM-1</iati-identifier></iati-activity>
</iati-activities>"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await upgrade(database, MIGRATIONS)
    yield database
    await database.dispose()


def started(*, issuer: str = ISSUER, client: str = "portal") -> Import:
    who = {"issuer": issuer, "subject": "a.manager", "client": client, "name": "A. Manager"}
    return Import(
        id=uuid7(),
        status="queued",
        dry_run=False,
        kind="activities",
        iati_version="2.03",
        facts={},
        size=1,
        total=1,
        created_at=AT,
        started_by=who,
        grants=[MANAGER.as_claim()],
    )


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def claims_of(bearer: str) -> dict[str, object]:
    return jwt.decode(bearer.removeprefix("Bearer "), options={"verify_signature": False}, audience=AUDIENCE)


async def test_the_gateway_acts_for_who_started_an_import(database: Database):
    issuer, clock = Issuer(url=URL, key=KEY, token_seconds=600), Clock()
    token = ActingToken(database, issuer, starter_of(started()), clock)
    first = await token.bearer()
    claims = claims_of(first)
    assert (claims["iss"], claims["sub"], claims["client_id"]) == (URL, "a.manager", "portal")
    assert (claims["act"], claims["entitlements"]) == ({"sub": "gateway"}, [MANAGER.as_claim()])
    clock.now += 299
    assert await token.bearer() == first
    clock.now += 1
    second = await token.bearer()
    assert claims_of(second)["jti"] != claims["jti"]
    token.renew()
    assert await token.bearer() != second


async def test_nobody_acts_for_who_is_not_known_or_was_revoked(database: Database):
    issuer = Issuer(url=URL, key=KEY, token_seconds=600)
    unknown = started()
    unknown.started_by = None
    with pytest.raises(CallerRefused, match="not known"):
        starter_of(unknown)
    async with database.session() as session, session.begin():
        session.add_all(
            Client(
                id=name,
                name=name,
                grants=[MANAGER.as_claim()],
                dpop_bound=False,
                created_at=AT - timedelta(days=9),
                created_by="tests",
                revoked_at=AT + timedelta(days=days),
            )
            for name, days in (("before", -1), ("since", 1))
        )
    assert await ActingToken(database, issuer, starter_of(started(issuer=URL, client="before"))).bearer()
    assert await ActingToken(
        database, issuer, starter_of(started(client="since"))
    ).bearer()  # another issuer's client
    with pytest.raises(CallerRefused, match="revoked"):
        await ActingToken(database, issuer, starter_of(started(issuer=URL, client="since"))).bearer()


async def upload(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post("/v1/imports", content=FILE, headers=headers)


async def test_an_import_tells_who_started_it(serve: Serve, issuer: TestIssuer, database_url: str):
    own = Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"}))
    person = issuer.bearer(MANAGER, own, subject="a.manager", client="portal", name="A. Manager")
    who = {"issuer": ISSUER, "subject": "a.manager", "client": "portal", "name": "A. Manager"}
    settings = {"database_url": database_url, "roles": ["api"], "issuer_key": KEY, "issuer_url": URL}
    async with serve(SERVICE, **settings) as client:
        answer = await upload(client, person)
        assert answer.status_code == 202, answer.text
        assert answer.json()["started_by"] == who
        assert (await client.get(answer.headers["location"])).json()["started_by"] == who
        assert (await client.get("/v1/imports")).json()["items"][0]["started_by"] == who
        assert (await upload(client, issuer.bearer(own))).status_code == 403
        database = Database(database_url)
        async with database.session() as session:
            row = await session.get_one(Import, answer.json()["id"])
        await database.dispose()
        assert row.grants == [MANAGER.as_claim()]  # of the grants, those that let it be started


async def test_without_an_issuer_no_import_starts(serve: Serve, issuer: TestIssuer):
    async with serve(SERVICE, roles=["api", "importer"]) as client:
        answer = await upload(client, issuer.bearer(MANAGER))
        assert (answer.status_code, answer.json()["code"]) == (409, "imports-without-issuer")
