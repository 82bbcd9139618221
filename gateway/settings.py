"""Settings of the gateway."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from shared.chassis.settings import ServiceSettings
from shared.figures.inflows import PROBABILITIES


class Settings(ServiceSettings):
    """Which roles a process has, where the owning services are, and the bounds of an import."""

    roles: frozenset[Literal["api", "importer", "projector"]] = Field(
        default=frozenset({"api", "importer", "projector"}),
        description="What this process does, as a JSON list; every role may have several processes.",
    )
    projects_url: str = Field(default="http://127.0.0.1:8101", description="Address of the projects service.")
    funding_url: str = Field(default="http://127.0.0.1:8102", description="Address of the funding service.")
    monitoring_url: str = Field(
        default="http://127.0.0.1:8103", description="Address of the monitoring service."
    )
    max_import_bytes: int = Field(
        default=1024**3, description="Largest upload of an import, in bytes as sent."
    )
    import_upload_seconds: float = Field(
        default=3600, gt=0, description="Longest time that the upload of an import takes to arrive."
    )
    token_rate_limit: int = Field(
        default=20,
        ge=0,
        description="Failures a minute that an address may have at the issuer of tokens; 0 is no bound.",
    )
    max_import_expanded_bytes: int = Field(
        default=8 * 1024**3, description="Largest import after decompression."
    )
    import_batch_items: int = Field(
        default=250, ge=1, description="Most activities in one request to a service."
    )
    import_retry_seconds: float = Field(
        default=10,
        description="How long an import waits for a service that is away before others get their turn.",
    )
    past_moments: int = Field(
        default=8, ge=1, description="Past states of the read model that are kept once they were asked for."
    )
    rate_source: str = Field(
        default="ECB", description="Source of exchange rates where a request names none."
    )
    pipeline_probabilities: dict[str, Annotated[Decimal, Field(ge=0, le=1)]] = Field(
        default=dict(PROBABILITIES),
        description="How likely it is, of 1, that a proposal of a state, or an `agreement` in draft, brings money.",
    )
    delivery_threshold: Decimal = Field(
        default=Decimal("0.8"),
        gt=0,
        le=1,
        description="Delivery rate that a whole year is to reach where a request names none, of 1.",
    )
    delivery_from: Decimal = Field(
        default=Decimal("0.25"),
        ge=0,
        le=1,
        description="Share of a budget period that has to be over before delivery is expected.",
    )
    answer_cache_bytes: int = Field(
        default=64 * 1024**2, description="Memory for answers that are still current."
    )
    issuer_key: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None,
        description="Key that seals the keys that sign tokens; without it the gateway issues none.",
    )
    issuer_url: str = Field(
        default="http://127.0.0.1:8100",
        pattern=r"^https?://[^/?#\s]+$",
        description="Name of the issuer in its tokens, which is the address that clients know the gateway by.",
    )
    token_seconds: int = Field(default=600, ge=60, le=3600, description="How long a token lives.")

    @property
    def owner_urls(self) -> dict[str, str]:
        """Address of each owning service by name."""
        return {"projects": self.projects_url, "funding": self.funding_url, "monitoring": self.monitoring_url}
