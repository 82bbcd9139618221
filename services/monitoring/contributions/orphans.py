"""What has no line of sight: activities without a link, links to nothing, country outcomes that serve no outcome."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from sqlalchemy import ARRAY, Text, Uuid, column, text, tuple_
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.scoping import required_permit, within

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
        SELECT aggregate, id, place_countries, place_organisations, CAST(document AS JSONB) AS told FROM "copy"
        WHERE aggregate IN ('activity', 'country-programme', 'programme-budget')
    ), outcome AS MATERIALIZED (
        SELECT coalesce(told ->> 'code', told ->> 'biennium') AS programme, each ->> 'code' AS code,
            ARRAY[told ->> 'country'] AS countries,
            aggregate = 'country-programme' AND jsonb_array_length(
                coalesce(each -> 'programme_outcomes', '[]')) = 0 AS is_orphan
        FROM item, jsonb_array_elements(told -> 'outcomes') AS each WHERE aggregate <> 'activity'
    ), orphan AS (
        SELECT 'activity-without-link' AS kind, told ->> 'iati_identifier' AS identifier, '' AS outcome,
            place_countries, place_organisations, ARRAY[id] AS place_projects
        FROM item WHERE aggregate = 'activity' AND NOT EXISTS (
            SELECT 1 FROM contributions AS stored
            WHERE stored.identifier = told ->> 'iati_identifier' AND jsonb_array_length(stored.outcomes) > 0)
        UNION ALL
        SELECT 'country-outcome-without-link', programme, code, countries, '{}', '{}'
        FROM outcome WHERE is_orphan
        UNION ALL
        SELECT 'link-to-unknown-outcome', stored.identifier, linked,
            coalesce(known.place_countries, '{}'), coalesce(known.place_organisations, '{}'),
            stored.place_projects
        FROM contributions AS stored CROSS JOIN jsonb_array_elements_text(stored.outcomes) AS linked
        LEFT JOIN "copy" AS known ON known.aggregate = 'activity' AND known.id = stored.place_projects[1]
        WHERE NOT EXISTS (SELECT 1 FROM outcome WHERE programme || '/' || code = linked)
    )
    SELECT * FROM orphan
    """
)
_FOUND = _ORPHANS.columns(
    column("kind", Text),
    column("identifier", Text),
    column("outcome", Text),
    column("place_countries", ARRAY(Text)),
    column("place_organisations", ARRAY(Text)),
    column("place_projects", ARRAY(Uuid)),
).subquery("found")


async def orphans(
    session: AsyncSession, *, kind: OrphanKind | None, after: Key | None, limit: int
) -> list[Orphan]:
    """Return orphans in order of kind, identifier and outcome, as far as the programmes are known here.

    An orphan belongs where its activity does, or to the country of its country programme.

    Args:
        session: reads only, and only where the grants of its permit hold.
        kind: of this kind only, all where it is None.
        after: kind, identifier and outcome of the last one before, None for the first page.
        limit: most of them.

    """
    permit, found = required_permit(session, "orphan"), _FOUND.c
    key = tuple_(found.kind, found.identifier, found.outcome)
    conditions = [] if permit.is_everywhere else [within(cast("Any", found), permit.grants, None)]
    if kind is not None:
        conditions.append(found.kind == kind)
    if after is not None:
        conditions.append(key > tuple_(*after))
    statement = (
        select(found.kind, found.identifier, found.outcome)
        .where(*conditions)
        .order_by(found.kind, found.identifier, found.outcome)
        .limit(limit)
    )
    return [Orphan(*row) for row in await session.exec(statement)]
