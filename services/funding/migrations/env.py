"""Alembic environment of the funding service."""

from services.funding.models import Base
from shared.chassis.migrations import run_environment

run_environment(Base.metadata)
