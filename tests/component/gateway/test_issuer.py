"""The built-in issuer: from a client and its secret to a token, and back by revocation."""

import asyncio
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from deploy.local.processes import run_command
from gateway.issuer.client_authentication import Credentials, authenticate
from gateway.issuer.client_secrets import SecretHashes, new_secret, owasp_hasher
from gateway.issuer.handlers import change_client, revoke_client
from gateway.issuer.keys import PUBLISHED_AFTER, PUBLISHED_BEFORE, list_keys, require_key, rotate
from gateway.issuer.models import Client
from gateway.issuer.refusals import OAuthRefusal
from gateway.issuer.schemas import ClientChange
from gateway.issuer.sealing import Sealer, Unsealable
from gateway.issuer.store import next_second
from gateway.issuer.tokens import AUDIENCE, Issuer
from gateway.main import SERVICE
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade
from shared.policy.grants import Grant, Role

URL = "https://devcoop.test"
KEY = "the key of the tests, and of nothing else"
GRANTS = [{"role": "field-officer", "countries": ["KE", "TZ"]}, {"role": "partner"}]
ASKED = {"grant_type": "client_credentials"}
CLIENTS = "/v1/clients"
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
ONLY_API = {"roles": frozenset({"api"}), "issuer_key": KEY, "issuer_url": URL, "token_rate_limit": 0}


@pytest.fixture(scope="module")
def url(postgres):
    name = f"test_{uuid4().hex[:12]}"
    yield postgres.database_with_password(name, owner="tests")
    postgres.drop(name)


@pytest.fixture(scope="module")
async def client(serve, url):
    """Return an administrator's client of a gateway that issues tokens."""
    async with serve(SERVICE, database_url=url, **ONLY_API) as client:
        yield client


@pytest.fixture(scope="module")
async def anyone(client):
    """Return a client of the same gateway that bears no token."""
    async with httpx.AsyncClient(transport=client._transport, base_url=URL, timeout=60) as anyone:  # noqa: SLF001
        yield anyone


@pytest.fixture(scope="module")
async def database(client, url):  # noqa: ARG001
    database = Database(url)
    yield database
    await database.dispose()


@pytest.fixture
async def made(client):
    """Return a new client of the issuer: its id and its secret."""
    return await make(client)


async def make(client, **members):
    answer = await client.post(CLIENTS, json={"name": "Nairobi", "grants": GRANTS, **members})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert answer.headers["location"] == f"{CLIENTS}/{told['client']['id']}"
    return told["client"]["id"], told["client_secret"]


async def token_for(anyone, made, **headers):
    answer = await anyone.post("/oauth/token", data=ASKED, auth=made, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


async def verified(anyone, token):
    """Return the claims of a token, by the keys that are published at this moment."""
    keys = (await anyone.get("/oauth/jwks")).json()["keys"]
    named = {key["kid"]: key for key in keys}
    key = named[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, jwt.PyJWK(key), ["RS256"], audience=AUDIENCE, issuer=URL)


def assert_refused(answer, error, status=400):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error
    assert ("www-authenticate" in answer.headers) == (status == 401)


# tokens


async def test_a_client_gets_a_token_that_the_published_keys_verify(anyone, made):
    before = int(time.time())
    answer = await anyone.post("/oauth/token", data=ASKED, auth=made)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    header = jwt.get_unverified_header(told["access_token"])
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    claims = await verified(anyone, told["access_token"])
    assert claims["sub"] == claims["client_id"] == made[0]
    assert claims["name"] == "Nairobi"
    assert claims["entitlements"] == GRANTS
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] == claims["iat"] + 600
    assert not claims.keys() & {"act", "cnf"}


async def test_two_tokens_differ(anyone, made):
    tokens = [await verified(anyone, await token_for(anyone, made)) for _ in range(2)]
    assert tokens[0]["jti"] != tokens[1]["jti"]


async def test_the_secret_may_be_in_the_form(anyone, made):
    form = {**ASKED, "client_id": made[0], "client_secret": made[1], "something": "else", "scope": ""}
    answer = await anyone.post("/oauth/token", data=form)
    assert answer.status_code == 200


