"""Conditions on the version of a document (RFC 9110, section 13.1.1, and RFC 6585, section 3), and what differs if one fails."""

from collections.abc import Callable
from typing import Any

from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import execute
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C, DocumentRow
from shared.chassis.documents.differences import bounded, difference
from shared.chassis.documents.members import leave_out
from shared.chassis.documents.reach import full_place
from shared.chassis.errors import Difference, PreconditionFailed, PreconditionRequired, Problem
from shared.contracts.events import decode
from shared.policy.grants import covered
from shared.policy.permits import reading

ANY_VERSION = 0
"""What a caller expects who only asks that there be a version."""
LARGEST = 4 * 1024 * 1024
"""Characters of a document that is compared; who has a larger one reads it again."""

_TOLD = text(
    "SELECT payload FROM outbox WHERE aggregate_id = :id AND strpos(payload, :mark) > 0 ORDER BY id DESC"
)

Told = tuple[list[Difference], bool]
"""Differences, and whether they are all."""


class StaleVersion(PreconditionFailed):
    """The condition on the version of a document failed; ``told`` is what differs, where that is told."""

    default_code = "stale-version"

    def __init__(self, detail: str, *, current_version: int | None = None, told: Told | None = None) -> None:
        super().__init__(detail)
        self.current_version, self.told = current_version, told

    @property
    def headers(self) -> dict[str, str]:
        """The version that is stored."""
        return {} if self.current_version is None else {"ETag": f'"{self.current_version}"'}

    def problem(self) -> Problem:
        """Return the body that tells of the refusal, and of what is different from the caller's version."""
        more: dict[str, Any] = {"current_version": self.current_version}
        if self.told is not None:
            more["difference"], more["is_all"] = self.told
        return super().problem().model_copy(update=more)


class VersionRequired(PreconditionRequired):
    """A document is stored and would change, and nobody says which version of it they saw."""

    def __init__(self, detail: str, *, current_version: int) -> None:
        super().__init__(detail)
        self.current_version = current_version

    @property
    def headers(self) -> dict[str, str]:
        """The version that is stored."""
        return {"ETag": f'"{self.current_version}"'}

    def problem(self) -> Problem:
        """Return the body that tells of the refusal."""
        return super().problem().model_copy(update={"current_version": self.current_version})


def is_met(expected: int | None, version: int | None) -> bool:
    """Tell whether a version is the one that is expected; None is expected by who states no condition."""
    return expected in (None, version) or (expected == ANY_VERSION and version is not None)


def require_condition(aggregate: Aggregate[C], identifier: str, version: int, expected: int | None) -> None:
    """Check that who replaces a stored document says which version of it is replaced.

    Raises:
        VersionRequired: they do not.

    """
    if expected is None:
        detail = (
            f"The {aggregate.noun} {identifier!r} is stored and would change. Send If-Match with the version that"
            ' the change is based on, or "*" for any.'
        )
        raise VersionRequired(detail, current_version=version)


async def require_version(
    session: AsyncSession, aggregate: Aggregate[C], row: DocumentRow, expected: int | None, actor: Actor
) -> None:
    """Check that a document is at the version that a caller expects, before anything is decided by its state.

    Raises:
        StaleVersion: it is not.

    """
    if not is_met(expected, row.version):
        raise await stale(session, aggregate, row.identifier, row, expected=expected, actor=actor)


async def stale(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    identifier: str,
    row: DocumentRow | None,
    *,
    expected: int | None,
    actor: Actor,
    yours: Callable[[C | None], C | None] = lambda _: None,
) -> StaleVersion:
    """Return how the condition failed, with what differs where the actor may see it.

    ``yours`` makes what the caller wants stored of the version that the condition is about, None where that is not
    known; and returns None where it is nothing that can be compared.
    """
    stands = "absent" if row is None else f"at version {row.version}"
    asked = "any version" if expected == ANY_VERSION else f"version {expected}"
    detail = f"The {aggregate.noun} {identifier!r} is {stands}; the change was based on {asked}."
    if row is None:
        return StaleVersion(detail)
    told = None
    if len(row.document) <= LARGEST:
        told = await _differences(session, aggregate, row, expected, actor, yours)
    return StaleVersion(detail, current_version=row.version, told=told)


async def _differences(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    row: DocumentRow,
    expected: int | None,
    actor: Actor,
    yours: Callable[[C | None], C | None],
) -> Told | None:
    theirs = aggregate.contract.from_event(row.document)
    base = await _former(session, aggregate, row, expected)
    seen = await _seen(session, aggregate, theirs, actor)
    if seen is None:
        return None
    if base is not None:
        then = await _seen(session, aggregate, base, actor)
        base, seen = (None, seen) if then is None else (base, (*seen, *then))
    wanted = yours(base)
    stored = _shown(theirs, seen)
    if base is None:
        return None if wanted is None else _unbased(_shown(wanted, seen), stored)
    began = _shown(base, seen)
    if wanted is None:
        entries, is_all = bounded(difference(began, began, stored))
        return [each.model_copy(update={"yours": None}) for each in entries], is_all
    return bounded(difference(began, _shown(wanted, seen), stored))


def _unbased(wanted: Any, stored: Any) -> Told:  # noqa: ANN401
    """Return what differs where nobody knows what both began with: each is a conflict."""
    entries, is_all = bounded(difference(stored, wanted, stored))
    return [each.model_copy(update={"base": None, "conflict": True}) for each in entries], is_all


async def _former(
    session: AsyncSession, aggregate: Aggregate[C], row: DocumentRow, version: int | None
) -> C | None:
    """Return a version of a document as it was told, None if it was not."""
    if version is None or not 0 < version < row.version:
        return None
    mark = f'"aggregate_version":{version},'
    for (payload,) in await execute(session, _TOLD, id=row.id, mark=mark):
        header, data = decode(payload.encode())
        if header.aggregate_version == version:
            return aggregate.contract.from_event(data)
    return None


async def _seen(
    session: AsyncSession, aggregate: Aggregate[C], document: C, actor: Actor
) -> tuple[str, ...] | None:
    """Return the members that are withheld from an actor, None if it may not see the document at all."""
    if actor.reader is None:
        return ()
    permit, place = reading(actor.reader, aggregate.noun), await full_place(session, aggregate, document)
    if not permit.covers(place):
        return None
    return tuple(member for member, grants in permit.withheld() if not covered(grants, place))


def _shown(document: C, withheld: tuple[str, ...]) -> Any:  # noqa: ANN401
    told = from_json(document.to_json())
    for name in withheld:
        leave_out(told, name.split("."))
    return told
