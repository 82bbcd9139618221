"""What a token states of its subject: the claims of access tokens (RFC 9068), and the principal that they make.

Pure: the signature was verified before, so that what is wrong here was stated by an issuer that is trusted.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.identity.refusals import InvalidToken
from shared.policy.grants import Grant, Role
from shared.policy.principals import Principal

LEEWAY_SECONDS = 30
"""How far the clocks of an issuer and of a service may be apart."""
LONGEST_SECONDS = 24 * 60 * 60
MOST_NAME = 200

_JOINERS = "\u200c\u200d"
"""Characters without a shape that names in many scripts are spelled with."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def _without_controls(text: str) -> str:
    if _CONTROLS.search(text):
        raise ValueError("it has control characters")
    return text


def _may_be_granted(grant: Grant) -> Grant:
    if grant.role is Role.PUBLIC:
        raise ValueError("everybody is public already")
    for values in grant.restrictions.values():
        any(map(_without_controls, values))
    return grant


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_without_controls)]
Time = Annotated[float, Field(strict=True, ge=0, le=2**53, allow_inf_nan=False)]
"""Seconds since 1970, which may have a fraction (RFC 7519, section 2)."""
Several = str | tuple[str, ...]
Granted = Annotated[Grant, AfterValidator(_may_be_granted)]


class Actor(BaseModel):
    """Who acts for the subject (RFC 8693, section 4.1); whoever acted before in a chain is told to nobody."""

    sub: Name


class Confirmation(BaseModel):
    """The key that the token is bound to; another binding than DPoP's is not checked here, so it is not taken."""

    model_config = ConfigDict(extra="forbid")

    jkt: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")


class Claims(BaseModel):
    """The claims of an access token that count; others are passed over."""

    iss: Name
    sub: Name
    client_id: Name
    jti: Name
    aud: Several
    exp: Time
    iat: Time
    nbf: Time | None = None
    name: str | None = None
    preferred_username: str | None = None
    entitlements: tuple[Granted, ...] = ()
    roles: Several = ()
    groups: Several = ()
    act: Actor | None = None
    cnf: Confirmation | None = None


def read_claims(stated: dict[str, Any]) -> Claims:
    """Return the claims of an access token.

    Raises:
        InvalidToken: one is missing or wrong.

    """
    try:
        return Claims.model_validate(stated)
    except ValidationError as error:
        names = sorted({str(fault["loc"][0]) for fault in error.errors(include_input=False)})
        detail = f"Claims of the token are missing or wrong: {', '.join(names)}."
        raise InvalidToken(detail, code="token-claims") from None


def check_claims(claims: Claims, issuer: TrustedIssuer, now: float) -> None:
    """Check that a token is for us, for now, and states nothing that its issuer may not.

    Raises:
        InvalidToken: it is not, or it does.

    """
    if issuer.audience not in _each(claims.aud):
        raise InvalidToken("The token is not meant for this office.", code="token-wrong-audience")
    if has_expired(claims.exp, now):
        raise InvalidToken("The token has expired.", code="token-expired")
    if max(claims.iat, claims.nbf or 0) > now + LEEWAY_SECONDS:
        raise InvalidToken("The token is not valid yet.", code="token-not-yet-valid")
    if claims.exp - claims.iat > LONGEST_SECONDS:
        raise InvalidToken("The token is valid for more than a day.", code="token-claims")
    if claims.act is not None and not issuer.may_delegate:
        raise InvalidToken("The issuer may not state who acts for the subject.", code="token-claims")


def has_expired(expires_at: float, now: float) -> bool:
    """Tell whether a token's time is over."""
    return now >= expires_at + LEEWAY_SECONDS


def principal_of(claims: Claims, issuer: TrustedIssuer) -> Principal:
    """Return the principal that the claims of a token make."""
    return Principal(
        issuer=issuer.issuer,
        subject=claims.sub,
        client=claims.client_id,
        name=_shown(claims.name) or _shown(claims.preferred_username) or claims.sub[:MOST_NAME],
        grants=tuple(dict.fromkeys([*claims.entitlements, *_mapped(claims, issuer)])),
        token_id=claims.jti,
        expires_at=int(claims.exp),
        delegate=claims.act.sub if claims.act else None,
        key_thumbprint=claims.cnf.jkt if claims.cnf else None,
    )


def _mapped(claims: Claims, issuer: TrustedIssuer) -> Iterator[Grant]:
    for value in (*_each(claims.roles), *_each(claims.groups)):
        yield from issuer.grants.get(value, ())


def _each(value: Several) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _shown(name: str | None) -> str:
    """Return a name as it may be shown: without characters that are not seen, and not without end."""
    seen = (each for each in name or "" if each in _JOINERS or unicodedata.category(each) not in _UNSEEN)
    return "".join(seen).strip()[:MOST_NAME]
