"""For whom an import is sent: whoever started it, as the row of the import tells."""

from typing import Any

from gateway.acting import Caller, CallerRefused
from gateway.imports.models import Import
from shared.policy.grants import Grant
from shared.policy.permits import Permit


def started_by(permit: Permit) -> dict[str, Any]:
    """Return the columns of an import that tell who starts it, with those grants that let it be started."""
    who = permit.principal
    named = {"issuer": who.issuer, "subject": who.subject, "client": who.client, "name": who.name}
    return {"started_by": named, "grants": [grant.as_claim() for grant in permit.grants]}


def starter_of(row: Import) -> Caller:
    """Return who started an import.

    Raises:
        CallerRefused: that is not known.

    """
    if row.started_by is None or row.grants is None:
        raise CallerRefused("It is not known who started this import; send the file again.")
    grants = tuple(Grant.model_validate(grant) for grant in row.grants)
    return Caller(**row.started_by, grants=grants, since=row.created_at)
