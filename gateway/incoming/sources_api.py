"""HTTP interface to manage the sources that push, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response, status
from pydantic_core import to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.incoming import sources
from gateway.incoming.api import CurrentSealer, SourceId
from gateway.incoming.handlers import fitting
from gateway.incoming.models import IncomingSource
from gateway.incoming.payloads import body_of
from gateway.incoming.schemas import (
    IncomingSourceChange,
    IncomingSourcePage,
    IncomingSourceView,
    IssuedIncomingSecret,
    IssuedIncomingSource,
    NewIncomingSecret,
    NewIncomingSource,
    Trial,
    TrialOutcome,
)
from gateway.incoming.store import find_source, list_sources, secrets_of
from gateway.issuer.oauth import current_issuer
from gateway.issuer.refusals import NOT_STORED
from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.routes import CurrentActor, ExpectedVersion
from shared.chassis.errors import Fault, Invalid
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText

router = APIRouter(
    prefix="/v1/incoming-sources",
    tags=["incoming webhooks"],
    route_class=JsonRoute,
    dependencies=[Depends(current_issuer)],
)

SecretId = Annotated[FilterText, Path(max_length=100)]


@router.get("", summary="List sources that push, the newest first")
async def list_incoming_sources(
    session: ReadSession, cursors: Cursors, cursor: Cursor = None, limit: Limit = 50
) -> IncomingSourcePage:
    """Return one page of sources."""
    after = cursors.decode(cursor, str)[0] if cursor else None
    rows = await list_sources(session, after, limit + 1)
    secrets = await secrets_of(session, [row.id for row in rows[:limit]])
    following = cursors.encode([rows[limit - 1].id]) if len(rows) > limit else None
    items = [IncomingSourceView.of(row, secrets[row.id]) for row in rows[:limit]]
    return IncomingSourcePage(items=items, next=following)


@router.post("", summary="Create one source", status_code=status.HTTP_201_CREATED)
async def create_incoming_source(
    session: Uow, sealer: CurrentSealer, actor: CurrentActor, command: NewIncomingSource, response: Response
) -> IssuedIncomingSource:
    """Make a source; a secret that is made here is told in this answer and never again."""
    source, row, told = await sources.create_source(session, sealer, actor.name, command)
    await _note(session, actor, source, before=None)
    response.headers.update(
        {**NOT_STORED, "Location": f"/v1/incoming-sources/{source.id}", "ETag": _tag(source)}
    )
    return IssuedIncomingSource(source=IncomingSourceView.of(source, [row]), secret=told)


@router.get("/{source_id}", summary="One source")
async def read_incoming_source(
    session: ReadSession, source_id: SourceId, response: Response
) -> IncomingSourceView:
    """Return a source, with what is known of its secrets."""
    source = await find_source(session, source_id)
    response.headers["ETag"] = _tag(source)
    return IncomingSourceView.of(source, (await secrets_of(session, [source_id]))[source_id])


@router.patch("/{source_id}", summary="Change the grants or the mapping of one source, or disable it")
async def patch_incoming_source(  # noqa: PLR0913
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    source_id: SourceId,
    command: IncomingSourceChange,
    response: Response,
) -> IncomingSourceView:
    """Change what is told; messages that are stored already are mapped anew when they are applied."""
    before = told_bounds(await find_source(session, source_id))
    source = await sources.change_source(session, actor.name, source_id, command, version)
    await _note(session, actor, source, before=before)
    response.headers["ETag"] = _tag(source)
    return IncomingSourceView.of(source, (await secrets_of(session, [source_id]))[source_id])


@router.post(
    "/{source_id}/secrets", summary="Make another secret of one source", status_code=status.HTTP_201_CREATED
)
async def create_incoming_secret(  # noqa: PLR0913
    session: Uow,
    sealer: CurrentSealer,
    actor: CurrentActor,
    source_id: SourceId,
    command: NewIncomingSecret,
    response: Response,
) -> IssuedIncomingSecret:
    """Make a secret, told in this answer and never again; older ones go on for ``overlap_seconds``."""
    row, told = await sources.create_secret(session, sealer, actor.name, source_id, command)
    await _affect(session, actor.because(f"secret {row.id} was made"), source_id)
    response.headers.update(NOT_STORED)
    return IssuedIncomingSecret(id=row.id, source=source_id, secret=told)


@router.delete(
    "/{source_id}/secrets/{secret_id}",
    summary="Revoke one secret of a source",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def delete_incoming_secret(
    session: Uow, actor: CurrentActor, source_id: SourceId, secret_id: SecretId
) -> None:
    """Revoke a secret; nothing that it signs is taken from now on."""
    await sources.revoke_secret(session, actor.name, source_id, secret_id)
    await _affect(session, actor.because(f"secret {secret_id} was revoked"), source_id)


@router.post("/{source_id}/trials", summary="Tell what one message would become")
async def try_incoming_source(session: ReadSession, source_id: SourceId, trial: Trial) -> TrialOutcome:
    """Map a message without effect.

    Raises:
        Invalid: it does not fit; the pointers lead into the mapping.

    """
    fit = fitting(await find_source(session, source_id), body_of(trial.message))
    if fit.problem is not None:
        errors = [Fault.model_validate(each) for each in fit.problem.get("errors", ())]
        raise Invalid(fit.problem["detail"], code="message-not-mapped", errors=errors)
    if fit.mapped is None:
        return TrialOutcome()
    found = fit.mapped
    return TrialOutcome(
        method=found.command.method, path=found.target, subject=found.subject, body=found.body
    )


def told_bounds(source: IncomingSource) -> str:
    """Return what bounds a source as the audit tells it."""
    bounds = {"grants": source.grants, "disabled": source.disabled_at is not None}
    return to_json(bounds).decode()


async def _note(session: AsyncSession, actor: Actor, source: IncomingSource, *, before: str | None) -> None:
    """Write what was done with a source into the audit, with what bounds it where that was changed."""
    after = told_bounds(source)
    changed = f"bounds: {before or 'none'} became {after}" if after != before else None
    await _affect(session, actor.because(changed), source.id)


async def _affect(session: AsyncSession, actor: Actor, source_id: str) -> None:
    await note_changes(session, actor.attempt, [Affected(aggregate="incoming-source", identifier=source_id)])


def _tag(source: IncomingSource) -> str:
    return f'"{source.version}"'
