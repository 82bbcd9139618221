"""What a service keeps of a person in tables beside its documents: of a row, the columns are its members."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import inspect, select
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.entries import Affected, Attempt, note_changes
from shared.chassis.db import Database
from shared.chassis.personal.kept import ROWS_AT_ONCE
from shared.chassis.personal.names import Names, Place
from shared.contracts.personal import Part


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table of which some columns may hold personal data.

    ``noun`` is what a row is called, or what it belongs to, and ``identifier`` the column that tells which of them.
    """

    noun: str
    model: type[SQLModel]
    identifier: str
    part: Part


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that holds names of a person, and where."""

    table: PersonalTable
    key: tuple[Any, ...]
    identifier: str
    places: Sequence[Place]


async def rows_with(
    database: Database, tables: Sequence[PersonalTable], names: Names
) -> AsyncIterator[HeldRow]:
    """Yield the rows that hold names of a person."""
    for table in tables:
        key = inspect(table.model).primary_key
        columns = table.model.__table__.c  # type: ignore[attr-defined]
        personal = [columns[name] for name in table.part.members]
        statement = select(*key, columns[table.identifier].label("told_as"), *personal).order_by(*key)
        async with database.session() as session:
            rows = await session.stream(statement, execution_options={"yield_per": ROWS_AT_ONCE})
            async for row in rows:
                places = _erased(table, row._mapping, names)[1]  # noqa: SLF001  (a public name of SQLAlchemy's)
                if places:
                    yield HeldRow(table, tuple(row[: len(key)]), str(row.told_as), places)


async def store_rows_without(
    session: AsyncSession, attempt: Attempt, held: Sequence[HeldRow], names: Names
) -> None:
    """Put the pseudonym in place of the names in some rows, and let the audit tell of it, in the caller's transaction."""
    affected = {}
    for each in held:
        row = await session.get(each.table.model, each.key, with_for_update=True)
        if row is None:
            continue
        for name, value in _erased(each.table, vars(row), names)[0].items():
            setattr(row, name, value)
        affected[each.table.noun, each.identifier] = Affected(
            aggregate=each.table.noun, identifier=each.identifier
        )
    await note_changes(session, attempt, list(affected.values()))


def _erased(table: PersonalTable, row: Any, names: Names) -> tuple[dict[str, Any], Sequence[Place]]:  # noqa: ANN401
    """Return the personal columns of a row without the names, and where they were."""
    values = {name: row[name] for name in table.part.members}
    if not names.may_be_in(to_json(values).decode()):
        return {}, ()
    return names.erased(values, table.part)
