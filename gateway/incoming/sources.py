"""What administrators do with the sources that push; each is one use case in the caller's transaction."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.incoming.mapping import MessageMapping, faults_of_mapping
from gateway.incoming.models import IncomingSecret, IncomingSource
from gateway.incoming.schemas import IncomingSourceChange, NewIncomingSecret, NewIncomingSource
from gateway.incoming.signatures import secret_of
from gateway.incoming.store import find_source
from gateway.issuer.sealing import Sealer
from gateway.webhooks.signing import HMAC, new_key
from shared.chassis.documents.conditions import StaleVersion, is_met
from shared.chassis.errors import Fault, Invalid, NotFound
from shared.chassis.ids import uuid7
from shared.policy.grants import Grant
from shared.policy.permits import may
from shared.policy.principals import Principal

_SECRET_ID_BYTES = 8


async def create_source(
    session: AsyncSession, sealer: Sealer, principal_name: str, command: NewIncomingSource
) -> tuple[IncomingSource, IncomingSecret, str | None]:
    """Make a source with its first secret; return what of it is to be told.

    Raises:
        Invalid: the mapping cannot be, or the grants do not allow what it leads to.

    """
    _require_mapping(command.mapping, command.grants)
    source = IncomingSource(
        id=f"dci_{uuid7().hex}",
        name=command.name,
        partner=command.partner,
        grants=[grant.as_claim() for grant in command.grants],
        mapping=_told(command.mapping),
        created_at=datetime.now(UTC),
        created_by=principal_name,
    )
    session.add(source)
    await session.flush()
    row, told = await _add_secret(session, sealer, source, principal_name, command.secret)
    return source, row, told


async def change_source(
    session: AsyncSession,
    principal_name: str,
    source_id: str,
    command: IncomingSourceChange,
    expected_version: int | None,
) -> IncomingSource:
    """Change what is told of a source.

    Raises:
        NotFound: there is no such source.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: the mapping cannot be, or the grants do not allow what it leads to.

    """
    source = await find_source(session, source_id, locked=True)
    if not is_met(expected_version, source.version):
        detail = f"The source is at version {source.version}."
        raise StaleVersion(detail, current_version=source.version)
    if command.mapping is not None:
        source.mapping = _told(command.mapping)
    if command.grants is not None:
        source.grants = [grant.as_claim() for grant in command.grants]
    if command.mapping is not None or command.grants is not None:
        _require_mapping(mapping_of(source), grants_of(source))
    source.name = command.name or source.name
    source.partner = command.partner or source.partner
    now = datetime.now(UTC)
    if command.disabled is not None and command.disabled != (source.disabled_at is not None):
        source.disabled_at = now if command.disabled else None
        source.disabled_by = principal_name if command.disabled else None
    source.version += 1
    source.changed_at, source.changed_by = now, principal_name
    await session.flush()
    return source


async def create_secret(
    session: AsyncSession, sealer: Sealer, principal_name: str, source_id: str, command: NewIncomingSecret
) -> tuple[IncomingSecret, str | None]:
    """Make another secret of a source; those that are there go on for a while.

    Raises:
        NotFound: there is no such source.

    """
    source = await find_source(session, source_id, locked=True)
    until = datetime.now(UTC) + timedelta(seconds=command.overlap_seconds)
    sooner = func.least(col(IncomingSecret.expires_at), until)  # which passes over null
    await session.exec(
        update(IncomingSecret).where(col(IncomingSecret.source_id) == source.id).values(expires_at=sooner)
    )
    return await _add_secret(session, sealer, source, principal_name, command)


async def revoke_secret(session: AsyncSession, principal_name: str, source_id: str, secret_id: str) -> None:
    """Revoke one secret: no message that it signs is taken any more.

    Raises:
        NotFound: there is no such secret.

    """
    await find_source(session, source_id, locked=True)
    secret = await session.get(IncomingSecret, secret_id)
    if secret is None or secret.source_id != source_id:
        raise NotFound("The source has no such secret.")
    if secret.revoked_at is None:
        secret.revoked_at, secret.revoked_by = datetime.now(UTC), principal_name
    await session.flush()


def mapping_of(source: IncomingSource) -> MessageMapping:
    """Return how messages of a source are mapped."""
    return MessageMapping.model_validate(source.mapping)


def grants_of(source: IncomingSource) -> Sequence[Grant]:
    """Return what bounds the messages of a source."""
    return [Grant.model_validate(grant) for grant in source.grants]


def _told(mapping: MessageMapping) -> dict[str, object]:
    """Return a mapping as it was declared."""
    return mapping.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _require_mapping(mapping: MessageMapping, grants: Sequence[Grant]) -> None:
    faults = faults_of_mapping(mapping)
    principal = Principal(issuer="", subject="", client="", name="", grants=tuple(grants))
    for type_, rule in mapping.rules.items():
        command = rule.command
        if command and not any(may(principal, command.resource, action) for action in command.actions):
            detail = f"No grant allows to {' or '.join(command.actions)} of {command.resource}."
            faults.append(Fault(pointer=f"/rules/{type_}", code="grant-missing", detail=detail))
    if faults:
        within = [each.model_copy(update={"pointer": f"/mapping{each.pointer}"}) for each in faults]
        raise Invalid("The mapping can not be used.", code="invalid-mapping", errors=within)


async def _add_secret(
    session: AsyncSession,
    sealer: Sealer,
    source: IncomingSource,
    principal_name: str,
    command: NewIncomingSecret,
) -> tuple[IncomingSecret, str | None]:
    now, id_ = datetime.now(UTC), f"dis_{secrets.token_hex(_SECRET_ID_BYTES)}"
    if command.told is None:
        key = new_key(HMAC)
        content, told = key.content, key.told
    else:
        content, told = secret_of(command.kind, command.told), None
    row = IncomingSecret(
        id=id_,
        source_id=source.id,
        kind=command.kind,
        sealed=sealer.seal(content, id_),
        created_at=now,
        created_by=principal_name,
        expires_at=now + timedelta(days=command.valid_days) if command.valid_days else None,
    )
    session.add(row)
    await session.flush()
    return row, told
