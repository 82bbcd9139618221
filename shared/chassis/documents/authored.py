"""Aggregates of which only the content is a caller's: everything else follows from what is done with them.

There is no batch of them, which would be a way around what a state allows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C
from shared.chassis.documents.reach import require_reach
from shared.chassis.documents.routes import (
    CurrentActor,
    ExpectedVersion,
    name_of,
    patched,
    receipt,
    require_same,
)
from shared.chassis.documents.schemas import Receipt
from shared.chassis.documents.store import Stored, change, put_one
from shared.chassis.errors import Conflict
from shared.contracts.workflow import ContentLocked


@dataclass(frozen=True, slots=True)
class Authored(Generic[C]):
    """An aggregate with how content becomes a document of it.

    ``begun`` makes a new document of content. ``revised`` makes a document of the stored one and other content, and raises
    ``ContentLocked`` where that may not change. ``signed`` notes the persons, by the names of the one who writes, in a
    document whose content they wrote.
    """

    aggregate: Aggregate[C]
    begun: Callable[[C], C]
    revised: Callable[[C, C], C]
    signed: Callable[[C, Sequence[str]], C] = lambda document, _: document

    def fresh(self, content: C, actor: Actor) -> C:
        """Return a new document that an actor wrote."""
        return self.signed(self.begun(content), actor.own_names)

    def rewritten(self, document: C, content: C, actor: Actor) -> C:
        """Return a document whose content an actor wrote anew; one that stays the same is nobody's work.

        Raises:
            ContentLocked: it would change, and may not.

        """
        after = self.revised(document, content)
        return document if after == document else self.signed(after, actor.own_names)


async def create(session: AsyncSession, kind: Authored[C], content: C, *, actor: Actor) -> Stored:
    """Store a new document.

    Raises:
        Conflict: it exists.
        Invalid: its content breaks a rule.

    """
    return await put_one(session, kind.aggregate, kind.fresh(content, actor), actor=actor, must_be_new=True)


async def put(
    session: AsyncSession, kind: Authored[C], content: C, *, actor: Actor, expected_version: int | None
) -> Stored:
    """Replace the content of a document, or store a new one.

    Raises:
        Conflict: the content may not change.
        StaleVersion: the stored version is not ``expected_version``.
        VersionRequired: it would change, and there is no ``expected_version``.
        Invalid: the content breaks a rule.

    """
    aggregate = kind.aggregate
    identifier = aggregate.identifier(content)
    row = await session.get(aggregate.model, aggregate.id_of(identifier), with_for_update=True)
    await require_reach(session, aggregate, identifier, actor)
    if row is None:
        return await put_one(
            session,
            aggregate,
            kind.fresh(content, actor),
            actor=actor,
            expected_version=expected_version,
            must_be_new=True,
        )
    return await revise(
        session,
        kind,
        identifier,
        lambda _: content,
        actor=actor,
        expected_version=expected_version,
        on_condition=True,
    )


async def revise(  # noqa: PLR0913
    session: AsyncSession,
    kind: Authored[C],
    identifier: str,
    rewrite: Callable[[C], C],
    *,
    actor: Actor,
    expected_version: int | None,
    on_condition: bool = False,
) -> Stored:
    """Change the content of a document, only if they say which version they saw with ``on_condition``.

    Raises:
        NotFound: there is no such document.
        Conflict: the content may not change.
        StaleVersion: the stored version is not ``expected_version``.
        VersionRequired: it would change, and there is no ``expected_version``.
        Invalid: the content breaks a rule.

    """

    def apply(document: C) -> C:
        try:
            return kind.rewritten(document, rewrite(document), actor)
        except ContentLocked as error:
            detail = f"The content of the {kind.aggregate.noun} may not change in its state."
            raise Conflict(detail, code="content-locked") from error

    return await change(
        session,
        kind.aggregate,
        identifier,
        apply,
        actor=actor,
        expected_version=expected_version,
        is_edit=True,
        on_condition=on_condition,
    )


def add_authored_writes(router: APIRouter, kind: Authored[C]) -> None:
    """Add the routes that write content: create, replace and patch."""
    aggregate = kind.aggregate
    contract: Any = aggregate.contract
    noun, name = aggregate.noun, name_of(aggregate)

    @router.post("", operation_id=f"create_{name}", summary=f"Create one {noun}", status_code=201)
    async def create_document(
        session: Uow, actor: CurrentActor, document: contract, response: Response
    ) -> Receipt:
        """Store the content of a new document; everything else begins anew, whatever is sent."""
        return receipt(response, await create(session, kind, document, actor=actor))

    @router.put(
        "/{identifier:path}",
        operation_id=f"put_{name}",
        summary=f"Create one {noun}, or replace its content",
    )
    async def put_document(  # noqa: PLR0913
        session: Uow,
        actor: CurrentActor,
        version: ExpectedVersion,
        identifier: str,
        document: contract,
        response: Response,
    ) -> Receipt:
        """Replace what is the authors'; everything else stays, whatever is sent."""
        require_same(aggregate, identifier, document)
        stored = await put(session, kind, document, actor=actor, expected_version=version)
        return receipt(response, stored)

    @router.patch(
        "/{identifier:path}",
        operation_id=f"patch_{name}",
        summary=f"Change the content of one {noun} (JSON merge patch)",
    )
    async def patch_document(  # noqa: PLR0913
        session: Uow,
        actor: CurrentActor,
        version: ExpectedVersion,
        identifier: str,
        changes: dict[str, Any],
        response: Response,
    ) -> Receipt:
        """Change what is the authors'; everything else stays, whatever is sent."""

        def rewrite(document: C) -> C:
            return patched(aggregate, identifier, document, changes)

        stored = await revise(session, kind, identifier, rewrite, actor=actor, expected_version=version)
        return receipt(response, stored)
