"""The database of a process: sessions, the unit of work of a request, and writes of many rows at once."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Depends, Request
from pydantic import SecretStr
from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CursorResult,
    MetaData,
    Table,
    TextClause,
    Uuid,
    any_,
    exc,
    literal,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.scoping import PERMIT

AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What is raised where a database cannot be asked, by a session or by a connection of the driver's own."""
STATEMENT_SECONDS = 60
LOCK_TIMEOUT = "10s"
UOW = "uow"
"""Where a request keeps the session of a transaction that was begun for it; who began it commits it."""

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def new_registry() -> registry:
    """Return the registry of one service's tables, apart from every other's in the same process."""
    return registry(metadata=MetaData(naming_convention=_NAMING))


class CountingPool(AsyncAdaptedQueuePool):
    """A pool that counts how often nobody got a connection in time."""

    timeouts = 0

    def connect(self) -> PoolProxiedConnection:
        """Return a connection.

        Raises:
            sqlalchemy.exc.TimeoutError: none became free in time.

        """
        try:
            return super().connect()
        except exc.TimeoutError:
            self.timeouts += 1
            raise


class Database:
    """A pool of connections to one database, or to one schema of it."""

    def __init__(
        self,
        url: str,
        *,
        password: SecretStr | None = None,
        pool: int = 10,
        schema: str | None = None,
        statement_seconds: float = STATEMENT_SECONDS,
    ) -> None:
        self._url, self._password, self._pool = url, password, pool
        self.statement_seconds = statement_seconds
        settings = {"lock_timeout": LOCK_TIMEOUT, "application_name": "devcoop"}
        if schema is not None:
            settings["search_path"] = schema
        self.engine = create_async_engine(
            url,
            poolclass=CountingPool,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=5,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={
                "server_settings": settings,
                "command_timeout": statement_seconds,
                "timeout": 5,
                **({} if password is None else {"password": password.get_secret_value()}),
            },
        )

    @property
    def pool(self) -> CountingPool:
        """The connections."""
        pool = self.engine.pool
        assert isinstance(pool, CountingPool)  # noqa: S101  (told to the type checker)
        return pool

    def session(self) -> AsyncSession:
        """Return a session; what it writes is lost unless it is committed."""
        return AsyncSession(self.engine, expire_on_commit=False)

    def on_schema(self, schema: str) -> "Database":
        """Return a pool of its own on one schema of the same database."""
        return Database(
            self._url,
            password=self._password,
            pool=self._pool,
            schema=schema,
            statement_seconds=self.statement_seconds,
        )

    def apart(self) -> "Database":
        """Return a pool of one connection to the same database, for work in another thread."""
        return Database(self._url, password=self._password, pool=1, statement_seconds=self.statement_seconds)

    async def dispose(self) -> None:
        """Close the connections."""
        await self.engine.dispose()


async def unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield the one transaction of a request; it is committed before the response is sent."""
    begun: AsyncSession | None = request.scope["state"].get(UOW)
    if begun is not None:
        yield begun
        return
    database: Database = request.state.runtime.database
    async with database.session() as session, session.begin():
        yield session


async def read_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield a session that only reads, by the permit of the request."""
    database: Database = request.state.runtime.database
    async with database.session() as session:
        session.info[PERMIT] = request.scope["state"]["permit"]
        yield session


Uow = Annotated[AsyncSession, Depends(unit_of_work, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(read_session, scope="function")]


async def execute(
    session: AsyncSession,
    statement: TextClause,
    **parameters: Any,  # noqa: ANN401
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement that is written as text, in the session's transaction."""
    return await (await session.connection()).execute(statement, parameters)


async def driver(session: AsyncSession) -> asyncpg.Connection:
    """Return the driver's own connection, where one statement costs half as much.

    It is in the session's transaction once a statement of the session was run.
    """
    raw = await (await session.connection()).get_raw_connection()
    connection: asyncpg.Connection = raw.driver_connection
    return connection


def is_of_the_data(error: Exception) -> bool:
    """Whether the database refused the data, so that it will refuse it again (SQLSTATE classes 22, 23 and 54)."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    return state[:2] in ("22", "23", "54")


def is_one_of(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:  # noqa: ANN401
    """Return the condition that a column is one of many ids, as one array parameter."""
    condition: ColumnElement[bool] = col(column) == any_(literal(list(ids), ARRAY(Uuid)))
    return condition


async def bulk_insert(
    session: AsyncSession, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert many rows by COPY; all have the same columns."""
    if not rows:
        return
    connection = await driver(session)
    records = [tuple(row.values()) for row in rows]
    await connection.copy_records_to_table(model.__tablename__, records=records, columns=list(rows[0]))


async def bulk_upsert(
    session: AsyncSession,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    newer: str | None = None,
) -> int:
    """Insert many rows, or replace those of the same key, in one statement; return how many were written.

    Args:
        session: the caller's transaction.
        model: the table.
        rows: values by column; all have the same columns, and no two the same key.
        key: the columns of a unique constraint.
        newer: a column that a row replaces another by only if it is greater.

    """
    if not rows:
        return 0
    table: Table = model.__table__  # type: ignore[attr-defined]
    columns = tuple(rows[0])
    parameters = {name: [_told(table, name, row[name]) for row in rows] for name in columns}
    return (await execute(session, _upsert(table, columns, tuple(key), newer), **parameters)).rowcount


@cache
def _upsert(table: Table, columns: tuple[str, ...], key: tuple[str, ...], newer: str | None) -> TextClause:
    """Return an upsert of one array per column; identifiers come from our own models."""
    names = ", ".join(columns)
    values = ", ".join(
        f"CAST(r.{name} AS {_type(table, name)})" if _is_as_text(table, name) else f"r.{name}"
        for name in columns
    )
    arrays = ", ".join(f"CAST(:{name} AS {_array_type(table, name)})" for name in columns)
    quoted = f'"{table.name}"'
    statement = f"INSERT INTO {quoted} ({names}) SELECT {values} FROM unnest({arrays}) AS r({names})"  # noqa: S608
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    statement += f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"
    if newer is not None:
        statement += f" WHERE excluded.{newer} > {quoted}.{newer}"
    return text(statement)


def _told(table: Table, name: str, value: Any) -> Any:  # noqa: ANN401
    """Return a value as it is sent in an array of its column: one that has parts as text."""
    kind = table.c[name].type
    if isinstance(kind, postgresql.JSONB):
        return to_json(value).decode()
    return array_text(tuple(value)) if isinstance(kind, ARRAY) else value


@lru_cache(maxsize=4096)
def array_text(values: tuple[object, ...]) -> str:
    """Return an array as PostgreSQL writes it: arrays of arrays are no lists of lists there."""
    escaped = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def _is_as_text(table: Table, name: str) -> bool:
    return isinstance(table.c[name].type, postgresql.JSONB | ARRAY)


def _type(table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=_DIALECT)


def _array_type(table: Table, name: str) -> str:
    return "TEXT[]" if _is_as_text(table, name) else f"{_type(table, name)}[]"
