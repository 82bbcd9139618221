"""Proofs of possession (DPoP, RFC 9449): that who sends a token holds the key that it is bound to.

A proof is good for one request: for its method and address, within a minute, and once, at whichever replica.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from shared.chassis.identity.jwk import ALGORITHMS, Key, UnusableKey, read_key
from shared.chassis.identity.jws import Jws, Malformed, encode, read_jws
from shared.chassis.identity.refusals import InvalidProof
from shared.chassis.identity.store import SeenProofs

TYPE = "dpop+jwt"
MOST_CHARACTERS = 8 * 1024
WINDOW_SECONDS = 60
REMEMBERED_SECONDS = 2 * WINDOW_SECONDS
"""How long after its making a proof is remembered: its window, and as much again for clocks that differ."""
MOST_ID = 255
LATEST_TIME = 2**53

_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


async def check_proof(  # noqa: PLR0913  (RFC 9449, section 4.3, asks for each)
    proof: str,
    *,
    method: str,
    url: str,
    token: str | None,
    thumbprint: str | None,
    seen: SeenProofs,
    now: datetime,
) -> str:
    """Check a proof, take note that it was used, and return the thumbprint of its key.

    Args:
        proof: the one header ``DPoP``.
        method: method of the request.
        url: address of the request as the caller knows it; its query does not count.
        token: the access token that came with it; None where one is asked for.
        thumbprint: the key that the token is bound to (``cnf.jkt``); None where a token is asked for.
        seen: the proofs that were used.
        now: the moment, with its offset.

    Raises:
        InvalidProof: it proves nothing, or was used before.

    """
    jws = _read(proof)
    key = _key(jws)
    if thumbprint is not None and not hmac.compare_digest(key.thumbprint, thumbprint):
        raise InvalidProof("The proof is of another key than the token's.", code="proof-invalid")
    if not key.verifies(jws.algorithm, jws.signed, jws.signature):
        raise InvalidProof("The signature of the proof is wrong.", code="proof-invalid")
    _check_request(jws.claims, method, url)
    _check_token(jws.claims, token)
    made_at = _made_at(jws.claims, now)
    digest = hashlib.sha256(f"{key.thumbprint}.{_id(jws.claims)}".encode()).digest()
    if not await seen.note(digest, made_at + timedelta(seconds=REMEMBERED_SECONDS)):
        raise InvalidProof("The proof was used before.", code="proof-replayed")
    return key.thumbprint


def _read(proof: str) -> Jws:
    if len(proof) > MOST_CHARACTERS:
        raise InvalidProof("The proof is too long.", code="proof-invalid")
    try:
        jws = read_jws(proof)
    except Malformed as error:
        raise InvalidProof(f"The proof is malformed: {error}.", code="proof-invalid") from None
    if not jws.is_of_type(TYPE) or jws.changes_how_it_is_read:
        raise InvalidProof(f"The proof is not of the type {TYPE}.", code="proof-invalid")
    return jws


def _key(jws: Jws) -> Key:
    jwk = jws.header.get("jwk")
    try:
        key = read_key(jwk if isinstance(jwk, dict) else {})
    except UnusableKey as error:
        raise InvalidProof(f"The key of the proof is not taken: {error}.", code="proof-invalid") from None
    if jws.algorithm not in ALGORITHMS & key.algorithms:
        raise InvalidProof("The algorithm of the proof does not fit its key.", code="proof-invalid")
    return key


def _check_request(claims: Mapping[str, Any], method: str, url: str) -> None:
    stated = claims.get("htu")
    address = _normal(stated) if isinstance(stated, str) else None
    if claims.get("htm") != method or address is None or address != _normal(url):
        raise InvalidProof("The proof is for another request.", code="proof-invalid")


def _check_token(claims: Mapping[str, Any], token: str | None) -> None:
    if token is None:
        return
    stated = claims.get("ath")
    told = encode(hashlib.sha256(token.encode()).digest())
    if not isinstance(stated, str) or not stated.isascii() or not hmac.compare_digest(stated, told):
        raise InvalidProof("The proof is for another token.", code="proof-invalid")


def _made_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    stated = claims.get("iat")
    if not isinstance(stated, int | float) or not 0 <= stated <= LATEST_TIME:
        raise InvalidProof("The proof does not tell when it was made.", code="proof-invalid")
    if abs(stated - now.timestamp()) > WINDOW_SECONDS:
        raise InvalidProof("The proof is not of this minute.", code="proof-invalid")
    return datetime.fromtimestamp(stated, UTC)


def _id(claims: Mapping[str, Any]) -> str:
    stated = claims.get("jti")
    if not isinstance(stated, str) or not 0 < len(stated) <= MOST_ID:
        raise InvalidProof("The proof has no id.", code="proof-invalid")
    return stated


def _normal(url: str) -> tuple[str, str, int, str] | None:
    """Return an address in its normal form (RFC 3986, section 6.2), without query and fragment; None if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    path = _ESCAPE.sub(_escape, parts.path) or "/"
    return scheme, parts.hostname, _PORTS[scheme] if port is None else port, path


def _escape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()