async def test_a_verifying_service_takes_the_token_and_what_it_grants(
    serve, issuer, url, client, anyone, tmp_path
):
    path = tmp_path / "jwks.json"
    path.write_text((await anyone.get("/oauth/jwks")).text)
    trusted = [issuer.trusted, {"issuer": URL, "jwks_file": str(path)}]
    officer = await token_for(anyone, await make(client))
    administrator = await token_for(anyone, await make(client, grants=[{"role": "administrator"}]))
    local = await token_for(
        anyone, await make(client, grants=[{"role": "administrator", "countries": ["KE"]}])
    )
    async with serve(SERVICE, database_url=url, **ONLY_API, issuers=trusted) as other:
        statuses = [
            (await other.get(CLIENTS, headers={"Authorization": f"Bearer {token}"})).status_code
            for token in (administrator, officer, local, administrator[:-4] + "AAAA")
        ]
    assert statuses == [200, 403, 403, 401]


async def test_a_token_for_who_uploaded_a_file_tells_who_acts(anyone, database):
    issuer = Issuer(url=URL, key=KEY, token_seconds=600)
    async with database.session() as session:
        token = await issuer.mint(
            session,
            subject="someone",
            client="importer",
            name="Some One",
            grants=[Grant(role=Role.PARTNER)],
            delegate="importer",
            seconds=60,
        )
        with pytest.raises(ValueError, match="at most"):
            await issuer.mint(session, subject="x", client="x", name="x", grants=[], seconds=3601)
    claims = await verified(anyone, token)
    assert (claims["sub"], claims["client_id"], claims["act"]) == ("someone", "importer", {"sub": "importer"})
    assert claims["exp"] - claims["iat"] == 60


# refusals


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        ({**ASKED, "scope": "read"}, "invalid_scope"),
        ({**ASKED, "client_secret": "x"}, "invalid_request"),
        ({**ASKED, "client_id": "another"}, "invalid_request"),
    ],
)
async def test_a_request_that_is_wrong(anyone, made, form, error):
    assert_refused(await anyone.post("/oauth/token", data=form, auth=made), error)


async def test_a_body_that_is_no_form(anyone, made):
    assert_refused(await anyone.post("/oauth/token", json=ASKED, auth=made), "invalid_request")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await anyone.post("/oauth/token", content=b"\xff=\xff", headers=headers, auth=made)
    assert_refused(answer, "invalid_request")
    answer = await anyone.post("/oauth/token", content=b"a=" + b"x" * 100_000, headers=headers, auth=made)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_credentials_that_do_not_hold_are_refused_alike(anyone, client, made):
    other = await make(client)
    wrong = made[1][:-1] + ("A" if made[1][-1] != "A" else "B")
    unknown = "dcc_" + "0" * 32
    tried = [
        (made[0], wrong),
        (made[0], ""),
        (made[0], "\0"),
        (made[0], other[1]),
        (made[0], new_secret().value),
        (unknown, made[1]),
        ("\0", made[1]),
        ("' OR 1=1 --", made[1]),
    ]
    answers = [await anyone.post("/oauth/token", data=ASKED, auth=credentials) for credentials in tried]
    answers.append(
        await anyone.post("/oauth/token", data={**ASKED, "client_id": unknown, "client_secret": "x"})
    )
    for answer in answers:
        assert_refused(answer, "invalid_client", 401)
    assert len({answer.text for answer in answers}) == 1
    assert_refused(await anyone.post("/oauth/token", data=ASKED), "invalid_client", 401)
    bearer = {"Authorization": "Bearer abc"}
    assert_refused(await anyone.post("/oauth/token", data=ASKED, headers=bearer), "invalid_client", 401)


