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
        description="Source of exchange rates of the budgets that evaluations are planned by.",
    )
    planning_seconds: float = Field(
        default=3600,
        gt=0,
        description="Longest time between two looks at which [evaluations](learning.md#what-plans-itself) are to be "
        "planned.",
    )
    alert_seconds: float = Field(
        default=10,
        gt=0,
        description="How often the watch of [monitoring](learning.md#alerts) looks for what is due or overdue.",
    )
    evaluation_notice_days: int = Field(
        default=60,
        ge=0,
        le=3650,
        description="Days before an evaluation is due at which its alert is raised.",
    )
