"""The condition that a query is born with is the policy: row by row it says what ``Grant.covers`` says."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlmodel import SQLModel, select

from shared.chassis.copies import CopyRow
from shared.chassis.db import Database, bulk_upsert, new_registry
from shared.chassis.documents.aggregates import DocumentRow
from shared.chassis.scoping import place_columns, project_ids, project_places, visible, within
from shared.contracts.ids import activity_id
from shared.policy.grants import Grant, Role
from shared.policy.permits import Permit
from shared.policy.places import Place, together
from shared.policy.principals import Principal

COUNTRIES = ("KE", "UG", "TZ", 'a "quoted\\ one"')
ORGANISATIONS = ("XM-1", "XM-2", "XM-3")
PROJECTS = ("P-1", "P-2", "P-3", "P-4", "P-unknown")
SEEDS = range(25)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Base(SQLModel, registry=new_registry()):
    """Tables of this test."""


class Row(DocumentRow, Base, table=True):
    __tablename__ = "placed"


class Project(CopyRow, Base, table=True):
    __tablename__ = "copy"


@dataclass
class Placed:
    id: UUID
    place: Place
    is_public: bool


@pytest.fixture(scope="module")
async def database(postgres):
    name = f"test_{uuid4().hex[:12]}"
    url = postgres.database(name, owner="tests")
    made = Database(url, password=SecretStr(postgres.password("tests")), pool=2)
    async with made.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield made
    await made.dispose()
    postgres.drop(name)


def drawing(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (repeatable, and nothing is secret)


def some(draw: random.Random, values: tuple[str, ...], most: int = 2) -> frozenset[str]:
    return frozenset(draw.sample(values, draw.randint(0, most)))


def a_grant(draw: random.Random) -> Grant:
    dimensions = {"countries": COUNTRIES, "organisations": ORGANISATIONS, "projects": PROJECTS}
    stated = {name: some(draw, values, 3) for name, values in dimensions.items() if draw.random() < 0.45}
    return Grant(role=Role.FIELD_OFFICER, **stated)


def a_permit(grants: tuple[Grant, ...], *, published: bool) -> Permit:
    principal = Principal("issuer", "subject", "client", "name", grants)
    return Permit(principal, "finance", "read", grants, published, grants, published)


async def stored(session, draw: random.Random) -> tuple[dict[UUID, tuple[Place, bool]], list[Placed]]:
    projects = {
        activity_id(name): (Place(some(draw, COUNTRIES), some(draw, ORGANISATIONS)), draw.random() < 0.5)
        for name in PROJECTS[:-1]
    }
    await bulk_upsert(
        session, Project, [copy_row(id_, *told) for id_, told in projects.items()], key=["aggregate", "id"]
    )
    rows = [
        Placed(
            uuid4(),
            Place(some(draw, COUNTRIES, 1), some(draw, ORGANISATIONS, 1), some(draw, PROJECTS)),
            draw.random() < 0.5,
        )
        for _ in range(40)
    ]
    await bulk_upsert(session, Row, [document_row(row) for row in rows], key=["id"])
    return projects, rows


def copy_row(id_, place, is_public):
    return {
        "aggregate": "activity",
        "id": id_,
        "version": 1,
        "recorded_at": NOW,
        "document": "{}",
        **place_columns(place, is_public=is_public),
    }


def document_row(row: Placed):
    return {
        "id": row.id,
        "identifier": str(row.id),
        "version": 1,
        "digest": b"",
        "document": "{}",
        "correlation_id": "",
        "created_at": NOW,
        "updated_at": NOW,
        **place_columns(row.place, is_public=row.is_public),
        "place_projects": project_ids(row.place),
        "placed_by": 1,
    }


async def test_a_query_returns_the_rows_that_the_policy_lets_see(database):
    seen = 0
    for seed in SEEDS:
        draw = drawing(seed)
        async with database.session() as session:
            projects, rows = await stored(session, draw)
            for with_projects in (None, Project):
                grants = tuple(a_grant(draw) for _ in range(draw.randint(0, 3)))
                permit = a_permit(grants, published=draw.random() < 0.5)
                statement = select(Row.id).where(visible(Row, permit, with_projects))
                found = set(await session.exec(statement))
                expected = {
                    row.id for row in rows if is_seen(row, permit, projects if with_projects else None)
                }
                assert found == expected, (seed, permit)
                seen += len(found)
            await session.rollback()
    assert seen > len(SEEDS)


def is_seen(row: Placed, permit: Permit, projects) -> bool:
    known = [projects[id_] for id_ in project_ids(row.place) if id_ in projects] if projects else []
    if permit.covers(together([row.place, *(place for place, _ in known)])):
        return True
    if not permit.published or not row.is_public:
        return False
    return projects is None or not row.place.projects or any(is_public for _, is_public in known)


async def test_without_grants_nothing_is_within(database):
    async with database.session() as session:
        await stored(session, drawing(0))
        assert (await session.exec(select(Row.id).where(within(Row, [], Project)))).all() == []
        await session.rollback()


async def test_the_places_of_known_projects_are_told_and_of_no_others(database):
    async with database.session() as session:
        projects, _ = await stored(session, drawing(1))
        asked = [activity_id(name) for name in PROJECTS]
        told = await project_places(session, Project, asked)
        assert told == {id_: place for id_, (place, _) in projects.items()}
        await session.rollback()
