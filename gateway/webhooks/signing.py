"""Secrets and signatures of the Standard Webhooks specification: HMAC-SHA256 (``v1``) and ed25519 (``v1a``)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HMAC, ED25519 = "hmac", "ed25519"
SECRET_PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"
SECRET_BYTES = 32
PURPOSE = b"devcoop webhooks: secrets"
"""What secrets are sealed as (``gateway/issuer/sealing.py``)."""

Sign = Callable[[bytes], str]
"""Returns the signature of content, with its version."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made: what is kept of it, sealed, and what is told; ``told`` is None where nobody needs to know it."""

    content: bytes = field(repr=False)
    told: str | None = field(repr=False)
    public: str | None


def new_key(kind: str) -> NewKey:
    """Make a secret that both sides share, or a pair of keys of which only the public one is told."""
    if kind == HMAC:
        content = secrets.token_bytes(SECRET_BYTES)
        return NewKey(content, SECRET_PREFIX + base64.b64encode(content).decode(), None)
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return NewKey(private.private_bytes_raw(), None, PUBLIC_PREFIX + base64.b64encode(public).decode())


def signer(kind: str, content: bytes) -> Sign:
    """Return what signs with a key."""
    if kind == HMAC:
        return lambda told: f"v1,{_text(hmac.digest(content, told, hashlib.sha256))}"
    private = Ed25519PrivateKey.from_private_bytes(content)
    return lambda told: f"v1a,{_text(private.sign(told))}"


def signed_headers(signers: Iterable[Sign], *, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery; each key in force has a signature of its own.

    Args:
        signers: one for each key.
        id_: of the event, the same in every attempt.
        timestamp: of the attempt, in seconds since 1970.
        body: as it is sent.

    """
    content = b"%b.%d.%b" % (id_.encode(), timestamp, body)
    return {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(content) for sign in signers),
    }


def _text(signature: bytes) -> str:
    return base64.b64encode(signature).decode()