async def test_whoever_asks_costs_one_hash(database, made):
    verified_hashes = []

    class Noting(type(owasp_hasher())):
        def verify(self, hashed, value):
            verified_hashes.append(hashed)
            return super().verify(hashed, value)

    quick = Noting(time_cost=1, memory_cost=8, parallelism=1)
    hashes = SecretHashes(quick)
    assert (await authenticate(database, hashes, Credentials(*made))).client_id == made[0]
    for credentials in ((made[0], "wrong"), ("dcc_" + "0" * 32, made[1]), ("\0", "\0")):
        with pytest.raises(OAuthRefusal):
            await authenticate(database, hashes, Credentials(*credentials))
    assert len(verified_hashes) == 4
    assert len(set(verified_hashes)) == 2


async def test_secrets_that_are_tried_in_vain_are_bounded(serve):
    async with (
        serve(SERVICE, **{**ONLY_API, "token_rate_limit": 2}) as client,
        httpx.AsyncClient(transport=client._transport, base_url=URL) as anyone,  # noqa: SLF001
    ):
        made = await make(client)
        statuses = [
            (await anyone.post("/oauth/token", data=ASKED, auth=(made[0], "wrong"))).status_code
            for _ in range(3)
        ]
        answer = await anyone.post("/oauth/token", data=ASKED, auth=made)
    assert statuses == [401, 401, 429]
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
    assert int(answer.headers["retry-after"]) > 0


async def test_no_secret_and_no_token_is_logged_stored_or_told_again(anyone, client, url, caplog):
    caplog.set_level(logging.DEBUG)
    made = await make(client)
    answers = [await anyone.post("/oauth/token", data=ASKED, auth=made)]
    token = answers[0].json()["access_token"]
    wrong = new_secret().value
    refused = [
        await anyone.post("/oauth/token", data={**ASKED, "client_id": made[0], "client_secret": wrong}),
        await anyone.post("/oauth/token", data={"client_secret": made[1]}),
        await client.patch(f"{CLIENTS}/{made[0]}", json={"name": made[1], "client_secret": made[1]}),
        await client.get(f"{CLIENTS}/{made[0]}"),
        await client.get(CLIENTS),
    ]
    told = caplog.text + "".join(answer.text for answer in refused)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for table in ("client", "client_secret", "signing_key", "revoked_token"):
            rows = await connection.fetch(f"SELECT t::text AS row FROM {table} AS t")  # noqa: S608
            told += "".join(row["row"] for row in rows)
    finally:
        await connection.close()
    for secret in (made[1], wrong, token, KEY, "PRIVATE"):
        assert secret not in told
    assert "$argon2id$" in told
    assert "$argon2id$" not in "".join(answer.text for answer in refused)


# secrets


async def test_a_secret_tells_when_it_was_last_used(anyone, client, made):
    async def last_used():
        (secret,) = (await client.get(f"{CLIENTS}/{made[0]}")).json()["secrets"]
        return secret["last_used_at"]

    assert await last_used() is None
    await anyone.post("/oauth/token", data=ASKED, auth=(made[0], "wrong"))
    assert await last_used() is None
    before = datetime.now(UTC)
    await token_for(anyone, made)
    assert before <= datetime.fromisoformat(await last_used()) <= datetime.now(UTC)


