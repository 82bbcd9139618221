"""Which entries of the audit a caller may read: those about what its grants hold for.

Nothing is withheld of the documents in them: who may read the audit may see every member of the policy's fields.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from shared.chassis.audit.api import AuditReader, show_whole
from shared.chassis.audit.tables import ENTRY
from shared.chassis.guard import CurrentPermit
from shared.chassis.scoping import KnownPlace, within


class _Placed:
    """An entry as a row that has a place."""

    place_countries = ENTRY.c.place_countries
    place_organisations = ENTRY.c.place_organisations
    place_projects = ENTRY.c.place_projects


_PLACED: Any = _Placed


def reader_by(projects: type[KnownPlace] | None) -> Callable[..., Awaitable[AuditReader]]:
    """Return the dependency that tells what a caller may read, by the table that tells the places of projects."""

    async def reader(permit: CurrentPermit) -> AuditReader:
        return AuditReader(within(_PLACED, permit.grants, projects), show_whole)

    return reader
