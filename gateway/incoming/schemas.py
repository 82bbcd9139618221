"""What is taken and answered about sources and messages of partners."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.incoming.mapping import MessageMapping
from gateway.incoming.models import IncomingMessage, IncomingSecret, IncomingSource
from gateway.incoming.signatures import secret_of
from gateway.issuer.schemas import DAY_SECONDS, Grants, GrantView, Name, Taken, ValidDays
from gateway.webhooks.signing import ED25519, HMAC
from shared.chassis.errors import Fault
from shared.contracts.ids import Identifier

MessageState = Literal["received", "applied", "ignored", "quarantined", "discarded"]
Kind = Literal["hmac", "ed25519"]


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("nul_character", "text holds no U+0000")
    return value


Rationale = Annotated[
    str,
    AfterValidator(_without_nul),
    Field(min_length=1, max_length=2000, description="Why; the audit keeps it"),
]


class NewIncomingSecret(Taken):
    """What messages are to be signed with; secrets that are there go on for ``overlap_seconds``.

    Of ``hmac`` the secret is made here, or told by the partner (``whsec_…``); of ``ed25519`` the partner tells its public
    key (``whpk_…``).
    """

    kind: Kind = "hmac"
    secret: str | None = Field(
        default=None, max_length=200, description="`whsec_…`, where the partner made it"
    )
    public_key: str | None = Field(default=None, max_length=200, description="`whpk_…`, of `ed25519`")
    overlap_seconds: int = Field(
        default=DAY_SECONDS, ge=0, le=90 * DAY_SECONDS, description="Seconds after which older secrets expire"
    )
    valid_days: ValidDays = None

    @property
    def told(self) -> str | None:
        """The secret or key as it is told."""
        return self.secret if self.kind == HMAC else self.public_key

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.secret is not None) if self.kind == ED25519 else (self.public_key is not None):
            raise PydanticCustomError("secret_of_kind", "a secret is of hmac, a public key of ed25519")
        if self.kind == ED25519 and self.public_key is None:
            raise PydanticCustomError("public_key_missing", "ed25519 takes the public key of the partner")
        if self.told is not None:
            try:
                secret_of(self.kind, self.told)
            except ValueError as error:
                raise PydanticCustomError("secret_invalid", "{why}", {"why": str(error)}) from None
        return self


class NewIncomingSource(Taken):
    """A system of a partner that is to push, with its first secret."""

    name: Name
    partner: Identifier = Field(description="The organisation whose system it is")
    grants: Grants
    mapping: MessageMapping
    secret: NewIncomingSecret = NewIncomingSecret()


class IncomingSourceChange(Taken):
    """A change of a source: what is not told stays."""

    name: Name | None = None
    partner: Identifier | None = None
    grants: Grants | None = None
    mapping: MessageMapping | None = None
    disabled: bool | None = None


class Trial(Taken):
    """A message to be mapped without effect."""

    message: dict[str, Any]


class TrialOutcome(BaseModel):
    """The command that a message would become; null if it would have no effect."""

    method: str | None = None
    path: str | None = None
    subject: str | None = None
    body: dict[str, Any] | None = None


class IncomingSecretView(BaseModel):
    """What is known of a secret."""

    id: str
    kind: Kind
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    revoked_by: str | None

    @classmethod
    def of(cls, row: IncomingSecret) -> Self:
        """Return what a row tells."""
        return cls.model_validate(row, from_attributes=True)


class IncomingSourceView(BaseModel):
    """A source; messages go to ``address``."""

    id: str
    name: str
    partner: str
    address: str
    grants: list[GrantView]
    mapping: dict[str, Any]
    version: int
    created_at: AwareDatetime
    created_by: str
    changed_at: AwareDatetime | None
    changed_by: str | None
    disabled_at: AwareDatetime | None
    disabled_by: str | None
    secrets: list[IncomingSecretView]

    @classmethod
    def of(cls, row: IncomingSource, secrets: Sequence[IncomingSecret]) -> Self:
        """Return what rows tell."""
        told = {
            **row.model_dump(),
            "address": f"/v1/incoming/{row.id}",
            "secrets": [IncomingSecretView.of(each) for each in secrets],
        }
        return cls.model_validate(told)


class IncomingSourcePage(BaseModel):
    """One page of sources, newest first, and the cursor of the next (null on the last)."""

    items: list[IncomingSourceView]
    next: str | None


class IssuedIncomingSource(BaseModel):
    """A new source; ``secret`` is told here and never again, null where the partner has it."""

    source: IncomingSourceView
    secret: str | None


class IssuedIncomingSecret(BaseModel):
    """A new secret; ``secret`` is told here and never again, null where the partner has it."""

    id: str
    source: str
    secret: str | None


class Acceptance(BaseModel):
    """That a message is stored; the same is answered however often it comes."""

    id: UUID
    webhook_id: str


class MessageProblem(BaseModel):
    """Why a message is held."""

    code: str
    detail: str
    status: int | None = None
    errors: list[Fault] = []


class IncomingMessageView(BaseModel):
    """A message and what became of it; ``write`` names the version that its command left."""

    id: UUID
    source: str
    webhook_id: str
    type: str | None
    subject: str | None
    state: MessageState
    attempts: int
    received_at: AwareDatetime
    finished_at: AwareDatetime | None
    operation: str | None
    write: str | None
    problem: MessageProblem | None
    decided_by: str | None
    rationale: str | None

    @classmethod
    def of(cls, row: IncomingMessage) -> Self:
        """Return what a row tells."""
        return cls.model_validate({**row.model_dump(), "source": row.source_id})


class IncomingMessageDetail(IncomingMessageView):
    """A message with what it says: ``body`` as it was sent and ``corrected`` as it was released, until they are erased."""

    body: str | None
    corrected: str | None


class IncomingMessagePage(BaseModel):
    """One page of messages, newest first, and the cursor of the next (null on the last)."""

    items: list[IncomingMessageView]
    next: str | None


class Release(Taken):
    """The decision to apply a message that is held: as it is, since the mapping or the thing was mended, or corrected.

    A corrected message is sent with the grants of who corrected it. ``overtaken`` says that it is to be applied although a
    later message of its type about the same subject was.
    """

    rationale: Rationale
    message: dict[str, Any] | None = Field(default=None, description="The message as it should have been")
    overtaken: bool = False


class Discard(Taken):
    """The decision to let a message that is held be."""

    rationale: Rationale
