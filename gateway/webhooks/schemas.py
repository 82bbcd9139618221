"""What the routes of the webhooks take and answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.webhooks.catalogue import is_known
from gateway.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery, WebhookSecret

DAY_SECONDS = 24 * 3600
MOST_FILTERS = 200
MOST_TYPES = 100

PayloadForm = Literal["thin", "full"]
SignatureKind = Literal["hmac", "ed25519"]
WebhookState = Literal["enabled", "disabled"]
DisabledBecause = Literal["asked", "failing", "gone", "void"]
DeliveryState = Literal["pending", "delivered", "failed", "skipped"]


def _known_type(pattern: str) -> str:
    if not is_known(pattern):
        raise PydanticCustomError("unknown_event_type", "there is no such type of events, and no such prefix")
    return pattern


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("control_characters", "text holds no control characters")
    return text


Url = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_printable)]
Description = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Code = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
EventTypes = Annotated[
    tuple[Annotated[str, Field(max_length=100), AfterValidator(_known_type)], ...],
    Field(
        max_length=MOST_TYPES,
        description="Types, or prefixes of types as `funding.*`; none of them is all",
    ),
]
Codes = Annotated[tuple[Code, ...], Field(max_length=MOST_FILTERS)]


class Taken(BaseModel):
    """What is taken has no members that are not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WebhookFilter(Taken):
    """What events have to be about: any one of the values of each list; a list that is empty restricts nothing.

    ``agreements`` are numbers of agreements: themselves, and the projects that they are allocated to. ``outcomes`` are
    ``<biennium>/<code>`` or ``<country programme>/<code>``: what names them, and the projects that contribute to them.
    """

    countries: Codes = ()
    organisations: Codes = ()
    agreements: Codes = ()
    outcomes: Codes = ()


class NewWebhook(Taken):
    """A subscription to be made; ``id`` is a UUID of version 7 where the caller makes it."""

    id: UUID | None = None
    url: Url
    description: Description = ""
    event_types: EventTypes = ()
    filter: WebhookFilter = WebhookFilter()
    payload: PayloadForm = "thin"
    signature: SignatureKind = "hmac"


class WebhookChange(Taken):
    """A change of a subscription: what is not told stays."""

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    filter: WebhookFilter | None = None
    payload: PayloadForm | None = None


class NewWebhookSecret(Taken):
    """A key to be made; those that are there sign beside it for ``overlap_seconds``."""

    overlap_seconds: int = Field(
        default=DAY_SECONDS, ge=0, le=30 * DAY_SECONDS, description="Seconds for which older keys go on"
    )
    signature: SignatureKind | None = Field(
        default=None, description="How to sign from now on, if not as before"
    )


class Enabling(Taken):
    """How to go on: with what happened meanwhile, in order, or only with what happens from now on."""

    catch_up: bool = True


class Since(Taken):
    """From when on."""

    since: AwareDatetime


class WebhookKeyView(BaseModel):
    """What is known of a key that signs; ``public_key`` (``whpk_``) verifies what an ed25519 key signs."""

    id: UUID
    signature: SignatureKind
    public_key: str | None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None

    @classmethod
    def of(cls, row: WebhookSecret) -> Self:
        """Return the view of a key."""
        told = {"signature": row.kind, "public_key": row.public}
        return cls.model_validate(
            {**row.model_dump(include={"id", "created_at", "created_by", "expires_at"}), **told}
        )


class WebhookView(BaseModel):
    """One subscription with its keys, the newest first; ``client`` is the system that owns it."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    filter: WebhookFilter
    payload: PayloadForm
    signature: SignatureKind
    state: WebhookState
    disabled_because: DisabledBecause | None = Field(
        description="`asked`, `failing` for days, `gone` (410), or `void`: its client was revoked"
    )
    disabled_at: AwareDatetime | None
    failing_since: AwareDatetime | None = Field(description="When deliveries began to fail, if they do now")
    last_success_at: AwareDatetime | None
    catching_up: bool = Field(description="Whether it is being told what it missed or asked for again")
    client: str
    version: int
    created_at: AwareDatetime
    changed_at: AwareDatetime | None
    keys: list[WebhookKeyView]

    @classmethod
    def of(cls, row: Webhook, keys: Sequence[WebhookSecret]) -> Self:
        """Return the view of a subscription."""
        told: dict[str, Any] = row.model_dump()
        return cls.model_validate(
            {
                **told,
                "client": row.made_by["client"],
                "filter": row.model_dump(include=set(WebhookFilter.model_fields)),
                "catching_up": row.state == "enabled" and row.position is not None,
                "keys": [WebhookKeyView.of(each) for each in keys],
            }
        )


class WebhookPage(BaseModel):
    """Subscriptions, the newest first, and the cursor of the next page (null on the last)."""

    items: list[WebhookView]
    next: str | None


class IssuedWebhook(BaseModel):
    """A new subscription, or a new key of one; ``secret`` (``whsec_``) is shown this once, null of ed25519."""

    webhook: WebhookView
    secret: str | None = Field(repr=False)


class AttemptView(BaseModel):
    """One attempt; ``answer`` is the start of what was answered, made printable."""

    at: AwareDatetime
    status: int | None
    error: str | None = Field(description="Why there was no answer")
    milliseconds: int
    answer: str

    @classmethod
    def of(cls, row: WebhookAttempt) -> Self:
        """Return the view of an attempt."""
        return cls.model_validate(row.model_dump())


class DeliveryView(BaseModel):
    """What a subscription is told of one version; ``id`` is the ``webhook-id``."""

    id: UUID
    type: str
    aggregate: str
    aggregate_id: UUID
    identifier: str | None
    version: int
    occurred_at: AwareDatetime
    state: DeliveryState
    attempts: int
    next_at: AwareDatetime | None = Field(description="When it is tried next, of one that is pending")
    last_status: int | None
    last_error: str | None
    created_at: AwareDatetime
    done_at: AwareDatetime | None

    @classmethod
    def of(cls, row: WebhookDelivery) -> Self:
        """Return the view of a delivery."""
        next_at: datetime | None = row.next_at if row.state == "pending" else None
        return cls.model_validate({**row.model_dump(), "id": row.event_id, "next_at": next_at})


class DeliveryDetail(BaseModel):
    """One delivery with its attempts, the newest first."""

    delivery: DeliveryView
    attempts: list[AttemptView]


class DeliveryPage(BaseModel):
    """Deliveries, the newest first, and the cursor of the next page (null on the last)."""

    items: list[DeliveryView]
    next: str | None


class Recovered(BaseModel):
    """How many deliveries that had failed are tried again."""

    recovered: int


class PingOutcome(BaseModel):
    """How the test went; ``error`` tells why there was no answer."""

    id: UUID
    delivered: bool
    status: int | None
    error: str | None
    milliseconds: int
    answer: str


class EventTypeView(BaseModel):
    """A type of events, with the JSON Schema of its payload and an example of a full one."""

    name: str
    summary: str
    payload_schema: dict[str, Any] = Field(alias="schema", serialization_alias="schema")
    example: dict[str, Any]


class EventTypeList(BaseModel):
    """Types of events in the order of the catalog."""

    items: list[EventTypeView]
