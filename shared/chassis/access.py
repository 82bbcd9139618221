"""What a process verifies tokens with: the issuers that it trusts, their keys, and the proofs that were used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.chassis.db import Database
from shared.chassis.health import CheckFunction
from shared.chassis.http import Client
from shared.chassis.identity.keys import KeySet, keys_check
from shared.chassis.identity.store import (
    DatabaseKeyStore,
    DatabaseSeenProofs,
)
from shared.chassis.identity.tokens import TokenVerifier
from shared.chassis.settings import ServiceSettings
from shared.chassis.workers import Supervisor


@dataclass(frozen=True, slots=True)
class Access:
    """What tells whom a request comes from."""

    verifier: TokenVerifier
    proofs: DatabaseSeenProofs
    check: CheckFunction


@asynccontextmanager
async def open_access(
    settings: ServiceSettings, database: Database, supervisor: Supervisor
) -> AsyncIterator[Access]:
    """Keep the keys of the trusted issuers up to date, and yield what verifies by them."""
    store = DatabaseKeyStore(database)
    async with Client("") as client:
        keysets = [
            KeySet(issuer, store, client, revocations_seconds=settings.revocations_seconds)
            for issuer in settings.issuers
        ]
        for keyset in keysets:
            supervisor.start(keyset)
        proofs = DatabaseSeenProofs(database)
        yield Access(TokenVerifier(keysets), proofs, keys_check(keysets))
