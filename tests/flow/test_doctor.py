"""The doctor on a whole system: nothing is wrong with it, and a part that is away is found without hiding the others."""

import argparse
import json

import pytest

from deploy.local.system import LocalSystem
from deploy.ops import doctor


@pytest.fixture
def environment(system: LocalSystem, monkeypatch) -> None:
    """Tell the command where the parts of a system are."""
    variables = {
        "DEVCOOP_NATS_URL": system.nats.url,
        "DEVCOOP_NATS_SEED": system.nats.user().seed,
        "DEVCOOP_PARTS": json.dumps({name: process.address for name, process in system.processes.items()}),
        "DEVCOOP_ISSUERS": system.processes["gateway"].environment["DEVCOOP_ISSUERS"],
    }
    for service in ("projects", "funding", "monitoring", "gateway"):
        stated = system.processes[service].environment
        for name in ("DATABASE_URL", "DATABASE_PASSWORD"):
            variables[f"DEVCOOP_{service.upper()}_{name}"] = stated[f"DEVCOOP_{name}"]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


async def run(capsys, *arguments):
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    status = await doctor.run(parser.parse_args(arguments))
    return status, capsys.readouterr().out


def found(printed):
    return {(each["code"], each["part"]) for each in json.loads(printed) if each["level"] != "ok"}


EXPECTED = {
    *(f"database {service}" for service in ("projects", "funding", "monitoring", "gateway")),
    *("NATS", "stream PROJECTS", "stream FUNDING", "stream MONITORING"),
    *(f"process {name}" for name in ("projects", "funding", "monitoring", "gateway")),
    *("process gateway-projector", "process gateway-importer", "issuer http://127.0.0.1:8100"),
}


@pytest.mark.usefixtures("environment")
async def test_nothing_is_wrong_with_a_whole_system(capsys):
    status, printed = await run(capsys, "--json")
    assert found(printed) == set()
    assert status == 0
    parts = {each["part"] for each in json.loads(printed)}
    assert parts >= EXPECTED
    assert len([part for part in parts if part.startswith("server ")]) == 1


@pytest.mark.usefixtures("environment")
async def test_it_is_told_in_lines_where_there_is_no_terminal(capsys):
    status, printed = await run(capsys)
    assert status == 0
    *lines, counted = [line.split("\t") for line in printed.splitlines()]
    assert ["ok", "process", "process funding", "it is ready.", ""] in lines
    assert {len(line) for line in lines} == {5}
    assert "0 fault" in counted[0]


@pytest.mark.usefixtures("environment")
async def test_what_is_away_does_not_hide_the_rest(capsys, monkeypatch):
    monkeypatch.setenv("DEVCOOP_FUNDING_DATABASE_PASSWORD", "another")
    monkeypatch.setenv("DEVCOOP_PARTS", json.dumps({"funding": "http://127.0.0.1:1"}))
    monkeypatch.setenv("DEVCOOP_NATS_URL", "nats://127.0.0.1:1")
    status, printed = await run(capsys, "--json")
    assert status == 1
    assert found(printed) == {
        ("database-refused", "database funding"),
        ("process-away", "process funding"),
        ("nats-unreachable", "NATS"),
    }
    assert ("database-version", "database monitoring") in {
        (x["code"], x["part"]) for x in json.loads(printed)
    }


async def test_nobody_is_told_that_all_is_well_where_nothing_was_looked_at(capsys, monkeypatch):
    for name in ("NATS_URL", "NATS_SEED", "PARTS", "ISSUERS"):
        monkeypatch.delenv(f"DEVCOOP_{name}", raising=False)
    status, printed = await run(capsys, "--json")
    assert status == 0
    assert {code for code, _ in found(printed)} == {"not-looked-at"}
    assert {part for _, part in found(printed)} == {
        *(f"database {service}" for service in ("projects", "funding", "monitoring", "gateway")),
        *("NATS", "processes", "issuers"),
    }


async def test_settings_that_do_not_hold_are_a_fault(capsys, monkeypatch):
    monkeypatch.setenv("DEVCOOP_PARTS", "projects")
    status, printed = await run(capsys, "--json")
    assert status == 1
    assert ("setting", "settings of ops") in found(printed)


async def test_a_check_that_fails_does_not_end_the_doctor(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DEVCOOP_FUNDING_DATABASE_URL", "nowhere")
    monkeypatch.setenv(
        "DEVCOOP_PARTS", json.dumps({"projects": "http://h:port", "gateway": "http://127.0.0.1:1"})
    )
    away = tmp_path / "none"
    status, printed = await run(capsys, "--json", "--disk", str(away), "--disk", str(tmp_path))
    assert status == 1
    assert found(printed) >= {
        ("database-address", "database funding"),
        ("not-examined", "process projects"),
        ("process-away", "process gateway"),
        ("not-examined", f"disk of {away}"),
    }
    assert f"disk of {tmp_path}" in {each["part"] for each in json.loads(printed)}


@pytest.mark.usefixtures("environment")
async def test_connections_tell_what_they_were_counted_from(capsys, monkeypatch):
    monkeypatch.setenv("DEVCOOP_DATABASE_POOL", "40")
    _, printed = await run(capsys, "--json")
    (told,) = [each for each in json.loads(printed) if each["code"] == "database-connections"]
    assert told["level"] == "warning"
    assert (
        "projects 1, funding 1, monitoring 1, gateway 3; pool of 40 by DEVCOOP_DATABASE_POOL" in told["what"]
    )


async def test_the_seed_of_a_service_is_not_used_as_the_operators(capsys, monkeypatch, system):
    for name, value in system.processes["projects"].environment.items():
        if name.startswith("DEVCOOP_"):
            monkeypatch.setenv(name, value)
    _, printed = await run(capsys, "--json", "--service", "projects")
    assert ("not-looked-at", "installation") in found(printed)
    assert not [
        each for each in json.loads(printed) if each["part"].startswith(("NATS", "stream", "database"))
    ]
