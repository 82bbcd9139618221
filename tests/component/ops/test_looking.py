"""The state of a part is what its users meet."""

from sqlalchemy import text

from deploy.ops.looking import look
from deploy.ops.settings import OpsSettings
from gateway.main import SERVICE as GATEWAY
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade

ANSWERS = (
    "INSERT INTO generation (id, fingerprint, state, created_at) VALUES (7, '', 'active', now())",
    "CREATE SCHEMA read_7",
    "CREATE TABLE read_7.position (owner text, sequence bigint)",
    "CREATE TABLE read_7.dead_letter (owner text)",
)


async def test_a_gateway_without_a_read_model_that_answers_is_degraded(database_url, nats):
    database = Database(database_url, pool=1)
    await upgrade(database, GATEWAY.migrations)
    operator = nats.user()
    settings = OpsSettings(gateway_database_url=database_url, nats_url=operator.url, nats_seed=operator.seed)
    told = (await look(settings))["databases"]["gateway"]
    assert (told["answers"], told["state"]) == (None, "degraded")
    async with database.engine.begin() as connection:
        for statement in ANSWERS:
            await connection.execute(text(statement))
    await database.dispose()
    told = (await look(settings))["databases"]["gateway"]
    assert (told["answers"], told["state"]) == (7, "ok")
