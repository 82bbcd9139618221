"""What has no line of sight: activities without a link, links to nothing, country outcomes that serve no outcome."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import execute

OrphanKind = Literal["activity-without-link", "country-outcome-without-link", "link-to-unknown-outcome"]
Key: TypeAlias = Sequence[str]


class Orphan(NamedTuple):
    """Something that leads nowhere, by its kind, the activity or country programme that it is of, and the outcome.

    Of an activity without links there is no outcome, which is told as an empty text.
    """

    kind: str
    identifier: str
    outcome: str


_ORPHANS = text(
    """
    WITH item AS MATERIALIZED (
        SELECT aggregate, CAST(document AS JSONB) AS told FROM "copy"
        WHERE aggregate IN ('activity', 'country-programme', 'programme-budget')
    ), outcome AS MATERIALIZED (
        SELECT coalesce(told ->> 'code', told ->> 'biennium') AS programme, each ->> 'code' AS code,
            aggregate = 'country-programme' AND jsonb_array_length(
                coalesce(each -> 'programme_outcomes', '[]')) = 0 AS is_orphan
        FROM item, jsonb_array_elements(told -> 'outcomes') AS each WHERE aggregate <> 'activity'
    ), orphan AS (
        SELECT 'activity-without-link' AS kind, told ->> 'iati_identifier' AS identifier, '' AS outcome
        FROM item WHERE aggregate = 'activity' AND NOT EXISTS (
            SELECT 1 FROM contributions AS stored
            WHERE stored.identifier = told ->> 'iati_identifier' AND jsonb_array_length(stored.outcomes) > 0)
        UNION ALL
        SELECT 'country-outcome-without-link', programme, code FROM outcome WHERE is_orphan
        UNION ALL
        SELECT 'link-to-unknown-outcome', stored.identifier, linked
        FROM contributions AS stored, jsonb_array_elements_text(stored.outcomes) AS linked
        WHERE NOT EXISTS (SELECT 1 FROM outcome WHERE programme || '/' || code = linked)
    )
    SELECT kind, identifier, outcome FROM orphan
    WHERE (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
        AND (CAST(:after_kind AS TEXT) IS NULL
             OR (kind, identifier, outcome) > (:after_kind, :after_identifier, :after_outcome))
    ORDER BY kind, identifier, outcome LIMIT :limit
    """
)


async def orphans(
    session: AsyncSession, *, kind: OrphanKind | None, after: Key | None, limit: int
) -> list[Orphan]:
    """Return orphans in order of kind, identifier and outcome, as far as the programmes are known here.

    Args:
        session: reads only.
        kind: of this kind only, all where it is None.
        after: kind, identifier and outcome of the last one before, None for the first page.
        limit: most of them.

    """
    after_kind, after_identifier, after_outcome = after or (None, None, None)
    rows = await execute(
        session,
        _ORPHANS,
        kind=kind,
        after_kind=after_kind,
        after_identifier=after_identifier,
        after_outcome=after_outcome,
        limit=limit,
    )
    return [Orphan(*row) for row in rows]
