"""A provider of identities as the services know one: an address with keys; and tokens that it signs."""

import asyncio
import base64
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.chassis.http import Client
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.keys import KeySet
from shared.chassis.identity.tokens import TokenVerifier

NOW = 1_790_000_000
ISSUER = "https://login.example.org"
CLAIMS = {
    "iss": ISSUER,
    "sub": "amina",
    "client_id": "field-app",
    "aud": "devcoop",
    "exp": NOW + 600,
    "iat": NOW - 10,
    "jti": "token-1",
    "name": "Amina Otieno",
    "entitlements": [{"role": "field-officer", "countries": ["KE"]}],
}
_READERS = {"R": RSAAlgorithm, "P": RSAAlgorithm, "E": ECAlgorithm}


class Signer:
    """A private key with its name, and what it signs."""

    def __init__(self, kid, algorithm="RS256", *, bits=2048):
        self.kid, self.algorithm = kid, algorithm
        if algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        elif algorithm.startswith("ES"):
            curve = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}[algorithm]
            self.private = ec.generate_private_key(curve)
        else:
            self.private = rsa.generate_private_key(65537, bits)
        self.public = self.private.public_key()

    def jwk(self, **members):
        reader = OKPAlgorithm if self.algorithm == "EdDSA" else _READERS[self.algorithm[0]]
        return {**json.loads(reader.to_jwk(self.public)), "key_ops": ["verify"]} | {"kid": self.kid} | members

    def sign(self, header, claims, algorithm=None):
        """Return a token of just these, signed as it is told and not as its header says."""
        signed = f"{encoded(header)}.{encoded(claims)}"
        signature = jwt.get_algorithm_by_name(algorithm or self.algorithm).sign(signed.encode(), self.private)
        return f"{signed}.{encoded(signature)}"

    def token(self, *, headers=None, **changed):
        """Return a token; what is changed to None is left out."""
        header = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid, **(headers or {})}
        return self.sign(stated(header), stated({**CLAIMS, **changed}))


def stated(members):
    return {name: value for name, value in members.items() if value is not None}


def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """A real HTTP server on loopback: it answers what it is told, counts, and can go away and come back."""

    def __init__(self):
        self.documents = {}
        self.status, self.headers = "200 OK", {}
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0
        self._server = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def publish(self, *signers):
        self.documents["/jwks"] = json.dumps({"keys": [signer.jwk() for signer in signers]})

    async def start(self):
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        target = (await reader.readline()).split()[1].decode()
        while (await reader.readline()).strip():
            pass
        self.asked.append(target)
        await self.gate.wait()
        body = self.documents.get(target, "").encode()
        headers = {"Content-Length": len(body), "Connection": "close", **self.headers}
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {self.status}\r\n{told}\r\n".encode() + body)
        writer.close()


class Memory:
    """A store that is a dictionary."""

    def __init__(self):
        self.kept = {}

    async def load(self, source):
        return self.kept.get(source)

    async def save(self, source, document):
        self.kept[source] = document


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = NOW

    def __call__(self):
        return self.now


@dataclass
class Office:
    """A service's side of it: verifiers of tokens on one clock and one store."""

    provider: Provider
    client: Client
    clock: Clock = field(default_factory=Clock)
    store: Memory = field(default_factory=Memory)

    def keyset(self, **settings):
        told = {"issuer": ISSUER, **settings}
        if "jwks_file" not in told:
            told.setdefault("jwks_url", f"{self.provider.address}/jwks")
        return KeySet(TrustedIssuer(**told), self.store, self.client, clock=self.clock)

    def verifier(self, **settings):
        return TokenVerifier([self.keyset(**settings)], clock=self.clock)


@pytest.fixture(scope="session")
def signer():
    return Signer("first")


@pytest.fixture(scope="session")
def other():
    return Signer("second")


@pytest.fixture(scope="session")
def curve():
    return Signer("curve", "ES256")


@pytest.fixture(scope="session")
def make_signer():
    return Signer


@pytest.fixture
async def office(signer):
    """Return a service that trusts a provider with one key."""
    provider = Provider()
    provider.publish(signer)
    await provider.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(provider.stop)
        yield Office(provider, await stack.enter_async_context(Client("")))
