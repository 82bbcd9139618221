"""Alembic environment of the projects service."""

from services.projects.models import Base
from shared.chassis.migrations import run_environment

run_environment(Base.metadata)
