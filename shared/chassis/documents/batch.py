"""Many documents in one request: each line stands or falls alone."""

from collections.abc import Sequence

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.bodies import TOO_DEEP, is_too_deep
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C
from shared.chassis.documents.bounds import fault_of
from shared.chassis.documents.schemas import BatchOutcome
from shared.chassis.documents.store import put_many
from shared.chassis.errors import Fault, faults_of

_LARGE = 8 * 1024 * 1024
"""Lines longer than this are measured as the document that they would be stored as."""


async def upsert_lines(
    session: AsyncSession, aggregate: Aggregate[C], lines: Sequence[bytes], *, actor: Actor, dry_run: bool
) -> list[BatchOutcome]:
    """Store one document per line, in one transaction, and return one outcome per line.

    A line that breaks the contract, or repeats an identifier of an earlier line, is refused; it costs no
    other line.
    """
    refusals: list[BatchOutcome | None] = []
    documents: dict[str, C] = {}
    for line in lines:
        document, identifier, faults = _read(aggregate, line)
        if identifier in documents:
            faults = [
                Fault(pointer="", code="duplicate-identifier", detail="An earlier line has this identifier.")
            ]
        elif document is not None and identifier is not None and not faults:
            documents[identifier] = document
        refusals.append(
            BatchOutcome(identifier=identifier, outcome="refused", errors=tuple(faults)) if faults else None
        )
    stored = iter(await put_many(session, aggregate, list(documents.values()), actor=actor, dry_run=dry_run))
    return [refusal or BatchOutcome.of(next(stored)) for refusal in refusals]


def _read(aggregate: Aggregate[C], line: bytes) -> tuple[C | None, str | None, list[Fault]]:
    """Return the document of a line, its identifier, and what refuses it."""
    if is_too_deep(line):
        return None, None, [Fault(pointer="", code="nested-too-deeply", detail=TOO_DEEP)]
    try:
        document = aggregate.contract.from_json(line)
    except ValidationError as error:
        return None, None, faults_of(error)
    fault = fault_of(document.to_json()) if b"\\u0000" in line or len(line) > _LARGE else None
    return document, aggregate.identifier(document), [fault] if fault else []
