"""Whether nobody else works with a database, for what is done to the whole of it."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.failures import Failed

_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
)


async def require_alone(connection: AsyncConnection, service: str) -> None:
    """Check that no other connection is open to the database of a service.

    Raises:
        Failed: one is.

    """
    if others := await connection.scalar(_OTHERS):
        raise Failed(f"{others} connections are open to the database of {service}: stop its processes.")