async def test_secrets_overlap_and_the_older_ones_expire(anyone, client, made):
    answer = await client.post(
        f"{CLIENTS}/{made[0]}/secrets", json={"overlap_seconds": 3600, "valid_days": 30}
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()["client_secret"]
    for secret in (made[1], second):
        await token_for(anyone, (made[0], secret))
    newer, older = (await client.get(f"{CLIENTS}/{made[0]}")).json()["secrets"]
    now = datetime.now(UTC)
    assert timedelta(minutes=59) < datetime.fromisoformat(older["expires_at"]) - now <= timedelta(hours=1)
    assert timedelta(days=29) < datetime.fromisoformat(newer["expires_at"]) - now <= timedelta(days=30)
    third = (await client.post(f"{CLIENTS}/{made[0]}/secrets", json={"overlap_seconds": 0})).json()[
        "client_secret"
    ]
    for secret in (made[1], second):
        answer = await anyone.post("/oauth/token", data=ASKED, auth=(made[0], secret))
        assert_refused(answer, "invalid_client", 401)
    await token_for(anyone, (made[0], third))
    longer = await client.post(f"{CLIENTS}/{made[0]}/secrets", json={"overlap_seconds": 7200})
    assert longer.status_code == 201
    expired = [each["expires_at"] for each in (await client.get(f"{CLIENTS}/{made[0]}")).json()["secrets"]][
        2:
    ]
    assert all(datetime.fromisoformat(each) < datetime.now(UTC) for each in expired)


async def test_one_secret_is_revoked_and_others_go_on(anyone, client, made):
    answer = await client.post(f"{CLIENTS}/{made[0]}/secrets", json={})
    second, row = answer.json()["client_secret"], answer.json()["secret"]
    address = f"{CLIENTS}/{made[0]}/secrets/{row['id']}"
    assert (await client.delete(address)).status_code == 204
    assert_refused(
        await anyone.post("/oauth/token", data=ASKED, auth=(made[0], second)), "invalid_client", 401
    )
    await token_for(anyone, made)
    answer = await anyone.post("/oauth/revoke", data={"token": "any"}, auth=(made[0], second))
    assert_refused(answer, "invalid_client", 401)
    revoked = (await client.get(f"{CLIENTS}/{made[0]}")).json()["secrets"][0]
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(f"{CLIENTS}/{made[0]}")).json()["secrets"][0] == revoked
    other = await make(client)
    assert (await client.delete(f"{CLIENTS}/{other[0]}/secrets/{row['id']}")).status_code == 404


# revocation


async def revocations(anyone):
    answer = await anyone.get("/oauth/revocations")
    assert answer.status_code == 200
    return answer.json()


async def test_a_client_that_is_revoked_gets_nothing_until_it_has_another_secret(anyone, client, made):
    issued = (await verified(anyone, await token_for(anyone, made)))["iat"]
    answer = await client.post(f"{CLIENTS}/{made[0]}/revocations")
    assert answer.status_code == 200
    assert answer.json()["revoked_by"] == answer.json()["secrets"][0]["revoked_by"] == "tests"
    assert_refused(await anyone.post("/oauth/token", data=ASKED, auth=made), "invalid_client", 401)
    before = {each["id"]: each["before"] for each in (await revocations(anyone))["clients"]}[made[0]]
    assert issued < before
    another = (await client.post(f"{CLIENTS}/{made[0]}/secrets", json={})).json()["client_secret"]
    token = await token_for(anyone, (made[0], another))
    assert jwt.decode(token, options={"verify_signature": False})["iat"] >= before


async def test_a_token_that_is_got_just_after_a_revocation_is_not_of_before(anyone, made, database):
    later = next_second(datetime.now(UTC)) + timedelta(seconds=20)
    async with database.session() as session, session.begin():
        (await session.get(Client, made[0])).tokens_void_before = later
    token = await token_for(anyone, made)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iat"] == int(later.timestamp())
    assert claims["exp"] == claims["iat"] + 600


async def asked_meanwhile(anyone, database, made, change):
    """Return the answer to who asks for a token while a change is under way."""
    async with database.session() as session, database.session() as watching:
        await change(session)
        asking = asyncio.create_task(anyone.post("/oauth/token", data=ASKED, auth=made))
        while not asking.done() and not (await watching.exec(WAITING)).one()[0]:
            await asyncio.sleep(0.01)
        assert not asking.done()
        await session.commit()
    return await asking


async def test_no_token_slips_through_while_its_client_is_revoked(anyone, made, database):
    answer = await asked_meanwhile(
        anyone, database, made, lambda session: revoke_client(session, "tests", made[0])
    )
    assert_refused(answer, "invalid_client", 401)


async def test_no_grant_slips_through_while_it_is_taken_away(anyone, made, database):
    less = ClientChange(grants=(Grant.model_validate(GRANTS[0]),))
    answer = await asked_meanwhile(
        anyone, database, made, lambda session: change_client(session, "tests", made[0], less)
    )
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["entitlements"] == GRANTS[:1]


