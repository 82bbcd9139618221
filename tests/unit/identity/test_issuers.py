"""Which keys are taken, and what may be said of an issuer."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import ValidationError

from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.jwk import UnusableKey, read_key, read_keys, thumbprint
from shared.policy.grants import Role

RFC_7638 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
URL = "https://login.example.org/jwks"
LEAST = {"issuer": "https://login.example.org", "jwks_url": URL}


def test_a_thumbprint_is_that_of_the_standard():
    assert thumbprint(RFC_7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert read_key(RFC_7638).thumbprint == thumbprint(RFC_7638)


@pytest.mark.parametrize(
    ("algorithm", "fitting"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("EdDSA", {"EdDSA"}),
    ],
)
def test_what_fits_a_key_follows_from_its_type(make_signer, algorithm, fitting):
    key = read_key(make_signer("its", algorithm).jwk())
    assert (key.id, key.algorithms) == ("its", fitting)


def test_a_key_that_names_an_algorithm_is_good_for_that_alone(signer):
    key = read_key(signer.jwk(alg="PS384"))
    assert key.algorithms == {"PS384"}
    signature = signer.private.sign(b"signed", PKCS1v15(), SHA256())
    assert not key.verifies("RS256", b"signed", signature)
    assert read_key(signer.jwk()).verifies("RS256", b"signed", signature)


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": 5},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"alg": "ES256"},
        {"alg": "HS256"},
        {"alg": "RSA-OAEP"},
        {"alg": ["RS256"]},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "oct"},
        {"kty": None},
        {"kty": ["RSA"]},
        {"kid": 5},
        {"d": "AQAB"},
        {"n": None},
        {"n": ""},
        {"n": 5},
        {"n": "a+b/"},
        {"n": "AQAB"},
        {"n": "A" * 3000},
        {"e": "AA"},
        {"e": "Ag"},
    ],
    ids=str,
)
def test_a_key_that_is_not_for_our_signatures_is_passed_over(signer, members):
    jwk = signer.jwk(**members)
    with pytest.raises(UnusableKey):
        read_key(jwk)
    (kept,) = read_keys(json.dumps({"keys": [jwk, 5, None, [], {}, signer.jwk()]}))
    assert kept.id == signer.kid


def test_a_weak_key_is_passed_over(make_signer):
    assert read_keys(json.dumps({"keys": [make_signer("weak", bits=1024).jwk()]})) == ()
    assert read_keys(json.dumps({"keys": [make_signer("weak", bits=2040).jwk()]})) == ()


@pytest.mark.parametrize(
    "members", [{"crv": "secp256k1"}, {"crv": "P-384"}, {"crv": None}, {"x": "AAAA"}, {"y": None}], ids=str
)
def test_a_point_that_is_not_on_its_curve_is_no_key(curve, members):
    with pytest.raises(UnusableKey):
        read_key(curve.jwk(**members))


def test_an_issuer_has_what_is_usual_unless_told_otherwise():
    issuer = TrustedIssuer.model_validate_json(json.dumps(LEAST))
    assert (issuer.audience, issuer.algorithms) == ("devcoop", ("RS256", "ES256", "EdDSA"))
    assert (issuer.grants, issuer.may_delegate, issuer.revocations_url) == ({}, False, None)


def test_groups_are_given_grants_in_the_setting():
    told = {**LEAST, "grants": {"ke": [{"role": "field-officer", "countries": ["KE"]}]}}
    (grant,) = TrustedIssuer.model_validate_json(json.dumps(told)).grants["ke"]
    assert (grant.role, grant.countries) == (Role.FIELD_OFFICER, {"KE"})


@pytest.mark.parametrize(
    "changed",
    [
        {"jwks_url": None},
        {"jwks_file": "keys.json"},
        {"jwks_url": "file:///etc/keys"},
        {"jwks_url": "login.example.org"},
        {"revocations_url": "no address"},
        {"issuer": ""},
        {"issuer": "https://login.example.org#a"},
        {"issuer": "https://login.example.org "},
        {"audience": ""},
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["RS256", "HS256"]},
        {"grants": {"all": [{"role": "public"}]}},
        {"grants": {"all": ["partner"]}},
        {"jwks_uri": URL},
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused(changed):
    with pytest.raises(ValidationError):
        TrustedIssuer.model_validate({**LEAST, **changed})
