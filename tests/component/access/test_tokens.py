"""Tokens at every service, on a route for everybody and on one that is not, and through the gateway to the owners."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.main import SERVICE as GATEWAY
from gateway.passthrough import OWNER_OF_PATH
from shared.policy.grants import Grant, Role
from shared.testing.fixtures import Serve
from shared.testing.identity import TestIssuer, everywhere
from tests.component.access.contracts import OWNERS

Headers = Mapping[str, str]

ROUTES = {
    "projects": ("/v1/activities", "/v1/proposals"),
    "funding": ("/v1/finances", "/v1/agreements"),
    "monitoring": ("/v1/reports", "/v1/period-locks"),
    "gateway": ("/v1/results/projects", "/v1/imports"),
}
"""Of each service a route where everybody sees what was published, and one that takes a token."""
ALL = everywhere(role for role in Role if role is not Role.PUBLIC)
ASKERS: Mapping[str, tuple[Grant, ...] | None] = {
    "nobody": None,
    "who may do everything": ALL,
    "an officer": (Grant(role=Role.FIELD_OFFICER, countries={"KE"}),),
}


@pytest.fixture(scope="module")
async def served(serve: Serve) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Serve the owners, each at an address of its own too, and the gateway in front of them; clients have no token."""
    async with AsyncExitStack() as stack:
        clients, addresses = {}, {}
        for service in OWNERS:
            clients[service.name] = await stack.enter_async_context(serve(service))
            address = await stack.enter_async_context(listening(clients[service.name]))
            addresses[f"{service.name}_url"] = address
        settings = {"roles": ["api", "projector"], "issuer_key": "k" * 32, **addresses}
        clients["gateway"] = await stack.enter_async_context(serve(GATEWAY, **settings))
        await ready(clients["gateway"])
        for client in clients.values():
            del client.headers["Authorization"]
        yield clients


@asynccontextmanager
async def listening(client: httpx.AsyncClient) -> AsyncIterator[str]:
    """Let the application of a client listen, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = client._transport.app  # noqa: SLF001  (the one that has the state of its lifespan)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (await client.get("/v1/results/projects")).status_code != httpx.codes.OK:
            await asyncio.sleep(0.05)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_with_nothing(token: str) -> str:
    claims = token.split(".")[1]
    return f"{encoded(json.dumps({'alg': 'none', 'typ': 'at+jwt'}).encode())}.{claims}."


def signed_with_the_public_key(token: str, issuer: TestIssuer) -> str:
    (key,) = json.loads(Path(issuer.trusted["jwks_file"]).read_text())["keys"]
    public = jwt.PyJWK(key).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": key["kid"]}).encode()
    signed = f"{encoded(header)}.{token.split('.')[1]}"
    return f"{signed}.{encoded(hmac.digest(public, signed.encode(), hashlib.sha256))}"


@pytest.fixture
def wrong(issuer: TestIssuer, tmp_path: Path) -> dict[str, tuple[str, str]]:
    """Return tokens that do not hold by what is wrong with them, each with the code that tells it."""
    good = issuer.token(ALL)
    return {
        "expired": (issuer.token(ALL, seconds=-120), "token-expired"),
        "for another": (issuer.token(ALL, aud="elsewhere"), "token-wrong-audience"),
        "of another issuer": (issuer.token(ALL, iss="https://elsewhere.test"), "token-unknown-issuer"),
        "unsigned": (signed_with_nothing(good), "token-wrong-algorithm"),
        "signed with the public key": (signed_with_the_public_key(good, issuer), "token-wrong-algorithm"),
        "signed with an unknown key": (TestIssuer(tmp_path).token(ALL), "token-unknown-key"),
        "changed": (f"{good[:-6]}AAAAAA", "token-bad-signature"),
        "with the role of everybody": (issuer.token([Grant(role=Role.PUBLIC)]), "token-claims"),
        "bound to a key": (issuer.token(ALL, cnf={"jkt": "k" * 43}), "proof-missing"),
        "garbage": ("not.a.token", "token-malformed"),
    }


@pytest.mark.parametrize("service", ROUTES)
async def test_a_token_that_does_not_hold_is_refused_on_every_route(served, wrong, service):
    for path in ROUTES[service]:
        for name, (token, code) in wrong.items():
            answer = await served[service].get(path, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["code"]) == (401, code), (path, name)
            assert f'error_description="{code}"' in answer.headers["WWW-Authenticate"]
            assert token not in answer.text


@pytest.mark.parametrize("service", ROUTES)
async def test_without_a_token_only_what_was_published_is_answered(served, issuer, service):
    client, (public, protected) = served[service], ROUTES[service]
    assert (await client.get(public)).status_code == 200
    refused = await client.get(protected)
    assert (refused.status_code, refused.json()["code"]) == (401, "token-missing")
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="devcoop"')
    assert "error=" not in refused.headers["WWW-Authenticate"]
    for path in (public, protected):
        assert (await client.get(path, headers=issuer.bearer())).status_code == 200


@pytest.mark.parametrize("service", ROUTES)
async def test_credentials_are_one_bearer_token_and_nothing_else(served, issuer, service):
    token = issuer.token(ALL)
    given = ["", "Bearer", "Bearer ", f"Basic {token}", token, f"DPoP {token}", f"Bearer {token} {token}"]
    for value in given:
        for path in ROUTES[service]:
            answer = await served[service].get(path, headers={"Authorization": value})
            assert answer.status_code == 401, value
            assert answer.json()["code"] == "token-malformed", value
    twice = [("Authorization", f"Bearer {token}")] * 2
    assert (await served[service].get(ROUTES[service][0], headers=twice)).status_code == 401
    query = await served[service].get(ROUTES[service][1], params={"access_token": token})
    assert query.json()["code"] == "token-missing"


@pytest.mark.parametrize("segment", OWNER_OF_PATH)
async def test_the_owner_decides_about_what_is_passed_on(served, issuer, segment):
    """The gateway's answer is the owner's: on reads, and on writes that are refused before their body is read."""
    owner, gateway = served[OWNER_OF_PATH[segment]], served["gateway"]
    for name, grants in ASKERS.items():
        headers = {} if grants is None else issuer.bearer(*grants)
        for method in ("GET", "POST"):
            path = f"/v1/{segment}"
            content = b"{" if method == "POST" else None
            sent = {**headers, "Content-Type": "application/json"} if content else headers
            direct, passed = [
                await each.request(method, path, headers=sent, content=content) for each in (owner, gateway)
            ]
            assert passed.status_code == direct.status_code, (name, method, path)
            if not (segment.endswith("-audit") and passed.is_success):  # it tells of what was asked meanwhile
                assert passed.json() == direct.json(), (name, method, path)
            assert passed.headers.get("WWW-Authenticate") == direct.headers.get("WWW-Authenticate")


async def test_a_token_that_does_not_hold_comes_no_further_than_the_gateway(served, wrong):
    """The gateway answers by itself, so that an owner is not asked by whoever sends garbage."""
    for name, (token, code) in wrong.items():
        answer = await served["gateway"].get("/v1/activities", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, code), name
