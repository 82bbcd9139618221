"""`devcoop ops` on a system that runs, as its operators see it: what it tells is so, and what it does costs nothing."""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deploy.local.ports import free_port
from deploy.local.processes import run_command
from deploy.local.system import LocalSystem
from tests.flow.client import Gateway, await_until, standing
from tests.flow.ops import fetch, json_of, ops, told_by
from tests.flow.samples import activity_document, new_identifier

SERVICES = ["projects", "funding", "monitoring", "gateway"]
FORGOTTEN_SECONDS = 0.2
"""How long it takes until an answer is no longer from memory."""
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


async def event_of(environment: Mapping[str, str], identifier: str) -> tuple[int, bytes]:
    """Return the place in the stream of the event of an activity, and the event."""
    schema = await schema_of(environment)
    (row,) = await fetch(
        environment,
        "gateway",
        f"SELECT sequence, event_id FROM {schema}.fact WHERE identifier = $1",  # noqa: S608
        identifier,
    )
    (event,) = await fetch(
        environment, "projects", "SELECT payload FROM outbox WHERE event_id = $1", row["event_id"]
    )
    return row["sequence"], event["payload"].encode()


async def forget(environment: Mapping[str, str], identifier: str) -> None:
    """Take an activity out of the read model, as if it had never been told."""
    schema = await schema_of(environment)
    found = f"SELECT id FROM {schema}.fact WHERE identifier = $1"  # noqa: S608
    (row,) = await fetch(environment, "gateway", found, identifier)
    for table in ("fact", "project_activity"):
        deleted = f"DELETE FROM {schema}.{table} WHERE id = $1"  # noqa: S608
        await fetch(environment, "gateway", deleted, row["id"])
    await fetch(environment, "gateway", "SELECT pg_notify('read_model', '')")
    await asyncio.sleep(FORGOTTEN_SECONDS)


# status


@pytest.mark.usefixtures("identifier")
def test_the_status_of_a_healthy_system(environment: dict[str, str]):
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
    assert list(told) == SERVICES
    assert json_of(environment, "migrate") == told
    assert "nothing to do" in told_by(environment, "migrate", "projects", "--no-streams")
    assert ops(environment, "migrate", "elsewhere").status == 2


# dead letters


async def test_a_letter_is_taken_in_once_its_cause_is_mended(environment: dict[str, str], gateway: Gateway):
    identifier = written(gateway)
    sequence, event = await event_of(environment, identifier)
    name = f"gateway/projects/{sequence}"
    await forget(environment, identifier)
    letters = LETTER.format(table=f"{await schema_of(environment)}.dead_letter")
    await fetch(environment, "gateway", letters, "projects", sequence, "ValueError: a defect of then", event)
    assert name in [each["letter"] for each in json_of(environment, "dead-letters", "list")]
    assert not is_shown(gateway, identifier)
    assert event.decode() in told_by(environment, "dead-letters", "show", name)
    assert told_by(environment, "dead-letters", "retry", name) == f"{name}: taken in\n"
    assert is_shown(gateway, identifier)
    assert name not in told_by(environment, "dead-letters", "list")


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


async def test_a_letter_of_a_copy_is_taken_in_again(environment: dict[str, str], identifier: str):
    sequence, event = await event_of(environment, identifier)
    copied = "FROM copy WHERE aggregate = 'activity' AND document LIKE $1"
    await fetch(environment, "funding", f"DELETE {copied}", f"%{identifier}%")
    letters = LETTER.format(table="copy_letter")
    await fetch(environment, "funding", letters, "projects", sequence, "ValueError: a defect of then", event)
    told_by(environment, "dead-letters", "retry", "--all")
    assert len(await fetch(environment, "funding", f"SELECT id {copied}", f"%{identifier}%")) == 1
    assert json_of(environment, "dead-letters", "list") == []


# replay


async def test_a_replay_takes_in_what_is_missing(environment: dict[str, str], gateway: Gateway):
    since = datetime.now(UTC) - timedelta(seconds=1)
    identifier = written(gateway)
    cursor = gateway.get("/v1/results/summary?group_by=country")["position"]
    await forget(environment, identifier)
    asked = ("replay", "--from", since.isoformat(), "--owner", "projects")
    assert "Nothing was done" in told_by(environment, *asked)
    assert not is_shown(gateway, identifier)
    told = told_by(environment, *asked, "--yes")
    assert re.search("^gateway: [1-9][0-9]* messages of projects taken in$", told, re.MULTILINE)
    assert re.search("^funding: [1-9][0-9]* messages of projects taken in$", told, re.MULTILINE)
    assert is_shown(gateway, identifier)
    assert gateway.get("/v1/results/summary?group_by=country")["position"] == cursor


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
    await_until(lambda: lag_of(environment) == 0, what="the read model follows the new stream")
    assert json_of(environment, "status")["streams"]["projects"]["messages"] == events
    assert standing(gateway.summary()) == before
    written(gateway)


def lag_of(environment: Mapping[str, str]) -> int | None:
    """Return how many messages of projects the read model waits for, None while it has read nothing of the stream."""
    told = json_of(environment, "status")["databases"]["gateway"]
    return told.get("projection", {}).get("projects", {}).get("lag")


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
