"""The read model as canonical text, to compare it with another: ``python -m gateway.projection.dump``.

Every table of the generation that answers, one line for each row, in order of key. When a dead letter was noted and
which span took a fact in are left out, because they are the only values that neither the events nor the day tell.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.base import ReadBase
from gateway.projection.generations import answering
from gateway.projection.tables import DeadLetter, Fact
from gateway.settings import Settings
from shared.chassis.db import Database

LEFT_OUT = ((DeadLetter.__tablename__, "noted_at"), (Fact.__tablename__, "traceparent"))

_UTC = text("SET LOCAL TimeZone TO 'UTC'")


async def dump(database: Database) -> AsyncIterator[str]:
    """Yield the lines of every table of the generation that answers, as of one moment.

    Raises:
        LookupError: no generation answers.

    """
    async with database.session() as session:
        generation = await answering(session)
    if generation is None:
        raise LookupError("No generation of the read model answers.")
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(_UTC)
        for table in sorted(ReadBase.metadata.tables.values(), key=lambda table: table.name):
            async for line in _lines(connection, generation.schema_name, table):
                yield line


async def _lines(connection: AsyncConnection, schema: str, table: Table) -> AsyncIterator[str]:
    """Yield the columns of a table, and its rows as JSON arrays, in order of its key byte by byte."""
    names = [column.name for column in table.columns if (table.name, column.name) not in LEFT_OUT]
    yield f"{table.name}: {', '.join(names)}\n"
    members = ", ".join(f'"{name}"' for name in names)
    keys = ", ".join(f'CAST("{column.name}" AS text) COLLATE "C"' for column in table.primary_key)
    statement = f'SELECT json_build_array({members})::text FROM "{schema}"."{table.name}" ORDER BY {keys}'  # noqa: S608
    async with connection.stream(text(statement)) as rows:
        async for (line,) in rows:
            yield f"{line}\n"


async def main() -> int:
    """Write the dump to standard output, by the settings of the environment, and return the exit status."""
    database = Settings().open_database(pool=2)
    try:
        async for line in dump(database):
            sys.stdout.write(line)
    except LookupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        await database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
