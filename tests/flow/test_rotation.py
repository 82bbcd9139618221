"""Keys and passwords of a system that runs are replaced by others, and nothing is lost."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.system import LocalSystem
from shared.testing.fixtures import QUIET
from tests.flow.client import Gateway, await_until
from tests.flow.ops import fetch, ops, told_by
from tests.flow.samples import activity_document, new_identifier

GATEWAY = ("gateway", "gateway-projector", "gateway-importer")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalSystem]:
    """Start a system of its own: it gets other secrets than those that it was started with."""
    with tempfile.TemporaryDirectory(prefix="devcoop-rotation-") as folder:
        system = LocalSystem(Path(folder), settings=QUIET)
        system.start()
        yield system
        system.stop()


@pytest.fixture(scope="module")
def office(local: LocalSystem) -> Iterator[Gateway]:
    client = Gateway(local)
    yield client
    client.http.close()


def folder_of(local: LocalSystem) -> Path:
    return local.credentials.parent


def rotate(local: LocalSystem, *arguments: str) -> str:
    return told_by(local.ops_environment, "rotate", "--secrets", str(folder_of(local)), *arguments)


def restart(local: LocalSystem, *names: str, **settings: str) -> None:
    stop(local, *names)
    start(local, *names, **settings)


def stop(local: LocalSystem, *names: str) -> None:
    for name in names:
        local.processes[name].ask_to_stop()
    for name in names:
        local.processes[name].await_stop()


def start(local: LocalSystem, *names: str, **settings: str) -> None:
    for name in names:
        local.processes[name].environment.update(settings)
        local.processes[name].start()
    for name in names:
        local.processes[name].await_ready()


def write(office: Gateway) -> None:
    identifier = new_identifier()
    office.http.post("/v1/activities", json=activity_document(identifier)).raise_for_status()
    await_until(
        lambda: office.http.get(f"/v1/results/projects/{identifier}").status_code == 200, what="it is shown"
    )


async def test_a_database_password_is_replaced_while_the_service_works(local: LocalSystem, office: Gateway):
    former = local.ops_environment
    write(office)
    assert "Restart projects" in rotate(local, "database-password", "projects")
    write(office)
    new = (folder_of(local) / "postgres-projects").read_text()
    assert new != former["DEVCOOP_PROJECTS_DATABASE_PASSWORD"]
    assert not (folder_of(local) / "postgres-projects.new").exists()
    refused = ops(former, "audit", "verify", "projects")
    assert (refused.status, "password authentication failed" in refused.error) == (1, True)
    restart(local, "projects", DEVCOOP_DATABASE_PASSWORD=new)
    write(office)


async def test_a_rotation_that_was_broken_off_goes_on(local: LocalSystem):
    """The password was set, and the former one still stands in the folder."""
    path = folder_of(local) / "postgres-funding"
    former = path.read_text()
    rotate(local, "database-password", "funding")
    new = path.read_text()
    path.with_name("postgres-funding.new").write_text(new)
    path.write_text(former)
    rotate(local, "database-password", "funding")
    assert path.read_text() == new
    restart(local, "funding", DEVCOOP_DATABASE_PASSWORD=new)


def test_cursors_outlive_a_rotation(local: LocalSystem, office: Gateway):
    write(office)
    write(office)
    first = office.get("/v1/results/projects?limit=1")
    rotate(local, "cursor")
    keys = {name: (folder_of(local) / name).read_text() for name in ("cursor", "cursor-former")}
    told = {
        "DEVCOOP_CURSOR_KEY": keys["cursor"],
        "DEVCOOP_CURSOR_KEY_FORMER": keys["cursor-former"],
    }
    restart(local, "gateway", **told)
    second = office.get(f"/v1/results/projects?limit=1&cursor={first['next']}")
    assert len(second["items"]) == 1
    assert second["items"] != first["items"]


async def test_tokens_outlive_a_rotation_of_the_key_that_seals(local: LocalSystem, office: Gateway):
    refused = ops(local.ops_environment, "rotate", "--secrets", str(folder_of(local)), "issuer-key")
    assert (refused.status, "stop its processes" in refused.error) == (1, True)
    token, bearer = local.token(), "SELECT kid FROM signing_key"
    before = await fetch(local.ops_environment, "gateway", bearer)
    stop(local, *GATEWAY)
    assert "values were sealed anew" in rotate(local, "issuer-key")
    start(local, *GATEWAY, DEVCOOP_ISSUER_KEY=(folder_of(local) / "issuer").read_text())
    assert await fetch(local.ops_environment, "gateway", bearer) == before
    answer = office.http.get("/v1/activities?limit=1", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    write(office)


async def test_another_key_signs_once_it_is_known(local: LocalSystem, office: Gateway):
    assert "signs from" in told_by(local.ops_environment, "rotate", "signing-key")
    published = office.get("/oauth/jwks")["keys"]
    assert len(published) == 2
    write(office)


def test_without_a_folder_nothing_is_rotated(local: LocalSystem, tmp_path: Path):
    environment = {
        name: value for name, value in local.ops_environment.items() if name != "DEVCOOP_SECRETS_FOLDER"
    }
    assert "no folder of secrets" in ops(environment, "rotate", "cursor").error
    missing = ops(environment, "rotate", "--secrets", str(tmp_path), "cursor")
    assert (missing.status, "There is no secret" in missing.error) == (1, True)
