"""What the issuer takes and answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError, to_json

from gateway.issuer.models import Client, ClientSecret
from shared.policy.grants import Grant, Role

DAY_SECONDS = 24 * 3600
MOST_GRANT_BYTES = 8 * 1024
"""Most that the grants of a client have as JSON, so that its tokens fit into a header."""

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
        description="What people call it, without control characters",
    ),
]
ValidDays = Annotated[
    int | None,
    Field(ge=1, le=3650, description="Days after which the new secret expires; never, where none is told"),
]


def _grantable(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    told = to_json([grant.as_claim() for grant in grants])
    if any(grant.role is Role.PUBLIC for grant in grants):
        raise PydanticCustomError("public_granted", "everybody has the role public: it is not granted")
    if b"\\u0000" in told:
        raise PydanticCustomError("nul_character", "text holds no U+0000")
    if len(told) > MOST_GRANT_BYTES:
        raise PydanticCustomError("grants_too_large", "grants have at most 8 KiB as JSON")
    return grants


Grants = Annotated[
    tuple[Grant, ...],
    Field(min_length=1, max_length=100, description="What it may do, and where"),
    AfterValidator(_grantable),
]


class Taken(BaseModel):
    """What is taken has no members that are not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NewClient(Taken):
    """A client to be made; with ``dpop_bound`` it gets tokens that are bound to a key of its own (RFC 9449)."""

    name: Name
    grants: Grants
    dpop_bound: bool = False
    valid_days: ValidDays = None


class ClientChange(Taken):
    """A change of a client: what is not told stays."""

    name: Name | None = None
    grants: Grants | None = None


class NewClientSecret(Taken):
    """A secret to be made; those that are there go on for ``overlap_seconds``."""

    overlap_seconds: int = Field(
        default=DAY_SECONDS, ge=0, le=90 * DAY_SECONDS, description="Seconds after which older secrets expire"
    )
    valid_days: ValidDays = None


class GrantView(BaseModel):
    """A role, and where it holds; a dimension that is null is not restricted."""

    role: Role
    countries: list[str] | None = None
    organisations: list[str] | None = None
    projects: list[str] | None = None


class ClientSecretView(BaseModel):
    """What is known of a secret."""

    id: str
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    revoked_by: str | None
    last_used_at: AwareDatetime | None = Field(description="When a token was last got with it")

    @classmethod
    def of(cls, row: ClientSecret) -> Self:
        """Return the view of a secret."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class ClientView(BaseModel):
    """One client, with its secrets, the newest first."""

    id: str
    name: str
    grants: list[GrantView]
    dpop_bound: bool
    created_at: AwareDatetime
    created_by: str
    changed_at: AwareDatetime | None
    changed_by: str | None
    revoked_at: AwareDatetime | None = Field(description="When all its secrets and tokens were last revoked")
    revoked_by: str | None
    secrets: list[ClientSecretView]

    @classmethod
    def of(cls, row: Client, secrets: Sequence[ClientSecret]) -> Self:
        """Return the view of a client."""
        told: dict[str, Any] = row.model_dump(exclude={"tokens_void_before"})
        return cls.model_validate({**told, "secrets": [ClientSecretView.of(each) for each in secrets]})


class ClientPage(BaseModel):
    """Clients, the newest first, and the cursor of the next page (null on the last)."""

    items: list[ClientView]
    next: str | None


class IssuedSecret(BaseModel):
    """A new secret, shown this once."""

    client_id: str
    client_secret: str = Field(repr=False)
    secret: ClientSecretView


class IssuedClient(BaseModel):
    """A new client with its secret, shown this once."""

    client: ClientView
    client_secret: str = Field(repr=False)


class TokenAnswer(BaseModel):
    """A token (RFC 6749, section 5.1)."""

    access_token: str = Field(repr=False)
    token_type: str
    expires_in: int


class TokenRefusal(BaseModel):
    """Why there is no token (RFC 6749, section 5.2)."""

    error: str
    error_description: str


class KeySet(BaseModel):
    """The keys that tokens are verified with (RFC 7517)."""

    keys: list[dict[str, Any]]


class IssuerMetadata(BaseModel):
    """What a client has to know of the issuer (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    revocation_endpoint: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    dpop_signing_alg_values_supported: list[str]


class RevokedClient(BaseModel):
    """A client whose tokens of before are void; ``before`` is in seconds since 1970."""

    id: str
    before: int


class Revocations(BaseModel):
    """What was revoked and would not have expired yet."""

    tokens: list[str]
    clients: list[RevokedClient]
