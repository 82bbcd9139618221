"""Signatures of messages that partners push, by the Standard Webhooks specification.

A message is taken if any of its signatures is by any secret of its source that is in force: so either side can replace its
secrets without a moment in which messages are refused. The time that was signed has to be about now, which bounds how long
a message that was overheard can be sent again; beyond that its id is known.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.webhooks.signing import ED25519, HMAC, PUBLIC_PREFIX, SECRET_PREFIX
from shared.chassis.errors import ProblemError

PURPOSE = b"devcoop incoming webhooks: secrets"
"""What secrets are sealed as (``gateway/issuer/sealing.py``)."""
TOLERANCE_SECONDS = 5 * 60
MOST_SIGNATURES = 10
MOST_HEADER = 4000
SECRET_BYTES = range(24, 65)
"""Bytes that a shared secret may have, as the specification says."""
PUBLIC_KEY_BYTES = 32

_KIND_OF_VERSION = {"v1": HMAC, "v1a": ED25519}
_ID = re.compile(r"[!-\-/-~]{1,255}")
"""Printable, and without the full stop that stands between the parts which are signed."""
_SECONDS = re.compile(r"[0-9]{1,12}")


class SignatureRefused(ProblemError):
    """A message is not signed by its source, or there is no such source: which of it is nobody's business."""

    status, default_code = HTTPStatus.UNAUTHORIZED, "signature-invalid"

    def __init__(self) -> None:
        super().__init__("The message is not signed as it has to be, now and by this source.")

    @property
    def headers(self) -> dict[str, str]:
        """What tells how to authenticate."""
        return {"WWW-Authenticate": 'StandardWebhooks realm="devcoop"'}


@dataclass(frozen=True, slots=True)
class Signed:
    """What the headers of a message say: its id, when it was signed, and its signatures with their kinds."""

    id: str
    timestamp: str
    signatures: tuple[tuple[str, bytes], ...]

    def is_by(self, kind: str, secret: bytes, body: bytes) -> bool:
        """Tell whether one of the signatures is by a secret."""
        content = b".".join((self.id.encode(), self.timestamp.encode(), body))
        found = [signature for told, signature in self.signatures if told == kind]
        if kind == HMAC:
            expected = hmac.digest(secret, content, hashlib.sha256)
            return any([hmac.compare_digest(expected, each) for each in found])  # noqa: C419  (all, in equal time)
        return any(_verifies(secret, each, content) for each in found)


def signed_by_headers(headers: Mapping[str, str], now: float) -> Signed:
    """Return what the headers of a message say.

    Raises:
        SignatureRefused: they are not there, or cannot be read, or are of another time.

    """
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    told = headers.get("webhook-signature", "")
    if not _ID.fullmatch(id_) or not _SECONDS.fullmatch(timestamp) or len(told) > MOST_HEADER:
        raise SignatureRefused
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureRefused
    return Signed(id_, timestamp, tuple(_signatures(told.split()[:MOST_SIGNATURES])))


def secret_of(kind: str, told: str) -> bytes:
    """Return the bytes of a secret, or of a public key, as it is written.

    Raises:
        ValueError: it is none.

    """
    prefix = SECRET_PREFIX if kind == HMAC else PUBLIC_PREFIX
    if not told.startswith(prefix):
        raise ValueError(f"it begins with {prefix}")
    try:
        content = base64.b64decode(told.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is no base64") from None
    if kind == HMAC and len(content) not in SECRET_BYTES:
        raise ValueError(f"it has {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes")
    if kind == ED25519 and len(content) != PUBLIC_KEY_BYTES:
        raise ValueError(f"it has {PUBLIC_KEY_BYTES} bytes")
    return content


def _signatures(told: Iterable[str]) -> Iterable[tuple[str, bytes]]:
    """Yield the signatures that are of a version which is known; others are for other receivers."""
    for each in told:
        version, _, encoded = each.partition(",")
        if version in _KIND_OF_VERSION:
            try:
                yield _KIND_OF_VERSION[version], base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                continue


def _verifies(public: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
