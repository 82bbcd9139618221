"""Settings of the monitoring service."""

from pydantic import Field

from shared.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The chassis settings, and how evaluations are planned and alerts are raised."""

    database_pool: int = Field(
        default=10, ge=6, description="Most connections of a process to its database; four are the workers'."
    )
    rate_source: str = Field(
        default="ECB",
        min_length=1,
        max_length=60,
        description="Source of exchange rates that budgets are converted by where evaluations are planned.",
    )
    planning_seconds: float = Field(
        default=3600,
        gt=0,
        description="Longest time between two looks at which evaluations are to be planned.",
    )
    alert_seconds: float = Field(
        default=10, gt=0, description="Time between two looks at what is due or overdue."
    )
    evaluation_notice_days: int = Field(
        default=60,
        ge=0,
        le=3650,
        description="Days before an evaluation is due at which its alert is raised.",
    )
