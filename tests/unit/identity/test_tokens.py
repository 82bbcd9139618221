"""Tokens: what a good one makes, and that everything else is refused, under its code."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chassis.identity import tokens
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.keys import KeySet
from shared.chassis.identity.tokens import InvalidToken, TokenVerifier
from shared.policy.grants import Grant, Role
from shared.policy.principals import Principal

NOW = 1_790_000_000
ISSUER = "https://login.example.org"
DAY = 24 * 60 * 60


def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(segment):
    return json.loads(base64.urlsafe_b64decode(segment + "=="))


async def refusal(verifier, token):
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    return caught.value.code


@pytest.fixture
def verifier(office):
    return office.verifier()


async def test_a_good_token_makes_a_principal(verifier, signer):
    assert await verifier.verify(signer.token()) == Principal(
        issuer=ISSUER,
        subject="amina",
        client="field-app",
        name="Amina Otieno",
        grants=(Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"})),),
        token_id="token-1",  # noqa: S106
        expires_at=NOW + 600,
    )


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "ES384", "EdDSA"])
async def test_each_algorithm_that_an_issuer_has_is_verified(office, make_signer, algorithm):
    signer = make_signer("its", algorithm)
    office.provider.publish(signer)
    verifier = office.verifier(algorithms=[algorithm])
    assert (await verifier.verify(signer.token())).subject == "amina"
    token = signer.token()
    wrong = token[:-20] + ("A" * 20)
    assert await refusal(verifier, wrong) in {"token-bad-signature", "token-malformed"}


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
async def test_the_type_is_that_of_an_access_token(verifier, signer, kind):
    assert await verifier.verify(signer.token(headers={"typ": kind}))


@pytest.mark.parametrize("kind", ["JWT", "", "jwt", "id+jwt", "dpop+jwt", "text/at+jwt", 5, ["at+jwt"]])
async def test_an_identity_token_is_no_access_token(verifier, signer, kind):
    assert await refusal(verifier, signer.token(headers={"typ": kind})) == "token-claims"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": NOW - 30}, "token-expired"),
        ({"exp": 0, "iat": 0}, "token-expired"),
        ({"nbf": NOW + 31}, "token-not-yet-valid"),
        ({"iat": NOW + 31}, "token-not-yet-valid"),
        ({"aud": "another-office"}, "token-wrong-audience"),
        ({"aud": ["another-office", "devcoop-2"]}, "token-wrong-audience"),
        ({"aud": []}, "token-wrong-audience"),
        ({"iss": "https://login.example.com"}, "token-unknown-issuer"),
        ({"iss": ISSUER + "/"}, "token-unknown-issuer"),
        ({"iss": None}, "token-unknown-issuer"),
        ({"iss": [ISSUER]}, "token-unknown-issuer"),
        ({"exp": NOW + DAY + 1, "iat": NOW}, "token-claims"),
        *[({name: None}, "token-claims") for name in ("aud", "exp", "iat", "sub", "client_id", "jti")],
        *[({name: 5}, "token-claims") for name in ("aud", "sub", "client_id", "jti", "name", "cnf", "act")],
        *[({name: ""}, "token-claims") for name in ("sub", "client_id", "jti")],
        *[({"sub": value}, "token-claims") for value in ("a\nb", "a\x00", "a" * 256, "a\u202eb", ["a"])],
        *[({"exp": value}, "token-claims") for value in (str(NOW + 9), True, [NOW], -1, 10**400, 2**60)],
        *[({"iat": value}, "token-claims") for value in (str(NOW), True, 10**4000)],
        ({"act": {"sub": "importer"}}, "token-claims"),
        ({"cnf": {"x5t#S256": "a" * 43}}, "token-claims"),
        ({"cnf": {"jkt": "a" * 43, "x5t#S256": "a" * 43}}, "token-claims"),
        ({"cnf": {"jkt": "short"}}, "token-claims"),
        ({"cnf": {}}, "token-claims"),
        ({"roles": 5}, "token-claims"),
        ({"groups": [5]}, "token-claims"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_wrong_claims_are_refused(verifier, signer, claims, code):
    assert await refusal(verifier, signer.token(**claims)) == code


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 29},
        {"nbf": NOW + 29, "iat": NOW + 29},
        {"aud": ["another-office", "devcoop"]},
        {"exp": NOW + DAY, "iat": NOW},
        {"exp": NOW + 0.5},
        {"scope": "whatever", "email": "amina@example.org"},
    ],
    ids=str,
)
async def test_claims_at_the_bounds_are_taken(verifier, signer, claims):
    assert await verifier.verify(signer.token(**claims))


@pytest.mark.parametrize(
    "entitlements",
    [
        [{"role": "public"}],
        [{"role": "emperor"}],
        [{"role": "partner", "country": ["KE"]}],
        [{"role": "partner", "countries": "KE"}],
        [{"role": "partner", "countries": ["KE", 5]}],
        [{"role": "partner", "countries": [""]}],
        [{"role": "partner", "countries": ["K\x00"]}],
        [{"countries": ["KE"]}],
        ["administrator"],
        {"role": "partner"},
        "administrator",
        5,
    ],
    ids=str,
)
async def test_bad_entitlements_are_refused(verifier, signer, entitlements):
    assert await refusal(verifier, signer.token(entitlements=entitlements)) == "token-claims"


async def test_a_grant_in_no_country_holds_nowhere(verifier, signer):
    token = signer.token(entitlements=[{"role": "partner", "countries": []}])
    (grant,) = (await verifier.verify(token)).grants
    assert grant.countries == frozenset()


async def test_grants_are_read_as_a_claim_writes_them(verifier, signer):
    grants = (
        Grant(role=Role.ADMINISTRATOR),
        Grant(role=Role.PARTNER, organisations=frozenset({"XM-1", "XM-2"}), projects=frozenset({"XM-1-P"})),
    )
    token = signer.token(entitlements=[grant.as_claim() for grant in grants])
    assert (await verifier.verify(token)).grants == grants


async def test_groups_and_roles_give_what_the_setting_says(office, signer):
    kenya = {"role": "field-officer", "countries": ["KE"]}
    verifier = office.verifier(
        grants={"ke-staff": [kenya], "hq": [{"role": "finance"}, {"role": "evaluator"}]}
    )
    token = signer.token(entitlements=None, groups=["ke-staff", "football"], roles="hq")
    grants = (await verifier.verify(token)).grants
    assert {grant.role for grant in grants} == {Role.FIELD_OFFICER, Role.FINANCE, Role.EVALUATOR}
    assert len((await verifier.verify(signer.token(groups=["ke-staff"]))).grants) == 1
    assert (await verifier.verify(signer.token(entitlements=None, groups=["football"]))).grants == ()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None, "preferred_username": "amina.o"}, "amina.o"),
        ({"name": None}, "amina"),
        ({"name": ""}, "amina"),
        ({"name": "\x00\u202e"}, "amina"),
        ({"name": "Amina\n\u202eOtieno"}, "AminaOtieno"),
        ({"name": "क्\u200dष"}, "क्\u200dष"),
        ({"name": "a" * 300}, "a" * 200),
        ({"name": None, "sub": "s" * 255}, "s" * 200),
    ],
)
async def test_a_name_is_bounded_and_shown_as_it_reads(verifier, signer, claims, name):
    assert (await verifier.verify(signer.token(**claims))).name == name


async def test_only_an_issuer_that_may_says_who_acts_for_the_subject(office, signer):
    token = signer.token(act={"sub": "importer", "act": {"sub": "earlier"}})
    assert await refusal(office.verifier(), token) == "token-claims"
    assert (await office.verifier(may_delegate=True).verify(token)).delegate == "importer"


async def test_a_bound_token_tells_its_key(verifier, signer):
    assert (await verifier.verify(signer.token(cnf={"jkt": "k" * 43}))).key_thumbprint == "k" * 43


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
async def test_no_algorithm_is_no_algorithm(verifier, signer, name):
    header, claims, signature = signer.token().split(".")
    for ending in ("", signature):
        unsigned = f"{encoded({**decoded(header), 'alg': name})}.{claims}.{ending}"
        assert await refusal(verifier, unsigned) == "token-wrong-algorithm"


@pytest.mark.parametrize("kind", ["pem", "der", "jwk"])
async def test_a_public_key_is_no_secret(verifier, signer, kind):
    secret = {
        "pem": signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": signer.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(signer.jwk()).encode(),
    }[kind]
    header, claims, _ = signer.token().split(".")
    signed = f"{encoded({**decoded(header), 'alg': 'HS256'})}.{claims}"
    token = f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
    assert await refusal(verifier, token) == "token-wrong-algorithm"


@pytest.mark.parametrize("stated", ["ES256", "EdDSA"])
async def test_an_algorithm_of_another_kind_of_key_is_refused(verifier, signer, stated):
    header, claims, signature = signer.token().split(".")
    token = f"{encoded({**decoded(header), 'alg': stated})}.{claims}.{signature}"
    assert await refusal(verifier, token) == "token-wrong-algorithm"


async def test_an_algorithm_that_is_not_the_issuers_is_refused(verifier, signer):
    header, claims, _ = signer.token().split(".")
    token = signer.sign({**decoded(header), "alg": "PS256"}, decoded(claims), "PS256")
    assert await refusal(verifier, token) == "token-wrong-algorithm"


@pytest.mark.parametrize("stated", [None, 5, ["RS256"], {"a": 1}, "rs256", "RS1", ""])
async def test_an_algorithm_that_is_none_of_ours_is_refused(verifier, signer, stated):
    header, claims, signature = signer.token().split(".")
    token = f"{encoded({**decoded(header), 'alg': stated})}.{claims}.{signature}"
    assert await refusal(verifier, token) == "token-wrong-algorithm"


async def test_keys_that_a_token_brings_along_are_not_looked_at(office, verifier, signer, make_signer):
    stranger = make_signer("stranger")
    office.provider.documents["/stranger"] = json.dumps({"keys": [stranger.jwk()]})
    at = f"{office.provider.address}/stranger"
    for kid, code in (("stranger", "token-unknown-key"), (signer.kid, "token-bad-signature")):
        headers = {"kid": kid, "jwk": stranger.jwk(), "jku": at, "x5u": at, "x5c": ["AAAA"]}
        assert await refusal(verifier, stranger.token(headers=headers)) == code
    assert set(office.provider.asked) == {"/jwks"}
    assert await verifier.verify(signer.token(headers={"jku": at}))


@pytest.mark.parametrize(
    "headers", [{"crit": ["exp"], "exp": 5}, {"crit": ["b64"], "b64": True}, {"crit": []}]
)
async def test_extensions_that_are_demanded_are_refused(verifier, signer, headers):
    header, claims, _ = signer.token().split(".")
    token = signer.sign({**decoded(header), **headers}, decoded(claims))
    assert await refusal(verifier, token) == "token-claims"


async def test_an_unknown_key_is_refused(verifier, make_signer):
    assert await refusal(verifier, make_signer("nobody").token()) == "token-unknown-key"


async def test_a_key_of_the_same_name_is_not_the_key(verifier, make_signer):
    assert await refusal(verifier, make_signer("first").token()) == "token-bad-signature"


async def test_a_token_without_the_name_of_its_key_is_good_where_there_is_one(office, signer, other):
    verifier, token = office.verifier(), signer.token(headers={"kid": None})
    assert await verifier.verify(token)
    office.provider.publish(signer, other)
    office.store.kept.clear()
    assert await refusal(office.verifier(), token) == "token-unknown-key"


async def test_a_name_of_a_key_that_is_no_text_is_refused(verifier, signer):
    header, claims, signature = signer.token().split(".")
    token = f"{encoded({**decoded(header), 'kid': 5})}.{claims}.{signature}"
    assert await refusal(verifier, token) == "token-malformed"


async def test_a_large_token_is_refused_before_it_is_read(verifier, signer, monkeypatch):
    def read(_token):
        pytest.fail("it was read")

    monkeypatch.setattr(tokens, "read_jws", read)
    assert await refusal(verifier, signer.token(padding="a" * 16 * 1024)) == "token-malformed"


@given(text=st.text() | st.from_regex(r"\A[\w=.-]*\.[\w=.-]*\.[\w=.-]*\Z") | st.binary().map(encoded))
async def test_garbage_is_refused_and_nothing_else_happens(shared_verifier, text):
    assert (await refusal(shared_verifier, text)).startswith("token-")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CLAIM_NAMES = ["aud", "sub", "client_id", "jti", "exp", "iat", "nbf", "name", "preferred_username"]
CLAIM_NAMES += ["entitlements", "roles", "groups", "act", "cnf"]


@given(changed=st.dictionaries(st.sampled_from(CLAIM_NAMES), json_values, min_size=1, max_size=3))
async def test_whatever_a_trusted_issuer_signs_makes_a_principal_or_is_refused(
    shared_verifier, signer, changed
):
    header, claims, _ = signer.token().split(".")
    token = signer.sign(decoded(header), {**decoded(claims), **changed})
    try:
        principal = await shared_verifier.verify(token)
    except InvalidToken as error:
        assert error.code.startswith("token-")  # noqa: PT017  (either is right)
    else:
        principal.name.encode()
        assert all(grant.role is not Role.PUBLIC for grant in principal.grants)


@given(data=st.data())
@settings(max_examples=300)
async def test_a_token_with_any_character_changed_is_refused(shared_verifier, one_token, data):
    token = one_token
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABab09-_.=") | st.characters())
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        assert await refusal(shared_verifier, changed)


async def test_the_last_character_has_one_spelling(verifier, signer):
    token = signer.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for letter in alphabet.replace(token[-1], ""):
        assert await refusal(verifier, token[:-1] + letter)
    assert await verifier.verify(token)


@pytest.fixture(scope="module")
def one_token(signer):
    return signer.token()


@pytest.fixture(scope="module")
async def shared_verifier(tmp_path_factory, signer):
    """Return a verifier of an issuer whose keys are in a file."""
    file = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_text(json.dumps({"keys": [signer.jwk()]}))
    keyset = KeySet(TrustedIssuer(issuer=ISSUER, jwks_file=file), None, None)
    return TokenVerifier([keyset], clock=lambda: NOW)


@pytest.mark.parametrize(
    "claims", [b'{"exp": NaN}', b'{"exp": Infinity}', b"[]", b"5", b"", b"{} {}", b"\xff", b"[" * 5000]
)
async def test_what_is_no_json_object_is_malformed(verifier, signer, claims):
    assert (
        await refusal(verifier, signer.sign({"alg": "RS256", "typ": "at+jwt"}, claims)) == "token-malformed"
    )
