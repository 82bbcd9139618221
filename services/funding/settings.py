"""Settings of the funding service."""

from pydantic import Field

from shared.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The chassis settings, and what the service knows at its start."""

    seed_rates: bool = Field(
        default=True,
        description="Take in the history of the European Central Bank's reference rates at the start, once.",
    )
