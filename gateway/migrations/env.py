"""Alembic environment of what the gateway keeps for good; the read model needs no migrations."""

from gateway.base import Base
from gateway.imports import models
from gateway.incoming import models as incoming
from gateway.issuer import models as issuer
from gateway.projection import generations
from gateway.spreadsheets import models as spreadsheets
from gateway.webhooks import models as webhooks
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
    incoming.IncomingSource,
    incoming.IncomingSecret,
    incoming.IncomingMessage,
    spreadsheets.SpreadsheetLine,
    webhooks.Webhook,
    webhooks.WebhookSecret,
    webhooks.WebhookDelivery,
    webhooks.WebhookAttempt,
    webhooks.WebhookPosition,
)

run_environment(Base.metadata)
