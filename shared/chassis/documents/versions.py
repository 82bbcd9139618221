"""Versions of rules that are for good: what was decided by one can be explained for ever, and what changes is another."""

from typing import Any

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C
from shared.chassis.documents.conditions import is_met
from shared.chassis.documents.reach import require_reach
from shared.chassis.documents.routes import CurrentActor, ExpectedVersion, name_of, receipt, require_same
from shared.chassis.documents.schemas import Receipt
from shared.chassis.documents.store import Stored, put_one
from shared.chassis.errors import Conflict


async def adopt(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    version: C,
    *,
    actor: Actor,
    expected_version: int | None = None,
    must_be_new: bool,
) -> Stored:
    """Store a version, once and for good; the same again changes nothing.

    Raises:
        Conflict: the version is there already, and has to be new or says something else.
        StaleVersion: what is stored is not at ``expected_version``.
        Invalid: it breaks a rule.

    """
    await require_reach(session, aggregate, aggregate.identifier(version), actor)
    row = await session.get(aggregate.model, aggregate.id_of(aggregate.identifier(version)))
    as_expected = is_met(expected_version, row.version if row else None)
    if row is not None and not must_be_new and as_expected and row.document != version.to_json():
        detail = f"A version of {aggregate.noun} is never changed; give what changes another version."
        raise Conflict(detail, code="version-for-good")
    return await put_one(
        session,
        aggregate,
        version,
        actor=actor,
        expected_version=expected_version,
        must_be_new=must_be_new or row is None,
    )


def add_version_writes(router: APIRouter, aggregate: Aggregate[C]) -> None:
    """Add the routes that adopt a version."""
    contract: Any = aggregate.contract
    noun, name = aggregate.noun, name_of(aggregate)

    @router.post("", operation_id=f"create_{name}", summary=f"Adopt one version of a {noun}", status_code=201)
    async def create_version(
        session: Uow, actor: CurrentActor, document: contract, response: Response
    ) -> Receipt:
        """Store a version that is not there yet."""
        return receipt(response, await adopt(session, aggregate, document, actor=actor, must_be_new=True))

    @router.put(
        "/{identifier:path}",
        operation_id=f"put_{name}",
        summary=f"Adopt one version of a {noun}, or find it adopted",
    )
    async def put_version(  # noqa: PLR0913
        session: Uow,
        actor: CurrentActor,
        condition: ExpectedVersion,
        identifier: str,
        document: contract,
        response: Response,
    ) -> Receipt:
        """Store a version; one that is there already must be the same."""
        require_same(aggregate, identifier, document)
        stored = await adopt(
            session, aggregate, document, actor=actor, expected_version=condition, must_be_new=False
        )
        return receipt(response, stored)
