"""`devcoop ops` on a system that runs, as its operators see it: what it tells is so, and what it does costs nothing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deploy.local.ports import free_port
from deploy.local.processes import run_command
from deploy.local.system import LocalSystem
from tests.flow.client import PATIENCE_SECONDS, POLL_SECONDS, Gateway, await_until, standing
from tests.flow.ops import fetch, json_of, ops, told_by
from tests.flow.samples import activity_document, new_identifier

SERVICES = ["projects", "funding", "monitoring", "gateway"]
LETTER = "INSERT INTO {table} (owner, sequence, reason, payload, noted_at) VALUES ($1, $2, $3, $4, now())"


@pytest.fixture(scope="module")
def environment(system: LocalSystem) -> dict[str, str]:
    return system.ops_environment


@pytest.fixture(scope="module")
def identifier(gateway: Gateway) -> str:
    """Write an activity, and return its identifier once the read model has it."""
    return written(gateway)


def written(gateway: Gateway) -> str:
    identifier = new_identifier()
    gateway.http.post("/v1/activities", json=activity_document(identifier)).raise_for_status()
    await_until(lambda: is_shown(gateway, identifier), what="the read model has the activity")
    return identifier


def is_shown(gateway: Gateway, identifier: str) -> bool:
    return gateway.http.get(f"/v1/results/projects/{identifier}").status_code == 200


async def schema_of(environment: Mapping[str, str]) -> str:
    statement = "SELECT 'read_' || max(id) AS name FROM generation WHERE state = 'active'"
    return (await fetch(environment, "gateway", statement))[0]["name"]


@asynccontextmanager
async def refused(environment: Mapping[str, str], identifier: str) -> AsyncIterator[None]:
    """Let the read model refuse an activity until the block ends, as a defect would."""
    table = f"{await schema_of(environment)}.fact"
    check = f"ALTER TABLE {table} ADD CONSTRAINT defect CHECK (identifier <> '{identifier}') NOT VALID"
    await fetch(environment, "gateway", check)
    try:
        yield
    finally:
        await fetch(environment, "gateway", f"ALTER TABLE {table} DROP CONSTRAINT defect")


async def buried(environment: Mapping[str, str], gateway: Gateway) -> tuple[str, str]:
    """Write an activity that the read model refuses, and return its identifier and the name of its letter."""
    identifier = new_identifier()
    letters = f"SELECT sequence FROM {await schema_of(environment)}.dead_letter"  # noqa: S608
    async with refused(environment, identifier), asyncio.timeout(PATIENCE_SECONDS):
        gateway.http.post("/v1/activities", json=activity_document(identifier)).raise_for_status()
        while not (rows := await fetch(environment, "gateway", letters)):
            await asyncio.sleep(POLL_SECONDS)
    return identifier, f"gateway/projects/{rows[0]['sequence']}"


def dump(system: LocalSystem) -> str:
    """Return the whole read model as text."""
    environment = system.processes["gateway-projector"].environment
    return run_command("gateway.projection.dump", (), environment, seconds=60).output


# status


@pytest.mark.usefixtures("identifier")
def test_the_status_of_a_healthy_system(environment: dict[str, str]):
    await_until(lambda: lag_of(environment, "monitoring", "copies") == 0, what="the copies have the activity")
    told = json_of(environment, "status")
    assert told["state"] in ("ok", "degraded")
    assert {name: part["state"] for name, part in told["processes"].items()} == dict.fromkeys(
        told["processes"], "ok"
    )
    assert {"projects", "funding", "monitoring", "gateway"} < set(told["processes"])
    for service, part in told["databases"].items():
        assert part["revision"] == part["head"], service
        assert part["bytes"] > 0
    assert told["databases"]["projects"]["outbox"]["waiting"] == 0
    assert told["databases"]["gateway"]["answers"] is not None
    assert told["databases"]["gateway"]["projection"]["projects"]["lag"] == 0
    assert told["databases"]["monitoring"]["copies"]["projects"]["lag"] == 0
    assert told["streams"]["projects"]["messages"] > 0
    assert told["streams"]["projects"]["replicas"] == 1


@pytest.mark.usefixtures("identifier")
def test_the_status_for_people_is_a_table(environment: dict[str, str]):
    told = told_by(environment, "status")
    for part in (
        *environment["DEVCOOP_PARTS"].split('"')[1::4],
        "read model",
        "Webhooks",
        "Imports",
        "All together",
    ):
        assert part in told


def test_a_part_that_is_away_hides_no_other(environment: dict[str, str]):
    away = f"http://127.0.0.1:{free_port()}"
    parts = json.loads(environment["DEVCOOP_PARTS"]) | {"funding": away}
    wrong = environment | {
        "DEVCOOP_PARTS": json.dumps(parts),
        "DEVCOOP_NATS_URL": f"nats://127.0.0.1:{free_port()}",
        "DEVCOOP_FUNDING_DATABASE_PASSWORD": "another",
    }
    done = ops(wrong, "status", "--json")
    assert done.status == 1, done.error
    told = json.loads(done.output)
    assert told["state"] == "down"
    assert [name for name, part in told["processes"].items() if part["state"] == "down"] == ["funding"]
    assert [name for name, part in told["databases"].items() if part["state"] == "down"] == ["funding"]
    assert {part["state"] for part in told["streams"].values()} == {"down"}
    assert told["databases"]["gateway"]["projection"]["projects"]["lag"] is None
    assert "another" not in done.output + done.error


# serve and health


def test_health_tells_whether_a_process_is_ready(system: LocalSystem):
    port = system.processes["gateway"].address.rpartition(":")[2]
    for asked in ((), ("--live",)):
        done = run_command("deploy", ("health", *asked), {"DEVCOOP_PORT": port}, seconds=20)
        assert (done.status, done.output) == (0, "ok\n")
    away = run_command("deploy", ("health",), {"DEVCOOP_PORT": str(free_port())}, seconds=20)
    assert away.status == 1
    assert "refused" in away.error


def test_a_command_without_its_settings_says_which():
    done = ops({}, "rebuild")
    assert (done.status, done.error) == (1, "DEVCOOP_GATEWAY_DATABASE_URL is not set.\n")
    assert ops({}, "nothing").status == 2


# migrate and rebuild


def test_migrations_are_told_and_done_again_without_harm(environment: dict[str, str]):
    told = json_of(environment, "migrate", "--check")
    assert list(told["databases"]) == SERVICES
    assert told["streams"] == {owner: [] for owner in SERVICES[:-1]}
    assert json_of(environment, "migrate") == told
    assert "nothing to do" in told_by(environment, "migrate", "projects", "--no-streams")
    assert ops(environment, "migrate", "elsewhere").status == 2


def test_a_stream_of_another_configuration_is_to_be_migrated(environment: dict[str, str]):
    done = ops({**environment, "DEVCOOP_STREAM_REPLICAS": "3"}, "migrate", "--check")
    assert (done.status, "stream of funding: num_replicas is to be done" in done.output) == (1, True)
    done = ops({**environment, "DEVCOOP_STREAM_REPLICAS": "3"}, "migrate", "--check", "--no-streams")
    assert (done.status, "stream" in done.output) == (0, False)


# dead letters


async def test_a_letter_is_taken_in_once_its_cause_is_mended(
    environment: dict[str, str], gateway: Gateway, system: LocalSystem
):
    identifier, name = await buried(environment, gateway)
    (letter,) = json_of(environment, "dead-letters", "list")
    assert (letter["letter"], "defect" in letter["reason"]) == (name, True)
    assert identifier in told_by(environment, "dead-letters", "show", name)
    assert not is_shown(gateway, identifier)
    async with refused(environment, identifier):
        still = ops(environment, "dead-letters", "retry", name)
        assert (still.status, "defect" in still.output) == (1, True)
    assert told_by(environment, "dead-letters", "retry", name) == f"{name}: taken in\n"
    assert is_shown(gateway, identifier)
    assert json_of(environment, "dead-letters", "list") == []
    taken = dump(system)
    told_by(environment, "rebuild")
    assert dump(system) == taken


async def test_a_letter_that_makes_no_sense_stays_until_it_is_dropped(environment: dict[str, str]):
    letters = LETTER.format(table="copy_letter")
    await fetch(environment, "monitoring", letters, "projects", 7, "ValueError: no event", b"no event")
    name = "monitoring/projects/7"
    done = ops(environment, "dead-letters", "retry", name)
    assert done.status == 1
    assert "has no data" in done.output
    assert name in told_by(environment, "dead-letters", "list")
    assert json_of(environment, "status")["databases"]["monitoring"]["dead_letters"] == 1
    assert told_by(environment, "dead-letters", "drop", name) == f"{name}: dropped\n"
    assert json_of(environment, "dead-letters", "list") == []
    assert ops(environment, "dead-letters", "drop", name).status == 1
    assert ops(environment, "dead-letters", "drop").status == 2


async def test_who_cannot_be_asked_hides_no_letter_of_others(environment: dict[str, str]):
    letters = LETTER.format(table="copy_letter")
    await fetch(environment, "monitoring", letters, "projects", 8, "ValueError: no event", b"no event")
    wrong = environment | {"DEVCOOP_FUNDING_DATABASE_PASSWORD": "another"}
    done = ops(wrong, "dead-letters", "list", "--json")
    assert [each["letter"] for each in json.loads(done.output)] == ["monitoring/projects/8"]
    assert (done.status, done.error.startswith("funding cannot be asked: ")) == (1, True)
    assert "another" not in done.error
    told_by(environment, "dead-letters", "drop", "monitoring/projects/8")


async def test_a_letter_of_a_copy_is_taken_in_again(environment: dict[str, str], identifier: str):
    copied = "FROM copy WHERE aggregate = 'activity' AND document LIKE $1"
    (event,) = await fetch(
        environment, "projects", "SELECT payload FROM outbox WHERE payload LIKE $1", f"%{identifier}%"
    )
    await fetch(environment, "funding", f"DELETE {copied}", f"%{identifier}%")
    letters = LETTER.format(table="copy_letter")
    payload = event["payload"].encode()
    await fetch(environment, "funding", letters, "projects", 1, "ValueError: a defect of then", payload)
    told_by(environment, "dead-letters", "retry", "--all")
    assert len(await fetch(environment, "funding", f"SELECT id {copied}", f"%{identifier}%")) == 1
    assert json_of(environment, "dead-letters", "list") == []


# replay


async def test_a_replay_takes_in_what_is_missing_and_changes_nothing_else(
    environment: dict[str, str], gateway: Gateway, system: LocalSystem
):
    since = datetime.now(UTC) - timedelta(seconds=1)
    identifier, name = await buried(environment, gateway)
    told_by(environment, "dead-letters", "drop", name)
    before, position = dump(system), gateway.position()
    asked = ("replay", "--from", since.isoformat(), "--owner", "projects")
    assert "Nothing was done" in told_by(environment, *asked)
    assert dump(system) == before
    told = told_by(environment, *asked, "--yes")
    for service in ("gateway", "funding", "monitoring"):
        assert re.search(f"^{service}: [1-9][0-9]* messages of projects taken in$", told, re.MULTILINE)
    assert is_shown(gateway, identifier)
    assert gateway.position() == position
    taken = dump(system)
    told_by(environment, "replay", "--from", "2026-01-01T00:00:00Z", "--consumer", "projection", "--yes")
    assert dump(system) == taken
    told_by(environment, "rebuild")
    assert dump(system) == taken


async def test_a_replay_of_copies_takes_in_what_is_missing(environment: dict[str, str], identifier: str):
    copied = "FROM copy WHERE aggregate = 'activity' AND document LIKE $1"
    before = await fetch(environment, "monitoring", f"SELECT * {copied}", f"%{identifier}%")
    assert len(before) == 1
    await fetch(environment, "monitoring", f"DELETE {copied}", f"%{identifier}%")
    told_by(environment, "replay", "--from", "2026-01-01T00:00:00Z", "--consumer", "copies", "--yes")
    assert await fetch(environment, "monitoring", f"SELECT * {copied}", f"%{identifier}%") == before


def test_a_replay_from_later_has_nothing_to_do(environment: dict[str, str]):
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    told = told_by(environment, "replay", "--from", later, "--consumer", "projection")
    assert "gateway: 0 messages of projects" in told
    assert ops(environment, "replay", "--from", "2026-01-01").status == 2


async def test_webhooks_are_told_again_when_asked(environment: dict[str, str]):
    asked = ("replay", "--from", "2026-01-01T00:00:00Z", "--consumer", "webhooks")
    (row,) = await fetch(environment, "gateway", "SELECT count(*) AS n FROM webhook WHERE state <> 'deleted'")
    assert f"{row['n']} webhooks would be told again" in told_by(environment, *asked)
    assert f"{row['n']} webhooks are told again" in told_by(environment, *asked, "--yes")
    assert ops(environment, *asked, "--owner", "projects").status == 2


# streams


async def test_a_lost_stream_comes_back_from_the_outbox(
    environment: dict[str, str], gateway: Gateway, system: LocalSystem
):
    before = standing(gateway.summary())
    events = (await fetch(environment, "projects", "SELECT count(*) AS n FROM outbox"))[0]["n"]
    refused = ops(environment, "streams", "restore", "projects")
    assert refused.status == 1
    assert "say --yes" in refused.error
    bus = system.nats.user().bus()
    await (await bus.jetstream()).delete_stream("PROJECTS")
    await bus.close()
    told = told_by(environment, "streams", "restore", "projects", "--yes")
    assert f"{events} events are to be published" in told
    assert "All are published" in told
    await_until(
        lambda: lag_of(environment, "gateway", "projection") == 0,
        what="the read model follows the new stream",
    )
    assert json_of(environment, "status")["streams"]["projects"]["messages"] == events
    assert standing(gateway.summary()) == before
    written(gateway)


def lag_of(environment: Mapping[str, str], service: str, follower: str) -> int | None:
    """Return how many messages of projects a follower waits for, None while it has read nothing of the stream."""
    told = json_of(environment, "status")["databases"][service]
    return told.get(follower, {}).get("projects", {}).get("lag")


# audit and clients


def test_the_audit_of_all_services_is_verified(environment: dict[str, str]):
    told = json_of(environment, "audit", "verify")
    assert [each["service"] for each in told] == SERVICES
    assert all(each["holds"] for each in told)
    head = told[0]["head"]
    assert told_by(environment, "audit", "verify", "projects", "--head", head).startswith("projects: holds")
    seq = head.partition(":")[0]
    wrong = ops(environment, "audit", "verify", "projects", "--head", f"{seq}:{'00' * 32}")
    assert (wrong.status, "head-missing" in wrong.output) == (1, True)
    assert ops(environment, "audit", "verify", "--head", head).status == 2


def test_a_client_is_made_and_revoked(environment: dict[str, str], gateway: Gateway):
    made = json.loads(told_by(environment, "client", "create", "First", "--grant", '{"role":"partner"}'))
    told = {"grant_type": "client_credentials"}
    secret = (made["client_id"], made["client_secret"])
    assert httpx.post(f"{gateway.office.address}/oauth/token", data=told, auth=secret).status_code == 200
    told_by(environment, "client", "revoke", made["client_id"])
    assert httpx.post(f"{gateway.office.address}/oauth/token", data=told, auth=secret).status_code == 401
    unknown = ops(environment, "client", "revoke", "nobody")
    assert (unknown.status, "Traceback" in unknown.error) == (1, False)
