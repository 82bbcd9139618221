"""Proofs of possession: good for one request, of who holds the key, once."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.identity.jwk import thumbprint
from shared.chassis.identity.proofs import check_proof
from shared.chassis.identity.refusals import InvalidProof, InvalidToken

NOW = datetime.fromtimestamp(1_790_000_000, UTC)
URL = "https://devcoop.example.org/v1/activities/XM-1%2F2"
TOKEN = "a.b.c"  # noqa: S105


class Seen:
    """Remembers proofs in a dictionary."""

    def __init__(self):
        self.noted = {}

    async def note(self, jti_hash, until):
        is_new = jti_hash not in self.noted
        self.noted.setdefault(jti_hash, until)
        return is_new


def hashed(token):
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def proof_of(signer, *, headers=None, **changed):
    public = {name: value for name, value in signer.jwk().items() if name not in ("kid", "key_ops")}
    header = {"alg": signer.algorithm, "typ": "dpop+jwt", "jwk": public, **(headers or {})}
    claims = {
        "jti": "proof-1",
        "htm": "GET",
        "htu": URL,
        "iat": NOW.timestamp(),
        "ath": hashed(TOKEN),
        **changed,
    }
    return signer.sign(header, {name: value for name, value in claims.items() if value is not None})


async def check(proof, signer, seen=None, **changed):
    told = {
        "method": "GET",
        "url": URL,
        "token": TOKEN,
        "thumbprint": thumbprint(signer.jwk()),
        "seen": Seen() if seen is None else seen,
        "now": NOW,
        **changed,
    }
    return await check_proof(proof, **told)


async def refusal(proof, signer, seen=None, **changed):
    with pytest.raises(InvalidProof) as caught:
        await check(proof, signer, seen, **changed)
    return caught.value.code


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA", "PS256", "ES384"])
async def test_a_proof_of_each_kind_of_key_is_taken(make_signer, algorithm):
    signer = make_signer("its", algorithm)
    assert await check(proof_of(signer), signer) == thumbprint(signer.jwk())


async def test_a_proof_is_good_once(curve):
    seen = Seen()
    await check(proof_of(curve), curve, seen)
    assert await refusal(proof_of(curve), curve, seen) == "proof-replayed"
    assert await refusal(proof_of(curve, htm="PUT"), curve, seen, method="PUT") == "proof-replayed"
    await check(proof_of(curve, jti="proof-2"), curve, seen)
    assert set(seen.noted.values()) == {NOW + timedelta(seconds=120)}


async def test_the_ids_of_one_key_are_not_those_of_another(curve, make_signer):
    seen, other = Seen(), make_signer("other", "ES256")
    await check(proof_of(curve), curve, seen)
    await check(proof_of(other), other, seen)


async def test_a_proof_that_is_refused_is_not_noted(curve):
    seen = Seen()
    await refusal(proof_of(curve, htm="PUT"), curve, seen)
    assert seen.noted == {}


async def test_a_token_is_asked_for_with_a_proof_of_any_key(curve):
    proof = proof_of(curve, ath=None, htm="POST")
    found = await check(proof, curve, method="POST", token=None, thumbprint=None)
    assert found == thumbprint(curve.jwk())


@pytest.mark.parametrize(
    "claims",
    [
        *[{name: None} for name in ("jti", "htm", "htu", "iat", "ath")],
        *[{name: 5} for name in ("jti", "htm", "htu", "ath")],
        {"jti": ""},
        {"jti": "j" * 256},
        {"htm": "get"},
        {"htm": "POST"},
        {"htu": "https://devcoop.example.org/v1/activities/XM-1/2"},
        {"htu": "https://devcoop.example.org/v1/activities"},
        {"htu": "http://devcoop.example.org/v1/activities/XM-1%2F2"},
        {"htu": "https://devcoop.example.com/v1/activities/XM-1%2F2"},
        {"htu": "https://devcoop.example.org:8443/v1/activities/XM-1%2F2"},
        {"htu": "https://amina@devcoop.example.org/v1/activities/XM-1%2F2"},
        {"htu": "https://devcoop.example.org:port/v1/activities/XM-1%2F2"},
        {"htu": "https://[devcoop"},
        {"htu": "/v1/activities/XM-1%2F2"},
        {"htu": ""},
        {"iat": NOW.timestamp() - 61},
        {"iat": NOW.timestamp() + 61},
        *[{"iat": value} for value in (str(NOW.timestamp()), True, -1, 10**4000, [])],
        {"ath": hashed("another")},
        {"ath": "é"},
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_proof_for_something_else_is_refused(curve, claims):
    assert await refusal(proof_of(curve, **claims), curve) == "proof-invalid"


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": NOW.timestamp() - 60},
        {"iat": NOW.timestamp() + 60},
        {"iat": NOW.timestamp() + 0.25},
        {"htu": URL + "?page=2#part"},
        {"htu": "HTTPS://DevCoop.Example.org:443/v1/activities/XM-1%2f2"},
        {"htu": "https://devcoop.example.org/v1/%61ctivities/XM%2D1%2F2"},
    ],
    ids=str,
)
async def test_addresses_and_times_that_mean_the_same_are_taken(curve, claims):
    assert await check(proof_of(curve, **claims), curve)


async def test_the_root_of_an_address_has_two_spellings(curve):
    proof = proof_of(curve, htu="http://127.0.0.1:8000")
    assert await check(proof, curve, url="http://127.0.0.1:8000/?a=b")


@pytest.mark.parametrize(
    "headers",
    [
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"typ": None},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": None},
        {"jwk": None},
        {"jwk": "key"},
        {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
        {"jwk": {"kty": "EC", "crv": "P-256"}},
        {"crit": ["exp"]},
        {"b64": False},
    ],
    ids=str,
)
async def test_a_proof_with_a_wrong_header_is_refused(curve, headers):
    assert await refusal(proof_of(curve, headers=headers), curve) == "proof-invalid"


async def test_a_private_key_in_a_proof_is_refused(curve):
    proof = proof_of(curve, headers={"jwk": curve.jwk(d="AQAB")})
    assert await refusal(proof, curve) == "proof-invalid"


async def test_a_proof_of_another_key_is_refused(curve, make_signer):
    stranger = make_signer("stranger", "ES256")
    assert await refusal(proof_of(stranger), curve) == "proof-invalid"
    forged = proof_of(stranger, headers={"jwk": curve.jwk()})
    assert await refusal(forged, curve) == "proof-invalid"


async def test_a_large_proof_is_refused(curve):
    assert await refusal(proof_of(curve, padding="p" * 8192), curve) == "proof-invalid"


@given(text=st.text() | st.from_regex(r"\A[\w=.-]*\.[\w=.-]*\.[\w=.-]*\Z"))
async def test_garbage_is_refused(curve, text):
    assert await refusal(text, curve) == "proof-invalid"


def test_a_refused_proof_is_a_refused_token():
    assert issubclass(InvalidProof, InvalidToken)
