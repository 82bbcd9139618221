"""Tokens of the built-in issuer: signed access tokens (RFC 9068) that state the grants of their client."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.client_secrets import SecretHashes
from gateway.issuer.keys import ALGORITHM, MOST_TOKEN_SECONDS, list_keys, published, require_key, unsealed
from gateway.issuer.models import SigningKey
from gateway.issuer.sealing import Sealer
from gateway.settings import Settings
from shared.chassis.db import Database
from shared.chassis.ids import uuid7
from shared.chassis.limits import FailureLimit
from shared.policy.grants import Grant

AUDIENCE = "devcoop"
KEPT_ANSWERS = b"devcoop gateway: kept answers"
"""What answers that tell a secret are sealed as while they are kept."""
TYPE = "at+jwt"

Claims = dict[str, Any]


class Issuer:
    """Makes tokens, and reads its own back; ``secrets`` and ``failures`` are for who asks for one."""

    def __init__(self, *, url: str, key: str, token_seconds: int, failures: int = 0) -> None:
        self.url = url
        self.token_seconds = token_seconds
        self.sealer = Sealer(key)
        self.secrets = SecretHashes()
        self.failures = FailureLimit(failures)
        self._unsealed: dict[str, RSAPrivateKey] = {}

    async def prepare(self, database: Database) -> None:
        """Make the first key where there is none.

        Raises:
            Unsealable: the key that signs was sealed with another setting.

        """
        async with database.session() as session, session.begin():
            self._private(await require_key(session, self.sealer, datetime.now(UTC)))

    async def mint(  # noqa: PLR0913
        self,
        session: AsyncSession,
        *,
        subject: str,
        client: str,
        name: str,
        grants: Sequence[Grant],
        delegate: str | None = None,
        seconds: int | None = None,
        key_thumbprint: str | None = None,
        issued_at: datetime | None = None,
    ) -> str:
        """Return a token.

        Args:
            session: to look up the key that signs.
            subject: whom it is about.
            client: the system that it is given to.
            name: of the subject, for people to read.
            grants: what it may do.
            delegate: who acts for the subject, if not itself (RFC 8693, ``act``).
            seconds: how long it lives, if not as long as the setting says.
            key_thumbprint: of the key that it is bound to (RFC 9449).
            issued_at: the time, if not now.

        Raises:
            ValueError: it would live too long.

        """
        now = issued_at or datetime.now(UTC)
        lifetime = self.token_seconds if seconds is None else seconds
        if not 0 < lifetime <= MOST_TOKEN_SECONDS:
            raise ValueError(f"a token lives for at most {MOST_TOKEN_SECONDS} seconds, not {lifetime}")
        key = await require_key(session, self.sealer, now)
        claims: Claims = {
            "iss": self.url,
            "sub": subject,
            "client_id": client,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + lifetime,
            "jti": str(uuid7()),
            "name": name,
            "entitlements": [grant.as_claim() for grant in grants],
        }
        if delegate is not None:
            claims["act"] = {"sub": delegate}
        if key_thumbprint is not None:
            claims["cnf"] = {"jkt": key_thumbprint}
        return jwt.encode(claims, self._private(key), ALGORITHM, headers={"typ": TYPE, "kid": key.kid})

    async def read(self, session: AsyncSession, token: str, now: datetime) -> Claims | None:
        """Return what a token of ours states, None if it is none or has expired."""
        keys = {key.kid: key for key in published(await list_keys(session, now), now)}
        try:
            key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]].public_jwk)
            claims: Claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self.url,
                options={"require": ["exp", "jti", "client_id"]},
            )
        except (jwt.InvalidTokenError, KeyError, TypeError):
            return None
        return claims

    def _private(self, key: SigningKey) -> RSAPrivateKey:
        if key.kid not in self._unsealed:
            self._unsealed[key.kid] = unsealed(self.sealer, key)
        return self._unsealed[key.kid]


def issuer_of(settings: Settings) -> Issuer | None:
    """Return the issuer that the settings ask for, None where they give it no key."""
    if settings.issuer_key is None:
        return None
    return Issuer(
        url=settings.issuer_url,
        key=settings.issuer_key.get_secret_value(),
        token_seconds=settings.token_seconds,
        failures=settings.token_rate_limit,
    )


def answer_sealer_of(settings: Settings) -> Sealer | None:
    """Return what seals answers that tell a secret, None where no client can be made."""
    if settings.issuer_key is None:
        return None
    return Sealer(settings.issuer_key.get_secret_value(), KEPT_ANSWERS)
