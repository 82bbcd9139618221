"""Aggregates that are kept whole, as one JSON document with a version: their store and their routes."""

from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, DocumentRow
from shared.chassis.documents.conditions import require_version
from shared.chassis.documents.finding import find, locked
from shared.chassis.documents.reach import require_reach
from shared.chassis.documents.routes import document_router
from shared.chassis.documents.store import (
    Outcome,
    Stored,
    change,
    put_many,
    put_one,
)

__all__ = [
    "Actor",
    "Aggregate",
    "DocumentRow",
    "Outcome",
    "Stored",
    "change",
    "document_router",
    "find",
    "locked",
    "put_many",
    "put_one",
    "require_reach",
    "require_version",
]
