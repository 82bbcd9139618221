"""The keys that sign tokens.

A new key is published before it signs, so that every service knows it by then; the old one stays published until the
last token that it signed has expired. One that got into wrong hands is replaced at once instead.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import or_, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.models import SigningKey
from gateway.issuer.sealing import Sealer
from shared.chassis.db import execute
from shared.chassis.identity.jwk import thumbprint

ALGORITHM = "RS256"
"""What every resource server has to know (RFC 9068, section 4)."""
KEY_BITS = 3072
PUBLISHED_BEFORE = timedelta(minutes=10)
"""How long a key is published before it signs: twice the time after which a service looks again."""
MOST_TOKEN_SECONDS = 3600
"""Longest that any token lives."""
PUBLISHED_AFTER = timedelta(seconds=MOST_TOKEN_SECONDS + 60)
"""How long a key is published after it signed last: the longest token, and clocks that differ."""

_EXPONENT = 65537
_ROTATION_LOCK = text("SELECT pg_advisory_xact_lock(7205759)")


def published(keys: Iterable[SigningKey], now: datetime) -> list[SigningKey]:
    """Return the keys that tokens may be verified with, the newest first."""
    current = (key for key in keys if key.retired_at is None or key.retired_at > now)
    return sorted(current, key=lambda key: key.signs_from, reverse=True)


def signing(keys: Iterable[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that signs: the newest whose time has come, or where our clock is behind, the next one."""
    left = [key for key in published(keys, now) if key.signs_until is None or key.signs_until > now]
    begun = [key for key in left if key.signs_from <= now]
    return next(iter(begun or reversed(left)), None)


def jwks(keys: Iterable[SigningKey], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the published keys as a JWK set (RFC 7517)."""
    return {"keys": [key.public_jwk for key in published(keys, now)]}


async def list_keys(session: AsyncSession, now: datetime) -> list[SigningKey]:
    """Return the keys that are not retired."""
    retired_at = col(SigningKey.retired_at)
    return list(
        (await session.exec(select(SigningKey).where(or_(retired_at.is_(None), retired_at > now)))).all()
    )


async def rotate(
    session: AsyncSession, sealer: Sealer, now: datetime, *, at_once: bool = False
) -> SigningKey:
    """Make a new key that replaces those that sign, and return it.

    Args:
        session: the caller's transaction.
        sealer: seals the private key.
        now: the time.
        at_once: the new key signs at once, and the others verify nothing any more: they got into wrong hands.

    """
    await execute(session, _ROTATION_LOCK)
    others = await list_keys(session, now)
    waits = bool(others) and not at_once
    key = await asyncio.to_thread(new_key, sealer, now, now + PUBLISHED_BEFORE if waits else now)
    for other in others:
        until = other.signs_until or key.signs_from
        other.signs_until = min(until, now) if at_once else until
        other.retired_at = now if at_once else other.signs_until + PUBLISHED_AFTER
    session.add(key)
    await session.flush()
    await session.exec(update(SigningKey).where(col(SigningKey.signs_until) <= now).values(sealed=b""))
    return key


async def require_key(session: AsyncSession, sealer: Sealer, now: datetime) -> SigningKey:
    """Return the key that signs, and make the first one where there is none."""
    key = signing(await list_keys(session, now), now)
    if key is None:
        await execute(session, _ROTATION_LOCK)
        key = signing(await list_keys(session, now), now) or await rotate(session, sealer, now)
    return key


def new_key(sealer: Sealer, now: datetime, signs_from: datetime) -> SigningKey:
    """Return a new key; this takes a moment."""
    private = generate_private_key(_EXPONENT, KEY_BITS)
    numbers: dict[str, Any] = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    kid = thumbprint(numbers)
    public = {"kty": "RSA", "use": "sig", "alg": ALGORITHM, "kid": kid, "n": numbers["n"], "e": numbers["e"]}
    content = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(
        kid=kid,
        algorithm=ALGORITHM,
        public_jwk=public,
        sealed=sealer.seal(content, kid),
        created_at=now,
        signs_from=signs_from,
    )


def unsealed(sealer: Sealer, key: SigningKey) -> RSAPrivateKey:
    """Return the private key of a key that signs.

    Raises:
        Unsealable: it was sealed under another key.

    """
    content = sealer.unseal(key.sealed, key.kid)
    # We made it, and the seal proves that nobody changed it: to look for its primes again would take its time.
    private = load_der_private_key(content, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private, RSAPrivateKey)  # noqa: S101  (told to the type checker)
    return private
