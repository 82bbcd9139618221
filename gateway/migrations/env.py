"""Alembic environment of what the gateway keeps for good; the read model needs no migrations."""

from gateway.base import Base
from gateway.imports import models
from gateway.issuer import models as issuer
from gateway.projection import generations
from shared.chassis.migrations import run_environment

TABLES = (
    models.Import,
    models.ImportChunk,
    models.ImportItem,
    generations.Generation,
    issuer.Client,
    issuer.ClientSecret,
    issuer.SigningKey,
    issuer.RevokedToken,
)

run_environment(Base.metadata)
