"""Keeping apart what of the projects' money is counted elsewhere, as projects that are linked come and change.

The rule is ``shared/figures/double_counting``. What it needs to know of the projects around one is told by their
links, claims and sums, so that only the projects whose exclusions may change are looked into: first what moves
between projects, then, from the lowest level up, what those below report too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import delete
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import STAGES
from gateway.projection.contributions import contributed_of
from gateway.projection.facts import bounded
from gateway.projection.money import UNDATED, groupings
from gateway.projection.tables import ProjectExclusion
from shared.chassis.db import bulk_insert, execute, is_one_of
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.ids import activity_id
from shared.contracts.projects.v1 import Activity
from shared.figures.double_counting import (
    COUNTERPART,
    Claim,
    Exclusion,
    Node,
    Sum,
    covered_of,
    entries_of,
    other_side,
    transfers_of,
)
from shared.figures.exact import EXACT
from shared.figures.explanation import money_inputs
from shared.figures.money import flows
from shared.figures.outcomes import Contributed

PARENT, CHILD = "1", "2"
"""RelatedActivityType."""
NO_DAY = date.max
"""Stands for the date of a link that is not of money."""

_ABOVE = (
    "SELECT other_id FROM project_link WHERE project_id = w.id AND kind = 'parent'"
    " UNION ALL SELECT project_id FROM project_link WHERE other_id = w.id AND kind = 'child'"
)
_BELOW = (
    "SELECT other_id FROM project_link WHERE project_id = w.id AND kind = 'child'"
    " UNION ALL SELECT project_id FROM project_link WHERE other_id = w.id AND kind = 'parent'"
)
_WALK = (
    "WITH RECURSIVE w(start, id) AS (SELECT u.id, u.id FROM unnest(CAST(:ids AS uuid[])) AS u(id)"
    " UNION SELECT w.start, step.id FROM w, LATERAL ({step} OFFSET 0) AS step(id)) SELECT start, id FROM w WHERE id <> start"
)
_ANCESTORS = text(_WALK.format(step=_ABOVE))
_DESCENDANTS = text(_WALK.format(step=_BELOW))
_LINKED = text(
    "SELECT l.id FROM unnest(CAST(:ids AS uuid[])) AS u(id) CROSS JOIN LATERAL"
    " (SELECT other_id FROM project_link WHERE project_id = u.id"
    " UNION SELECT project_id FROM project_link WHERE other_id = u.id) AS l(id)"
)
_COUNTED = text(
    "SELECT a.id, a.iati_identifier, a.reporter FROM project_activity a JOIN project_finance f ON f.id = a.id"
    " WHERE a.id = ANY(:ids) AND NOT a.secondary"
)
_SECONDARY = text("SELECT id FROM project_activity WHERE id = ANY(:ids) AND secondary")
_OTHERS = text(
    "SELECT project_id, other_id FROM project_link WHERE project_id = ANY(:ids) AND kind = 'money'"
)
_CLAIMS = text(
    "SELECT other_id, project_id, stage, currency, amount, moved_on, count FROM project_link"
    " WHERE other_id = ANY(:ids) AND kind = 'money'"
)
_SUMS = (
    "SELECT p.start, m.currency, m.year, {sums} FROM unnest(CAST(:starts AS uuid[]), CAST(:ids AS uuid[])) AS p(start, id)"
    " JOIN {table} m ON m.project_id = p.id AND m.dimension = 'all' GROUP BY 1, 2, 3"
)
_STAGE_SUMS = ", ".join(f"sum(m.{stage})" for stage in STAGES)
_REPORTED = text(_SUMS.format(sums=_STAGE_SUMS, table="project_money"))
_EXCLUDED = text(_SUMS.format(sums=_STAGE_SUMS, table="project_exclusion"))
_PARTS = text(
    "SELECT a.id, fa.data, ff.data FROM project_activity a"
    " JOIN fact fa ON fa.aggregate = 'activity' AND fa.id = a.id AND fa.version = a.version"
    " JOIN project_finance f ON f.id = a.id"
    " JOIN fact ff ON ff.aggregate = 'finance' AND ff.id = f.id AND ff.version = f.version"
    " WHERE a.id = ANY(:ids)"
)

_Pairs = set[tuple[UUID, UUID]]


@dataclass(slots=True)
class Surroundings:
    """What a project's money has to be seen beside.

    ``counted`` are the other projects it deals with whose money counts, ``claims`` what those say of it, and
    ``below`` what the projects below it count once; ``because`` is the one below, if there is only one.
    """

    counted: set[str] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)
    below: dict[Sum, Decimal] = field(default_factory=dict)
    because: str | None = None


def activity_links(project_id: UUID, activity: Activity) -> Iterator[dict[str, Any]]:
    """Yield the rows of the parents and children that an activity names."""
    kinds = {PARENT: "parent", CHILD: "child"}
    named = {(kinds[r.type], r.ref) for r in activity.related_activities if r.type in kinds}
    for kind, identifier in sorted(named):
        yield _link(project_id, "activity", kind, identifier)


def finance_links(project_id: UUID, finance: ActivityFinance) -> Iterator[dict[str, Any]]:
    """Yield the rows of the activities that an activity's money comes from or goes to."""
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    for flow in flows(finance):
        side = other_side(flow)
        if side and side.activity_id and flow.transaction:
            counts[side.activity_id, flow.stage, flow.currency or "", flow.amount, flow.transaction.date] += 1
    for (other, stage, currency, amount, moved_on), count in counts.items():
        yield _link(project_id, "finance", "money", other) | {
            "stage": stage,
            "currency": currency,
            "amount": amount,
            "moved_on": moved_on,
            "count": count,
        }


