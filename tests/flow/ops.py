"""`devcoop ops` as whoever runs a system uses it: by the command line, against real processes."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from deploy.local.processes import Completed, run_command

SECONDS = 120


def ops(environment: Mapping[str, str], *arguments: str) -> Completed:
    """Run a command of ops, and return how it ended."""
    return run_command("deploy", ("ops", *arguments), environment, seconds=SECONDS)


def told_by(environment: Mapping[str, str], *arguments: str) -> str:
    """Return what a command of ops prints that ends well."""
    done = ops(environment, *arguments)
    assert done.status == 0, done.output[-1000:] + done.error[-2000:]
    return done.output


def json_of(environment: Mapping[str, str], *arguments: str) -> Any:
    """Return what a command of ops prints as JSON that ends well."""
    return json.loads(told_by(environment, *arguments, "--json"))


async def fetch(environment: Mapping[str, str], service: str, statement: str, *values: object) -> list[Any]:
    """Run a statement in a service's database, as its role, and return the rows."""
    name = service.upper()
    url = make_url(environment[f"DEVCOOP_{name}_DATABASE_URL"])
    password = environment[f"DEVCOOP_{name}_DATABASE_PASSWORD"]
    host = url.query["host"]
    connection = await asyncpg.connect(user=url.username, password=password, database=url.database, host=host)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()
