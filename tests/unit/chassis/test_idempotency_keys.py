"""Keys as they are told, what a request is known by, and how answers are stored."""

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from shared.chassis.errors import BadRequest
from shared.chassis.idempotency.keys import MOST_CHARACTERS, fingerprint, key_of, owned
from shared.chassis.idempotency.packing import COMPRESSED_FROM, is_secret, packed, unpacked
from shared.policy.principals import Principal

PRINTABLE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=MOST_CHARACTERS
)


def headers(*keys: str) -> Headers:
    return Headers(raw=[(b"idempotency-key", key.encode("latin-1")) for key in keys])


def principal(issuer: str, subject: str) -> Principal:
    return Principal(issuer, subject, subject, subject, ())


def request(method="POST", path="/v1/a", query="", media="application/json") -> Request:
    told = [(b"content-type", media.encode())] if media else []
    return Request(
        {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": told,
        }
    )


def test_no_key_is_no_key():
    assert key_of(headers()) is None


@given(PRINTABLE.filter(lambda key: key == key.strip() and not key.startswith('"')))
def test_any_printable_key_is_itself_with_quotes_and_without(key):
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert key_of(headers(key)) == key_of(headers(quoted)) == key


@pytest.mark.parametrize(
    "keys",
    [[""], ["  "], ['""'], ['"a'], ['"a"b'], ['"a\\c"'], ["a\tb"], ["\u00fc"], ["x" * 256], ["a", "a"]],
)
def test_what_is_no_key_is_refused(keys):
    with pytest.raises(BadRequest) as refused:
        key_of(headers(*keys))
    assert refused.value.code == "invalid-idempotency-key"


def test_a_key_is_of_one_principal_of_one_issuer():
    told = {
        owned(principal(issuer, subject), key)
        for issuer, subject, key in (
            ("one", "ann", "k"),
            ("two", "ann", "k"),
            ("one", "ben", "k"),
            ("one", "ann", "l"),
            ("one", "an", "nk"),
        )
    }
    assert len(told) == 5


def test_a_request_is_known_by_all_that_it_asks_for():
    told = [
        fingerprint(request(), b"1"),
        fingerprint(request(method="PUT"), b"1"),
        fingerprint(request(path="/v1/b"), b"1"),
        fingerprint(request(query="dry_run=true"), b"1"),
        fingerprint(request(path="/v1/a?", query=""), b"1"),
        fingerprint(request(media="text/csv"), b"1"),
        fingerprint(request(media=""), b"1"),
        fingerprint(request(), b"2"),
    ]
    assert len(set(told)) == len(told)
    same = fingerprint(request(media="Application/JSON; charset=utf-8"), b"1")
    assert same == told[0]


class Mirror:
    """Seals by turning around, to tell that something was sealed."""

    def seal(self, content: bytes, label: str) -> bytes:
        return label.encode() + content[::-1]

    def unseal(self, sealed: bytes, label: str) -> bytes:
        return sealed[len(label) :][::-1]


@given(st.binary(max_size=3 * COMPRESSED_FROM))
def test_an_answer_comes_back_as_it_was(body):
    for sealer, secret in ((None, False), (Mirror(), True)):
        stored, packing = packed(body, "create_client", sealer, secret=secret)
        assert packing == ("sealed" if secret else "plain" if len(body) < COMPRESSED_FROM else "deflated")
        assert unpacked(stored, packing, "create_client", sealer) == body


def test_a_secret_is_never_stored_without_a_seal():
    assert is_secret(Response(headers={"Cache-Control": "no-store"}))
    assert not is_secret(Response())
    with pytest.raises(LookupError):
        packed(b"secret", "create_client", None, secret=True)
    with pytest.raises(LookupError):
        unpacked(b"secret", "sealed", "create_client", None)
