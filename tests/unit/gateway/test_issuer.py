"""The issuer's rules that need no database: sealing, keys, secrets, forms, credentials, grants."""

import asyncio
import hashlib
import threading
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.issuer.client_authentication import credentials_of, read_form
from gateway.issuer.client_secrets import AT_ONCE, MOST_WAITING, SecretHashes, id_of, new_secret
from gateway.issuer.keys import PUBLISHED_AFTER, jwks, new_key, published, signing, unsealed
from gateway.issuer.models import SigningKey
from gateway.issuer.refusals import OAuthError, OAuthRefusal
from gateway.issuer.schemas import MOST_GRANT_BYTES, IssuedClient, NewClient, TokenAnswer
from gateway.issuer.sealing import Sealer, Unsealable
from gateway.issuer.store import next_second
from gateway.settings import Settings
from shared.chassis.errors import Unavailable
from shared.policy.grants import Grant, Role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
REQUIRED = {"database_url": "postgresql+asyncpg://x", "nats_url": "nats://x", "cursor_key": "k" * 32}


class Counting(PasswordHasher):
    """A hasher that is quick, and counts what it verifies and how much of it at once."""

    def __init__(self):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = []
        self.now = self.most = 0
        self.lock = threading.Lock()

    def verify(self, hashed, value):
        with self.lock:
            self.verified.append(hashed)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return super().verify(hashed, value)
        finally:
            with self.lock:
                self.now -= 1


def key(kid, signs_from, signs_until=None, retired_at=None):
    return SigningKey(
        kid=kid,
        algorithm="RS256",
        public_jwk={"kid": kid},
        sealed=b"",
        created_at=NOW,
        signs_from=signs_from,
        signs_until=signs_until,
        retired_at=retired_at,
    )


# sealing


@given(content=st.binary(max_size=200), label=st.text(max_size=20))
def test_what_is_sealed_can_be_unsealed_with_the_same_key_and_label(content, label):
    sealed = Sealer("a" * 32).seal(content, label)
    assert Sealer("a" * 32).unseal(sealed, label) == content
    assert len(content) < 8 or content not in sealed
    for sealer, told in ((Sealer("b" * 32), label), (Sealer("a" * 32), label + "x")):
        with pytest.raises(Unsealable):
            sealer.unseal(sealed, told)


@given(place=st.integers(0, 40))
def test_what_was_tampered_with_is_not_unsealed(place):
    sealed = bytearray(Sealer("a" * 32).seal(b"thirteen byte", "kid"))
    sealed[place] ^= 1
    with pytest.raises(Unsealable):
        Sealer("a" * 32).unseal(bytes(sealed), "kid")


@pytest.mark.parametrize("length", [0, 1, 12, 27])
def test_what_is_too_short_is_not_unsealed(length):
    with pytest.raises(Unsealable):
        Sealer("a" * 32).unseal(b"x" * length, "kid")


# keys


def test_a_new_key_is_named_by_its_thumbprint_and_published_without_its_private_part():
    sealer = Sealer("a" * 32)
    made = new_key(sealer, NOW, NOW)
    assert set(made.public_jwk) == {"kty", "use", "alg", "kid", "n", "e"}
    told = '{"e":"%s","kty":"RSA","n":"%s"}' % (made.public_jwk["e"], made.public_jwk["n"])  # noqa: UP031
    assert made.kid == urlsafe_b64encode(hashlib.sha256(told.encode()).digest()).decode().rstrip("=")
    assert made.public_jwk["kid"] == made.kid
    private = unsealed(sealer, made)
    assert private.key_size >= 2048
    token = jwt.encode({"sub": "x"}, private, "RS256")
    assert jwt.decode(token, jwt.PyJWK(made.public_jwk), ["RS256"]) == {"sub": "x"}
    with pytest.raises(Unsealable):
        unsealed(Sealer("b" * 32), made)


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after():
    turn = NOW + HOUR
    old = key("old", NOW - HOUR, turn, turn + PUBLISHED_AFTER)
    new = key("new", turn)
    keys = [old, new]
    assert signing(keys, turn - timedelta(seconds=1)) is old
    assert signing(keys, turn) is new
    assert published(keys, NOW) == [new, old]
    assert published(keys, turn + PUBLISHED_AFTER - timedelta(seconds=1)) == [new, old]
    assert published(keys, turn + PUBLISHED_AFTER) == [new]
    assert jwks(keys, NOW) == {"keys": [{"kid": "new"}, {"kid": "old"}]}