async def test_a_grant_that_is_taken_away_voids_tokens(anyone, client, made):
    async def void():
        return made[0] in {each["id"] for each in (await revocations(anyone))["clients"]}

    wider = [*GRANTS, {"role": "appraiser"}]
    answer = await client.patch(f"{CLIENTS}/{made[0]}", json={"grants": wider, "name": "Nairobi office"})
    assert answer.status_code == 200
    assert answer.json()["name"] == "Nairobi office"
    assert (await client.patch(f"{CLIENTS}/{made[0]}", json={})).json()["grants"] == answer.json()["grants"]
    assert not await void()
    await client.patch(f"{CLIENTS}/{made[0]}", json={"grants": GRANTS[:1]})
    assert await void()
    claims = jwt.decode(await token_for(anyone, made), options={"verify_signature": False})
    assert claims["entitlements"] == GRANTS[:1]
    assert claims["name"] == "Nairobi office"


async def test_a_revocation_is_told_until_the_last_token_has_expired(anyone, client, database):
    recent, past = [await make(client) for _ in range(2)]
    now = datetime.now(UTC).replace(microsecond=0)
    async with database.session() as session, session.begin():
        (await session.get(Client, recent[0])).tokens_void_before = (
            now - PUBLISHED_AFTER + timedelta(minutes=1)
        )
        (await session.get(Client, past[0])).tokens_void_before = now - PUBLISHED_AFTER
    told = {each["id"] for each in (await revocations(anyone))["clients"]}
    assert recent[0] in told
    assert past[0] not in told


async def test_a_client_revokes_its_token(anyone, client, made):
    token = await token_for(anyone, made)
    token_id = jwt.decode(token, options={"verify_signature": False})["jti"]
    other = await make(client)
    answer = await anyone.post("/oauth/revoke", data={"token": token}, auth=other)
    assert_refused(answer, "unauthorized_client")
    assert token_id not in (await revocations(anyone))["tokens"]
    for _ in range(2):
        answer = await anyone.post("/oauth/revoke", data={"token": token, "token_type_hint": "x"}, auth=made)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await revocations(anyone))["tokens"].count(token_id) == 1
    for nothing in ("nothing", token[:-4] + "AAAA", "a.b.c", "\0"):
        assert (await anyone.post("/oauth/revoke", data={"token": nothing}, auth=made)).status_code == 200
    assert_refused(await anyone.post("/oauth/revoke", data={}, auth=made), "invalid_request")
    assert_refused(await anyone.post("/oauth/revoke", data={"token": token}), "invalid_client", 401)


# keys


