"""Verification of access tokens (RFC 9068): each service by itself, whoever passed the request on.

Which issuer, key and algorithm a token may have is ours to say. Of its header, ``kid`` chooses among the keys that are
known, ``alg`` among the algorithms that both the issuer and the key are good for, and nothing else counts: keys that a
token brings along or points at (``jwk``, ``jku``, ``x5c``, ``x5u``) are not looked at. A token without ``kid`` is good
for an issuer with one key only.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.chassis.identity.claims import check_claims, has_expired, principal_of, read_claims
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.jwk import ALGORITHMS, Key
from shared.chassis.identity.jws import Jws, Malformed, read_jws
from shared.chassis.identity.keys import KeySet
from shared.chassis.identity.refusals import InvalidToken
from shared.policy.principals import Principal

__all__ = ["InvalidToken", "TokenVerifier"]

MOST_CHARACTERS = 16 * 1024
MOST_REMEMBERED = 10_000
TYPE = "at+jwt"


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature was verified, by the keys as they were then."""

    principal: Principal
    keyset: KeySet
    keys_version: int
    issued_at: float
    expires_at: float


class TokenVerifier:
    """Tells whom a token is of; remembers those that it verified lately, so that each costs one signature."""

    def __init__(
        self,
        keysets: Iterable[KeySet],
        *,
        clock: Callable[[], float] = time.time,
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        self._keysets = {keyset.issuer.issuer: keyset for keyset in keysets}
        self._clock, self._most = clock, most_remembered
        self._remembered: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return the principal that a token proves.

        Raises:
            InvalidToken: it proves none.
            Unavailable: its issuer was never heard of since the service is there, so that nobody can tell.

        """
        if len(token) > MOST_CHARACTERS or not token.isascii():
            raise InvalidToken("The token is too long, or no token at all.", code="token-malformed")
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._recall(digest) or await self._verify(token)
        if has_expired(verified.expires_at, self._clock()):
            self._remembered.pop(digest, None)
            raise InvalidToken("The token has expired.", code="token-expired")
        await _check_revocation(verified)
        self._remember(digest, verified)
        return verified.principal

    def _recall(self, digest: bytes) -> _Verified | None:
        """Return what was found of a token before, unless its issuer's keys are others now: then all is forgotten."""
        verified = self._remembered.get(digest)
        if verified is not None and verified.keys_version != verified.keyset.version:
            self._remembered.clear()
            return None
        return verified

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._remembered[digest] = verified
        self._remembered.move_to_end(digest)
        if len(self._remembered) > self._most:
            self._remembered.popitem(last=False)

    async def _verify(self, token: str) -> _Verified:
        try:
            jws = read_jws(token)
        except Malformed as error:
            raise InvalidToken(f"The token is malformed: {error}.", code="token-malformed") from None
        keyset = self._keyset(jws)
        _check_header(jws, keyset.issuer)
        key = await _key(jws, keyset)
        version = keyset.version
        if not key.verifies(jws.algorithm, jws.signed, jws.signature):
            raise InvalidToken("The signature of the token is wrong.", code="token-bad-signature")
        claims = read_claims(jws.claims)
        check_claims(claims, keyset.issuer, self._clock())
        principal = principal_of(claims, keyset.issuer)
        return _Verified(principal, keyset, version, claims.iat, claims.exp)

    def _keyset(self, jws: Jws) -> KeySet:
        """Return the keys of the issuer that a token names."""
        if jws.algorithm not in ALGORITHMS:
            raise InvalidToken("The algorithm of the token is not taken.", code="token-wrong-algorithm")
        issuer = jws.claims.get("iss")
        keyset = self._keysets.get(issuer) if isinstance(issuer, str) else None
        if keyset is None:
            raise InvalidToken("The issuer of the token is not trusted.", code="token-unknown-issuer")
        return keyset


def _check_header(jws: Jws, issuer: TrustedIssuer) -> None:
    if jws.algorithm not in issuer.algorithms:
        raise InvalidToken("The algorithm is not its issuer's.", code="token-wrong-algorithm")
    if not jws.is_of_type(TYPE):
        raise InvalidToken(f"It is no access token: its type is not {TYPE}.", code="token-claims")
    if jws.changes_how_it_is_read:
        raise InvalidToken("The token demands extensions that are not known here.", code="token-claims")


async def _key(jws: Jws, keyset: KeySet) -> Key:
    """Return the one key of the issuer that the token may have been signed with."""
    name = jws.header.get("kid")
    if name is not None and not isinstance(name, str):
        raise InvalidToken("The token names its key by something that is no text.", code="token-malformed")
    keys = await keyset.named(name)
    if not keys:
        raise InvalidToken("The issuer has no such key.", code="token-unknown-key")
    fitting = [key for key in keys if jws.algorithm in key.algorithms]
    if not fitting:
        raise InvalidToken("The algorithm does not fit the key.", code="token-wrong-algorithm")
    if len(fitting) > 1:
        raise InvalidToken(
            "The token does not tell which key of its issuer it has.", code="token-unknown-key"
        )
    return fitting[0]


async def _check_revocation(verified: _Verified) -> None:
    principal = verified.principal
    revocations = await verified.keyset.revocations()
    if revocations.hold_for(principal.token_id, principal.client, verified.issued_at):
        raise InvalidToken("The token was revoked.", code="token-revoked")