def test_a_clock_that_is_behind_does_not_leave_us_without_a_key():
    assert signing([key("second", NOW + 2 * HOUR), key("first", NOW + HOUR)], NOW).kid == "first"
    assert signing([key("old", NOW - HOUR, NOW, NOW)], NOW) is None
    assert signing([], NOW) is None


@given(moments=st.lists(st.integers(1, 100), min_size=1, max_size=6, unique=True), at=st.integers(0, 100))
def test_whoever_signs_is_published(moments, at):
    starts = [NOW + timedelta(minutes=minute) for minute in sorted(moments)]
    ends = [*starts[1:], None]
    keys = [
        key(str(number), start, end, end and end + PUBLISHED_AFTER)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    now = NOW + timedelta(minutes=at)
    assert signing(keys, now) in published(keys, now)


def test_the_next_second_is_whole_and_after():
    for moment in (NOW, NOW.replace(microsecond=1), NOW.replace(microsecond=999_999)):
        assert next_second(moment) == NOW + timedelta(seconds=1)


# secrets


def test_secrets_differ_and_tell_their_id():
    made = [new_secret() for _ in range(100)]
    assert len({secret.value for secret in made}) == len({secret.id for secret in made}) == 100
    for secret in made:
        assert secret.value.startswith("dcs_")
        assert len(secret.value) >= 43 + len("dcs_")
        assert id_of(secret.value) == secret.id
        assert secret.value not in repr(secret)


@pytest.mark.parametrize(
    "value", ["", "dcs_", "x", f"dcs_{16 * '0'}_{43 * 'A'}x", f"cs_{16 * '0'}_{43 * 'A'}", "dcs_\0"]
)
def test_what_is_no_secret_of_ours_has_no_id(value):
    assert id_of(value) is None


async def test_a_secret_is_verified_by_its_hash_alone():
    hashes = SecretHashes(Counting())
    hashed = await hashes.of("right")
    assert "right" not in hashed
    assert hashed.startswith("$argon2id$")
    assert await hashes.verify(hashed, "right")
    assert not await hashes.verify(hashed, "wrong")
    assert not await hashes.verify("no hash", "right")


async def test_without_a_hash_one_is_verified_all_the_same():
    hasher = Counting()
    hashes = SecretHashes(hasher)
    hashed = await hashes.of("right")
    assert not await hashes.verify(None, "right")
    assert await hashes.verify(hashed, "right")
    dummy, real = hasher.verified
    assert dummy != real
    assert dummy.rpartition("$")[0].rpartition("$")[0] == real.rpartition("$")[0].rpartition("$")[0]


async def test_a_few_hashes_are_computed_at_once_and_too_many_are_refused():
    hasher = Counting()
    hashes = SecretHashes(hasher)
    asked = [hashes.verify(None, "x") for _ in range(MOST_WAITING + 5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers].count(Unavailable) == 5
    assert answers.count(False) == MOST_WAITING
    assert 1 <= hasher.most <= AT_ONCE
    assert await hashes.verify(None, "x") is False


# forms and credentials


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


def test_a_form_is_read_and_empty_fields_are_left_out():
    assert read_form(b"a=1&b=x%20y+z&c=") == {"a": "1", "b": "x y z"}
    assert read_form(b"") == {}


@pytest.mark.parametrize(
    "body", [b"a=1&a=2", b"a=1&a=1", b"\xff=1", b"a=%ff", b"&".join([b"a%d=1" % n for n in range(51)])]
)
def test_what_is_no_form_is_refused(body):
    with pytest.raises(OAuthRefusal) as refused:
        read_form(body)
    assert refused.value.error == "invalid_request"


@given(body=st.binary(max_size=80))
def test_whatever_is_sent_is_a_form_or_refused(body):
    try:
        form = read_form(body)
    except OAuthRefusal:
        return
    assert all(form.values())


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_credentials_of_the_header(scheme):
    header = basic("id%3A1:a%2Bb:c+d").replace("Basic", scheme)
    told = credentials_of(header, {"client_id": "id:1"})
    assert (told.client_id, told.client_secret) == ("id:1", "a+b:c d")


def test_credentials_of_the_form():
    told = credentials_of(None, {"client_id": "id", "client_secret": "secret"})
    assert (told.client_id, told.client_secret) == ("id", "secret")
    assert "secret'" not in repr(told)


@pytest.mark.parametrize(
    ("authorization", "form", "error"),
    [
        (None, {}, "invalid_client"),
        (None, {"client_id": "x"}, "invalid_client"),
        (None, {"client_secret": "x"}, "invalid_client"),
        (basic("x:y"), {"client_id": "x", "client_secret": "y"}, "invalid_request"),
        (basic("x:y"), {"client_id": "z"}, "invalid_request"),
        ("", {}, "invalid_client"),
        ("Basic", {}, "invalid_client"),
        ("Basic ?", {}, "invalid_client"),
        (basic("no colon"), {}, "invalid_client"),
        (basic("x:%ff"), {}, "invalid_client"),
        ("Bearer abc", {}, "invalid_client"),
    ],
)
def test_what_are_no_credentials(authorization, form, error):
    with pytest.raises(OAuthRefusal) as refused:
        credentials_of(authorization, form)
    assert refused.value.error == error


@given(
    authorization=st.text(max_size=60)
    | st.binary(max_size=60).map(lambda raw: "Basic " + b64encode(raw).decode())
)
def test_whatever_the_header_is_it_has_credentials_or_is_refused(authorization):
    try:
        told = credentials_of(authorization, {})
    except OAuthRefusal as refused:
        assert refused.error == "invalid_client"  # noqa: PT017  (either is right)
        return
    assert isinstance(told.client_secret, str)


@pytest.mark.parametrize("error", OAuthError.__args__)
def test_a_refusal_is_told_as_oauth_tells_it(error):
    response = OAuthRefusal(error, "Why.").response()
    assert response.status_code == (401 if error == "invalid_client" else 400)
    assert response.headers["cache-control"] == "no-store"
    assert response.body == f'{{"error":"{error}","error_description":"Why."}}'.encode()
    assert ("www-authenticate" in response.headers) == (error == "invalid_client")


# what is taken


def test_a_client_has_the_grants_that_it_is_given():
    made = NewClient(name="Office", grants=({"role": "field-officer", "countries": ["KE"]},))
    assert made.grants == (Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"})),)


@pytest.mark.parametrize(
    ("grants", "kind"),
    [
        ([], "too_short"),
        ([{"role": "public"}], "public_granted"),
        ([{"role": "partner"}, {"role": "public"}], "public_granted"),
        ([{"role": "partner", "countries": ["a\0"]}], "nul_character"),
        (
            [{"role": "partner", "projects": [f"XM-{n:04}" for n in range(MOST_GRANT_BYTES // 8)]}],
            "grants_too_large",
        ),
        ([{"role": "nobody"}], "enum"),
    ],
)
def test_grants_that_are_not_given(grants, kind):
    with pytest.raises(ValidationError) as refused:
        NewClient.model_validate({"name": "Office", "grants": grants})
    assert kind in {error["type"] for error in refused.value.errors()}


@pytest.mark.parametrize("name", ["", "a\0", "a\nb", "\x7f", "x" * 201])
def test_names_that_are_not_taken(name):
    with pytest.raises(ValidationError):
        NewClient.model_validate({"name": name, "grants": [{"role": "partner"}]})


def test_secrets_are_not_in_what_is_printed():
    told = "hush"
    token = TokenAnswer(access_token=told, token_type="Bearer", expires_in=1)  # noqa: S106
    client = IssuedClient.model_construct(client=None, client_secret=told)
    assert told not in repr(token) + str(token) + repr(client) + str(client)


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer_key": "k" * 31},
        {"issuer_url": "https://example.org/"},
        {"issuer_url": "https://example.org/path"},
        {"issuer_url": "example.org"},
        {"token_seconds": 59},
        {"token_seconds": 3601},
    ],
)
def test_settings_of_the_issuer_that_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**REQUIRED, **wrong)


def test_the_key_of_the_settings_is_not_printed():
    assert "k" * 40 not in repr(Settings(**REQUIRED, issuer_key="k" * 40))