async def test_a_new_key_signs_and_tokens_of_the_old_one_are_verified_on(anyone, made, database):
    old = await token_for(anyone, made)
    now = datetime.now(UTC)
    async with database.session() as session, session.begin():
        waiting = await rotate(session, Sealer(KEY), now)
    assert waiting.signs_from == now + PUBLISHED_BEFORE
    assert waiting.kid in {key["kid"] for key in (await anyone.get("/oauth/jwks")).json()["keys"]}
    assert jwt.get_unverified_header(await token_for(anyone, made))["kid"] != waiting.kid
    async with database.session() as session, session.begin():
        for key in await list_keys(session, now):  # the time has come
            key.signs_from -= PUBLISHED_BEFORE
            key.signs_until = key.signs_until and key.signs_until - PUBLISHED_BEFORE
    new = await token_for(anyone, made)
    assert jwt.get_unverified_header(new)["kid"] == waiting.kid
    for token in (old, new):
        await verified(anyone, token)
    for key in (await anyone.get("/oauth/jwks")).json()["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}


async def test_a_key_in_wrong_hands_is_replaced_at_once(anyone, made, database):
    old = await token_for(anyone, made)
    async with database.session() as session, session.begin():
        new = await rotate(session, Sealer(KEY), datetime.now(UTC), at_once=True)
    assert [key["kid"] for key in (await anyone.get("/oauth/jwks")).json()["keys"]] == [new.kid]
    assert jwt.get_unverified_header(await token_for(anyone, made))["kid"] == new.kid
    with pytest.raises(KeyError):
        await verified(anyone, old)
    async with database.session() as session:
        statement = "SELECT count(*) FROM signing_key WHERE kid != :kid AND sealed != ''"
        connection = await session.connection()
        left = await connection.exec_driver_sql(statement.replace(":kid", f"'{new.kid}'"))
        assert left.scalar() == 0


async def test_processes_that_start_at_once_make_one_key(database_url):
    database = Database(database_url)
    await upgrade(database, SERVICE.migrations)

    async def first_key():
        async with database.session() as session, session.begin():
            return (await require_key(session, Sealer(KEY), datetime.now(UTC))).kid

    assert len(set(await asyncio.gather(*(first_key() for _ in range(4))))) == 1
    with pytest.raises(Unsealable):
        await Issuer(url=URL, key="another key, which sealed nothing", token_seconds=60).prepare(database)
    await database.dispose()


# tokens that are bound to a key (DPoP)


def proof(key, **claims):
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    told = {"htm": "POST", "htu": f"{URL}/oauth/token", "iat": int(time.time()), "jti": uuid4().hex, **claims}
    return jwt.encode(told, key, "ES256", headers={"typ": "dpop+jwt", "jwk": public})


async def test_a_token_is_bound_to_the_key_that_was_proven(anyone, client):
    made = await make(client, dpop_bound=True)
    key = ec.generate_private_key(ec.SECP256R1())
    good = proof(key)
    answer = await anyone.post("/oauth/token", data=ASKED, auth=made, headers={"DPoP": good})
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"  # noqa: S105
    assert len((await verified(anyone, answer.json()["access_token"]))["cnf"]["jkt"]) == 43
    for told in (
        {"DPoP": good},
        {"DPoP": proof(key, htm="GET")},
        {"DPoP": proof(key, htu=f"{URL}/other")},
        {},
    ):
        answer = await anyone.post("/oauth/token", data=ASKED, auth=made, headers=told)
        assert_refused(answer, "invalid_dpop_proof")
    twice = [("DPoP", proof(key)), ("DPoP", proof(key))]
    assert_refused(
        await anyone.post("/oauth/token", data=ASKED, auth=made, headers=twice), "invalid_dpop_proof"
    )


async def test_any_client_may_bind_its_tokens(anyone, made):
    key = ec.generate_private_key(ec.SECP256R1())
    claims = await verified(anyone, await token_for(anyone, made, DPoP=proof(key)))
    assert set(claims["cnf"]) == {"jkt"}


# what describes the issuer


async def test_the_issuer_describes_itself(anyone):
    answer = await anyone.get("/.well-known/oauth-authorization-server")
    told = answer.json()
    assert told["issuer"] == URL
    for name in ("token_endpoint", "revocation_endpoint", "jwks_uri"):
        path = told[name].removeprefix(URL)
        assert (await anyone.request("GET" if name == "jwks_uri" else "POST", path)).status_code in (200, 400)
    assert told["grant_types_supported"] == ["client_credentials"]
    assert "ES256" in told["dpop_signing_alg_values_supported"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/oauth/jwks"),
        ("GET", "/oauth/revocations"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/revoke"),
        ("GET", CLIENTS),
        ("GET", f"{CLIENTS}/x"),
    ],
)
async def test_without_a_key_there_is_no_issuer(without_issuer, method, path):
    answer = await without_issuer.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.fixture(scope="module")
async def without_issuer(serve):
    async with serve(SERVICE, roles=frozenset({"api"})) as client:
        yield client


# clients


async def test_clients_are_listed_the_newest_first(client):
    ids = [(await make(client))[0] for _ in range(3)]
    first = (await client.get(CLIENTS, params={"limit": 2})).json()
    assert [each["id"] for each in first["items"]] == [ids[2], ids[1]]
    second = (await client.get(CLIENTS, params={"limit": 1, "cursor": first["next"]})).json()
    assert [each["id"] for each in second["items"]] == [ids[0]]
    assert second["items"][0] == (await client.get(f"{CLIENTS}/{ids[0]}")).json()
    everything, cursor = [], None
    while True:
        page = (
            await client.get(CLIENTS, params={"limit": 5, **({"cursor": cursor} if cursor else {})})
        ).json()
        everything += [each["id"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert everything == sorted(set(everything), reverse=True)
    assert set(ids) <= set(everything)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"grants": GRANTS}, "/name", "missing"),
        ({"name": "x", "grants": [{"role": "public"}]}, "/grants", "public-granted"),
        ({"name": "x", "grants": [{"role": "partner", "projects": ["\0"]}]}, "/grants", "nul-character"),
        (
            {"name": "x", "grants": [{"role": "partner", "projects": ["x" * 500] * 1}] * 100},
            "/grants",
            "grants-too-large",
        ),
        ({"name": "x", "grants": GRANTS, "secret": "mine"}, "/secret", "extra-forbidden"),
        ({"name": "a\nb", "grants": GRANTS}, "/name", "string-pattern-mismatch"),
    ],
)
async def test_a_client_that_is_not_made(client, body, pointer, code):
    answer = await client.post(CLIENTS, json=body)
    assert answer.status_code == 422
    assert (pointer, code) in {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


@pytest.mark.parametrize("client_id", ["dcc_" + "0" * 32, "x", "%F0%9F%92%A5"])
async def test_a_client_that_is_not_there(client, client_id):
    address = f"{CLIENTS}/{client_id}"
    answers = [
        await client.get(address),
        await client.patch(address, json={}),
        await client.post(f"{address}/secrets", json={}),
        await client.delete(f"{address}/secrets/x"),
        await client.post(f"{address}/revocations"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not-found")}
    assert (await client.get(f"{CLIENTS}/%00")).status_code == 400


async def test_clients_are_for_administrators_of_everything(client, issuer):
    made = await make(client)
    for grants, status in (
        ([Grant(role=Role.ADMINISTRATOR)], 200),
        ([Grant(role=Role.ADMINISTRATOR, countries=frozenset({"KE"}))], 403),
        ([Grant(role=role) for role in Role if role not in (Role.ADMINISTRATOR, Role.PUBLIC)], 403),
    ):
        answer = await client.get(f"{CLIENTS}/{made[0]}", headers=issuer.bearer(*grants))
        assert answer.status_code == status


# commands


async def command(url, *arguments):
    told = {"DEVCOOP_GATEWAY_DATABASE_URL": url, "DEVCOOP_ISSUER_KEY": KEY}
    return await asyncio.to_thread(run_command, "deploy", ("ops", *arguments), told, seconds=60)


async def test_the_commands_make_a_client_turn_the_key_and_revoke(anyone, url):
    grant = '{"role": "administrator"}'
    status, output, errors = await command(url, "client", "create", "Development", "--grant", grant)
    assert (status, errors) == (0, "")
    told = json.loads(output)
    made = told["client_id"], told["client_secret"]
    claims = await verified(anyone, await token_for(anyone, made))
    assert claims["entitlements"] == [{"role": "administrator"}]
    status, output, _ = await command(url, "rotate", "signing-key", "--at-once")
    (kid,) = [key["kid"] for key in (await anyone.get("/oauth/jwks")).json()["keys"]]
    assert output.startswith(f"Key {kid} signs from ")
    assert (await command(url, "client", "revoke", made[0]))[0] == 0
    assert_refused(await anyone.post("/oauth/token", data=ASKED, auth=made), "invalid_client", 401)


async def test_a_command_works_on_an_empty_database_and_refuses_what_is_wrong(database_url):
    create = ("client", "create", "First", "--grant")
    status, output, _ = await command(database_url, *create, '{"role": "partner"}')
    assert status == 0
    assert json.loads(output).keys() == {"client_id", "client_secret"}
    for arguments in ((*create, '{"role": "public"}'), ("client", "revoke", "x")):
        status, output, errors = await command(database_url, *arguments)
        assert (status, output) == (1, "")
        assert "Traceback" not in errors
        assert "settings" not in errors
