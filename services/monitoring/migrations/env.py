"""Alembic environment of the monitoring service."""

from services.monitoring.models import Base
from shared.chassis.migrations import run_environment

run_environment(Base.metadata)
