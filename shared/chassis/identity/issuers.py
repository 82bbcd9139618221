"""The issuers of tokens that are trusted, and what each may state."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, model_validator

from shared.chassis.identity.jwk import Algorithm
from shared.policy.grants import Grant, Role

_ADDRESS: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _address(text: str) -> str:
    _ADDRESS.validate_python(text)
    return text


Address = Annotated[str, Field(max_length=2000), AfterValidator(_address)]


class TrustedIssuer(BaseModel):
    """An OpenID Connect provider, or any other issuer of access tokens (RFC 9068), by its public keys.

    ``issuer`` is compared with the claim ``iss`` letter by letter. The keys come from ``jwks_url`` or from
    ``jwks_file``, and from nowhere that a token names. Addresses are asked directly, never through a proxy; where a
    provider can be reached through one only, something else keeps the file up to date, which is read again as often.
    Plain ``http`` is for issuers beside the services: whoever can change what it answers can make tokens.

    ``grants`` are for providers that cannot state ``entitlements``: what each value of the claims ``roles`` and
    ``groups`` gives. Values that it does not name give nothing.

    ``may_delegate``: a token with the claim ``act`` (RFC 8693) says that somebody acts for its subject, and is audited
    as the deed of both. Only an issuer that checks who may act for whom is believed in this. Another's is refused whole:
    without the claim, the record would hide who acted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1, max_length=500, pattern=r"^[^#\s]+$")
    audience: str = Field(default="devcoop", min_length=1, max_length=500)
    jwks_url: Address | None = None
    jwks_file: Path | None = None
    revocations_url: Address | None = None
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256", "EdDSA"), min_length=1)
    grants: dict[str, tuple[Grant, ...]] = {}
    may_delegate: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("an issuer has either jwks_url or jwks_file")
        if any(grant.role is Role.PUBLIC for grants in self.grants.values() for grant in grants):
            raise ValueError("everybody is public already, so that no value gives it")
        return self
