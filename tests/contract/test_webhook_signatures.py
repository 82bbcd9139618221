"""Signatures as the packages of the Standard Webhooks project verify them, in Python and in JavaScript."""

import time

import pytest
import standardwebhooks

from gateway.webhooks.signing import ED25519, HMAC, new_key, signed_headers, signer
from tests.contract.node_verifier import judged_by_node

BODY = (
    '{"type":"funding.agreement.signed","timestamp":"2026-03-01T12:00:00Z","data":{"text":"décent"}}'.encode()
)
TYPE, REFUSED = "funding.agreement.signed", "WebhookVerificationError"


def delivery(*keys, timestamp=None, body=BODY):
    signers = [signer(kind, key.content) for kind, key in keys]
    at = int(time.time()) if timestamp is None else timestamp
    return signed_headers(signers, id_="018f3f1e-7c1b-7d3a-9a55-3f6f1d2c4b5a", timestamp=at, body=body)


@pytest.fixture(scope="module")
def cases():
    """Return deliveries with the secret that a receiver has, and whether it takes them."""
    now = int(time.time())
    one, other, pair = new_key(HMAC), new_key(HMAC), new_key(ED25519)
    tampered = delivery((HMAC, one))
    return {
        "signed": (one.told, BODY, delivery((HMAC, one)), True),
        "rotated, old secret": (one.told, BODY, delivery((HMAC, other), (HMAC, one)), True),
        "rotated, new secret": (other.told, BODY, delivery((HMAC, other), (HMAC, one)), True),
        "beside ed25519": (one.told, BODY, delivery((ED25519, pair), (HMAC, one)), True),
        "another secret": (other.told, BODY, delivery((HMAC, one)), False),
        "changed body": (one.told, BODY.replace(b"signed", b"ended"), tampered, False),
        "changed id": (one.told, BODY, {**tampered, "webhook-id": "other"}, False),
        "stale": (one.told, BODY, delivery((HMAC, one), timestamp=now - 400), False),
        "too early": (one.told, BODY, delivery((HMAC, one), timestamp=now + 400), False),
    }


def test_the_package_of_pypi_takes_what_is_signed_and_nothing_else(cases):
    for name, (secret, body, headers, holds) in cases.items():
        receiver = standardwebhooks.Webhook(secret)
        if holds:
            assert receiver.verify(body, headers)["type"] == TYPE, name
        else:
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                receiver.verify(body, headers)


def test_the_package_of_npm_takes_what_is_signed_and_nothing_else(cases):
    judged = judged_by_node((secret, body, headers) for secret, body, headers, _ in cases.values())
    assert dict(zip(cases, judged, strict=True)) == {
        name: TYPE if holds else REFUSED for name, (*_, holds) in cases.items()
    }