async def related(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Return these projects and those whose exclusions may hang on them."""
    linked = {*ids, *(row[0] for row in await execute(session, _LINKED, ids=list(ids)))}
    return linked | {row[1] for row in await execute(session, _ANCESTORS, ids=list(linked))}


async def exclude(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Tell anew what of the money of these projects is counted elsewhere."""
    await session.exec(delete(ProjectExclusion).where(is_one_of(ProjectExclusion.project_id, ids)))
    dealings = await _dealings(session, ids)
    secondary = {row[0] for row in await execute(session, _SECONDARY, ids=list(ids))}
    concerned = secondary | {id_ for id_, around in dealings.items() if around.counted}
    await _write(session, concerned, dealings)
    levels = await _levels(session, set(ids) - secondary)
    for level in levels:
        around = await _with_below(session, level, dealings)
        of_level = {id_ for id_, it in around.items() if it.below}
        await session.exec(delete(ProjectExclusion).where(is_one_of(ProjectExclusion.project_id, of_level)))
        await _write(session, of_level, around)


async def surroundings(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Surroundings]:
    """Return what these projects' money has to be seen beside; without an entry, nothing."""
    dealings = await _dealings(session, ids)
    for level in await _levels(session, ids):
        dealings |= await _with_below(session, level, dealings)
    return dealings


def exclusions_in(activity: Activity, finance: ActivityFinance, around: Surroundings) -> list[Exclusion]:
    """Return what of a project's money is counted elsewhere."""
    node = Node(
        activity.iati_identifier,
        entries_of(finance),
        secondary=bool(activity.reporting_organisation.secondary_reporter),
        organisation=activity.reporting_organisation.ref,
    )
    found = list(transfers_of(node, around.counted, around.claims))
    if not node.secondary:
        found += covered_of(node, {each.pointer for each in found}, around.below, around.because)
    return found


async def _write(session: AsyncSession, ids: Collection[UUID], around: Mapping[UUID, Surroundings]) -> None:
    if not ids:
        return
    rows: list[dict[str, Any]] = []
    contributed = await contributed_of(session, ids)
    for id_, activity_data, finance_data in await execute(session, _PARTS, ids=list(ids)):
        activity, finance = Activity.from_event(activity_data), ActivityFinance.from_event(finance_data)
        found = exclusions_in(activity, finance, around.get(id_, Surroundings()))
        known = contributed.get(id_)
        rows += _rows(id_, activity, finance, found, known.contributed if known else None)
    await bulk_insert(session, ProjectExclusion, rows)


def _rows(
    id_: UUID,
    activity: Activity,
    finance: ActivityFinance,
    found: Sequence[Exclusion],
    contributed: Contributed | None,
) -> Iterator[dict[str, Any]]:
    """Yield what is excluded of a project's money, under every dimension and code; a row has every stage."""
    sums: defaultdict[tuple[Any, ...], dict[str, Decimal]] = defaultdict(dict)
    for dimension in groupings(finance, contributed) if found else ():
        for money in money_inputs(activity, finance, dimension, found, contributed):
            if money.excluded and money.stage in STAGES:
                day = money.valued_on or UNDATED
                key = dimension, bounded(money.code), money.currency or "", money.year, day, money.excluded
                known = sums[key].get(money.stage, Decimal(0))
                sums[key][money.stage] = EXACT.add(known, money.excluded_part)
    for (dimension, code, currency, year, valued_on, reason), amounts in sums.items():
        yield {
            "project_id": id_,
            "dimension": dimension,
            "code": code,
            "currency": currency,
            "year": year,
            "valued_on": valued_on,
            **{stage: amounts.get(stage) for stage in STAGES},
            "reason": reason,
        }


async def _dealings(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Surroundings]:
    """Return whom projects deal with, and what those say of it."""
    others = [(row[0], row[1]) for row in await execute(session, _OTHERS, ids=list(ids))]
    claims = [tuple(row) for row in await execute(session, _CLAIMS, ids=list(ids))]
    named = {other for _, other in others} | {row[1] for row in claims}
    counted = await _counted(session, named)
    dealings: defaultdict[UUID, Surroundings] = defaultdict(Surroundings)
    for id_, other in others:
        if other in counted and other != id_:
            dealings[id_].counted.add(counted[other][0])
    for id_, other, stage, currency, amount, moved_on, count in claims:
        if other in counted and other != id_:
            identifier, reporter = counted[other]
            dealings[id_].counted.add(identifier)
            claim = Claim(identifier, reporter, COUNTERPART[stage], currency or None, amount, moved_on)
            dealings[id_].claims += [claim] * count
    for around in dealings.values():
        around.claims.sort(key=lambda claim: claim.other)
    return dict(dealings)


async def _counted(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, tuple[str, str | None]]:
    rows = await execute(session, _COUNTED, ids=list(ids))
    return {row[0]: (row[1], row[2]) for row in rows}


async def _levels(session: AsyncSession, ids: Collection[UUID]) -> list[dict[UUID, set[UUID]]]:
    """Return the projects that others are below, with those, from the lowest level up.

    Links in a circle say nothing: what is both above and below a project is neither.
    """
    below: _Pairs = {(row[0], row[1]) for row in await execute(session, _DESCENDANTS, ids=list(ids))}
    if below:
        below -= {(row[0], row[1]) for row in await execute(session, _ANCESTORS, ids=list(ids))}
    of_project: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for id_, other in below:
        of_project[id_].add(other)
    levels: defaultdict[int, dict[UUID, set[UUID]]] = defaultdict(dict)
    for id_, others in of_project.items():
        levels[len(others)][id_] = others
    return [levels[depth] for depth in sorted(levels)]


async def _with_below(
    session: AsyncSession, level: Mapping[UUID, set[UUID]], dealings: Mapping[UUID, Surroundings]
) -> dict[UUID, Surroundings]:
    """Return the surroundings of projects with what those below them count once."""
    counted = await _counted(session, {other for others in level.values() for other in others})
    pairs = [(id_, other) for id_, others in level.items() for other in others if other in counted]
    asked = {"starts": [id_ for id_, _ in pairs], "ids": [other for _, other in pairs]}
    sums: defaultdict[UUID, dict[Sum, Decimal]] = defaultdict(dict)
    for statement, sign in ((_REPORTED, 1), (_EXCLUDED, -1)):
        for id_, currency, year, *amounts in await execute(session, statement, **asked):
            for stage, amount in zip(STAGES, amounts, strict=True):
                if amount is not None:
                    key = (stage, currency or None, year)
                    sums[id_][key] = EXACT.add(sums[id_].get(key, Decimal(0)), sign * amount)
    around = {}
    for id_, others in level.items():
        known = dealings.get(id_, Surroundings())
        only = [counted[other][0] for other in others if other in counted]
        because = only[0] if len(only) == 1 else None
        around[id_] = Surroundings(known.counted, known.claims, sums[id_], because)
    return around


def _link(project_id: UUID, part: str, kind: str, identifier: str) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "part": part,
        "kind": kind,
        "other_id": activity_id(identifier),
        "stage": "",
        "currency": "",
        "amount": Decimal(0),
        "moved_on": NO_DAY,
        "count": 1,
    }
