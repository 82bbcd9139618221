"""The worker that plans the evaluations that the policy in force asks for.

One process at a time plans, by advisory lock. It looks at all known activities, page by page, whenever copies of other
owners' documents came in or another policy is in force, and now and then without that, because rates and days change.
However often it looks, it writes only what differs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import asyncpg
import structlog
from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.copies import ACTIVITY, FINANCE, KnownActivity, KnownFinance
from services.monitoring.learning.aggregates import EVALUATION_POLICIES, EVALUATIONS
from services.monitoring.learning.plans import Basis, is_planned_for, planned_identifier, plans, value_dates
from services.monitoring.learning.rates import rate_table
from services.monitoring.models import Copy, CopyPosition, EvaluationPolicyRow, EvaluationRow
from services.monitoring.settings import Settings
from shared.chassis.app import Runtime
from shared.chassis.copies import copies_of
from shared.chassis.db import Database, is_one_of
from shared.chassis.documents import Actor, put_many
from shared.chassis.errors import Conflict
from shared.chassis.leadership import lead
from shared.chassis.workers import Worker, pause
from shared.contracts.ids import activity_id, evaluation_id
from shared.contracts.monitoring.v1 import Evaluation, EvaluationPolicy
from shared.figures.evaluations import TIMINGS

PLANNER_LOCK = 0x0DE0
PAGE = 200
CHECK_SECONDS = 1.0
REST = 9
"""So many times as long as it took to look at everything, nothing is looked at again unless it is time anyway."""

_FIRST = UUID(int=0)
_log = structlog.get_logger()


def workers(runtime: Runtime) -> list[Worker]:
    """Return the workers of learning."""
    settings = runtime.settings_as(Settings)
    return [Planner(runtime.database, source=settings.rate_source, seconds=settings.planning_seconds)]


class Planner:
    """Plans evaluations while this process is the leader."""

    name = "evaluation-planner"

    def __init__(self, database: Database, *, source: str, seconds: float) -> None:
        self._database, self._source, self._seconds = database, source, seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Plan while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, PLANNER_LOCK, stop, self._lead)

    async def _lead(self, lock: asyncpg.Connection, stop: asyncio.Event) -> None:
        """Lead for as long as the connection that holds the lock is alive."""
        clock = asyncio.get_running_loop().time
        seen: object = None
        due = rested = clock()
        while not stop.is_set():
            await lock.execute("SELECT 1")
            today = datetime.now(UTC).date()
            async with self._database.session() as session:
                policy = await policy_in_force(session, today)
                state = (policy and policy.reference, await _positions(session))
            started = clock()
            if started >= due or (state != seen and started >= rested):
                is_done = policy is None or await self._plan(policy, today, stop)
                seen = state if is_done else None
                rested = clock() + REST * (clock() - started)
                due = clock() + self._seconds
            await pause(stop, min(CHECK_SECONDS, self._seconds))

    async def _plan(self, policy: EvaluationPolicy, today: date, stop: asyncio.Event) -> bool:
        """Look at every known activity, and return whether all that is to be planned was."""
        after: UUID | None = _FIRST
        is_done = True
        while after is not None and not stop.is_set():
            page = _Page(self._database, policy, self._source, today)
            following = await page.read(after)
            try:
                await page.write()
            except Conflict:
                _log.info("planner.conflict", after=str(after))
                is_done = False
            after = following
        return is_done


class _Page:
    """Some of the known activities, in order of id."""

    def __init__(self, database: Database, policy: EvaluationPolicy, source: str, today: date) -> None:
        self._database, self._policy, self._source, self._today = database, policy, source, today
        self._activities: dict[UUID, KnownActivity] = {}

    async def read(self, after: UUID) -> UUID | None:
        """Read the activities behind an id that evaluations are planned for, and return the id to go on behind."""
        statement = (
            select(Copy.id, Copy.document)
            .where(col(Copy.aggregate) == ACTIVITY.aggregate, col(Copy.id) > after)
            .order_by(col(Copy.id))
            .limit(PAGE)
        )
        async with self._database.session() as session:
            rows = (await session.exec(statement)).all()
        for id_, document in rows:
            activity = KnownActivity.from_event(document)
            if is_planned_for(activity, self._today):
                self._activities[id_] = activity
        return rows[-1][0] if len(rows) == PAGE else None

    async def write(self) -> None:
        """Plan what is asked for; nothing is locked where there is nothing to plan.

        Raises:
            Conflict: somebody planned one of them meanwhile.

        """
        if not self._activities:
            return
        async with self._database.session() as session:
            if not await self._wanted(session, locked=False):
                return
        async with self._database.session() as session, session.begin():
            if planned := await self._wanted(session, locked=True):
                actor = Actor(Planner.name, str(uuid4()), f"Asked for by {self._policy.identifier}")
                await put_many(session, EVALUATIONS, planned, actor=actor)

    async def _wanted(self, session: AsyncSession, *, locked: bool) -> list[Evaluation]:
        """Return the evaluations that are to be planned, or planned otherwise."""
        finances = await copies_of(session, Copy, KnownFinance, FINANCE.aggregate, self._activities)
        dates = value_dates(finances, self._policy.currency)
        table = await rate_table(session, self._source, dates, today=self._today)
        basis = Basis(self._policy, table, self._today)
        stored, taken = await self._stored(session, locked=locked)
        return [
            evaluation
            for finance in finances
            for evaluation in plans(
                basis,
                self._activities[activity_id(finance.iati_identifier)],
                finance,
                stored[finance.iati_identifier],
            )
            if evaluation.identifier not in taken
        ]

    async def _stored(
        self, session: AsyncSession, *, locked: bool
    ) -> tuple[dict[str, list[Evaluation]], set[str]]:
        """Return the evaluations of the activities, and the identifiers that others have taken."""
        known = [activity.iati_identifier for activity in self._activities.values()]
        ids = {evaluation_id(planned_identifier(each, timing)) for each in known for timing in TIMINGS}
        statement = (
            select(EvaluationRow.document)
            .where(or_(col(EvaluationRow.iati_identifier).in_(known), is_one_of(EvaluationRow.id, ids)))
            .order_by(col(EvaluationRow.id))
        )
        if locked:
            statement = statement.with_for_update()
        found = [Evaluation.from_json(document) for document in await session.exec(statement)]
        return _by_activity(found), {each.identifier for each in found if not _is_own(each)}


async def policy_in_force(session: AsyncSession, today: date) -> EvaluationPolicy | None:
    """Return the policy in force: of all versions the one that came into force last, None without any."""
    row = EvaluationPolicyRow
    statement = (
        select(row.document)
        .where(col(row.valid_from) <= today)
        .order_by(col(row.valid_from).desc(), col(row.number).desc(), col(row.code).desc())
        .limit(1)
    )
    document = (await session.exec(statement)).first()
    return None if document is None else EVALUATION_POLICIES.contract.from_json(document)


async def _positions(session: AsyncSession) -> Sequence[tuple[str, int]]:
    """Return how far the streams of other owners were taken in."""
    statement = select(CopyPosition.owner, CopyPosition.sequence).order_by(col(CopyPosition.owner))
    return [(owner, sequence) for owner, sequence in await session.exec(statement)]


def _by_activity(evaluations: Sequence[Evaluation]) -> dict[str, list[Evaluation]]:
    grouped: dict[str, list[Evaluation]] = defaultdict(list)
    for evaluation in evaluations:
        grouped[evaluation.iati_identifier].append(evaluation)
    return grouped


def _is_own(evaluation: Evaluation) -> bool:
    """Tell whether an evaluation has the name that it has when it is planned."""
    return evaluation.identifier == planned_identifier(evaluation.iati_identifier, evaluation.timing)
