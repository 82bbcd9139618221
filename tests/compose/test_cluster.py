"""The cluster overlay: two of everything, behind the proxy; what is killed during an import costs nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.compose.engine import Engine
from tests.compose.installation import PROCESSES, Installation
from tests.compose.test_one_machine import FILE, check, check_confined
from tests.flow.client import Gateway, await_until
from tests.flow.samples import activity_document, as_new, new_identifier

OVERLAYS = ("deploy/compose.cluster.yml", "tests/compose/compose.cluster.test.yml")
WRITERS = 4
PEERS = """
import pathlib, socket, struct
for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
    local, remote = line.split()[1:3]
    if local.endswith(":1F40"):
        print(socket.inet_ntoa(struct.pack("<L", int(remote.split(":")[0], 16))))
"""
"""Tells who is connected to port 8000."""
TRIES = 40


@pytest.fixture(scope="module")
def cluster(
    engine: Engine,
    image: str,  # noqa: ARG001  (has to be there)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    made = Installation(
        engine, tmp_path_factory.mktemp("cluster"), "devcoop-cluster", OVERLAYS, scheme="https"
    )
    made.remove()
    made.make_secrets()
    made.up()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def gateway(cluster: Installation) -> Iterator[Gateway]:
    made = Gateway(cluster, trust=cluster.trust)
    yield made
    made.http.close()


class Writer(threading.Thread):
    """A field office that writes version after version of a project, and sends again what was not answered."""

    def __init__(self, cluster: Installation) -> None:
        super().__init__()
        self.identifier = new_identifier()
        self.version = 0
        self.wrong: list[str] = []
        self.stop = threading.Event()
        self._gateway = Gateway(cluster, trust=cluster.trust)

    def run(self) -> None:
        """Write until told to stop; each write happens once, however often it is sent."""
        while not self.stop.is_set() and not self.wrong:
            self._write(self.version + 1)
        self._gateway.http.close()

    def _write(self, version: int) -> None:
        document = activity_document(self.identifier, f"Version {version}")
        key = {"Idempotency-Key": f'"{self.identifier}-{version}"'}
        answer = "nobody answered"
        for _ in range(TRIES):
            try:
                told = self._send(document, key, version)
            except (httpx.TransportError, OSError) as error:
                answer = type(error).__name__
            else:
                if told.is_success:
                    self.version = told.json()["version"]
                    self.wrong += [] if self.version == version else [f"{self.version} is not {version}"]
                    return
                answer = f"{told.status_code} {told.text[:300]}"
                if told.status_code not in (409, 429, 500, 502, 503, 504):
                    break
            self.stop.wait(0.25)
        self.wrong.append(answer)

    def _send(self, document: dict[str, object], key: dict[str, str], version: int) -> httpx.Response:
        if version == 1:
            return self._gateway.http.post("/v1/activities", json=document, headers=key)
        target = f"/v1/activities/{self.identifier}"
        return self._gateway.http.put(target, json=document, headers={**key, "If-Match": f'"{version - 1}"'})


@contextmanager
def writing(cluster: Installation) -> Iterator[list[Writer]]:
    """Let some offices write until the block ends."""
    writers = [Writer(cluster) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop.set()
        for writer in writers:
            writer.join()


def test_there_are_two_of_everything_three_brokers_and_a_standby(cluster: Installation):
    assert {service: len(cluster.containers(service)) for service in PROCESSES} == dict.fromkeys(PROCESSES, 2)
    told = cluster.ops("status", "--json")
    assert '"replicas": 3' in told or '"replicas":3' in told
    standby = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
    command = ("psql", "-h", "/var/run/postgresql", "-U", "postgres", "-Atc", standby)
    assert cluster.run_in("postgres", *command) == "1"


def test_only_the_proxy_is_published(cluster: Installation):
    published = {
        name
        for name, state in cluster.states().items()
        if any(told for told in state["NetworkSettings"]["Ports"].values())
    }
    assert published == {"proxy_1"}


@pytest.mark.parametrize("service", ["nats-2", "postgres-standby", "proxy"])
def test_what_the_overlay_adds_runs_without_root_too(cluster: Installation, service: str):
    check_confined(cluster, service)


def test_results_are_read_from_the_standby(cluster: Installation, gateway: Gateway):
    gateway.summary()
    told = cluster.run_in(
        "postgres-standby", "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-Atc",
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway' AND datname = 'gateway'",
    )  # fmt: skip
    assert int(told) > 0


def test_callers_are_known_by_their_own_address(cluster: Installation, gateway: Gateway):
    """One that asks too often costs nobody else anything: the gateway believes the proxy, and nobody else."""
    answer = gateway.http.get("/v1/results/projects", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.is_success
    proxy = cluster.engine.inspect(cluster.containers("proxy")[0])["NetworkSettings"]["Networks"]
    inner = next(told["IPAddress"] for name, told in proxy.items() if name.endswith("_inner"))
    peers = cluster.run_in("gateway", "python3", "-c", PEERS).split()
    assert inner in peers


def test_nothing_is_lost_though_one_of_each_is_killed_during_an_import(
    cluster: Installation, gateway: Gateway, data: Path
):
    with writing(cluster) as writers:
        location = gateway.begin_import(as_new(data / FILE, "-cluster"))
        _until_begun(gateway, location)
        for service in ("nats-2", *PROCESSES, "postgres-standby"):
            cluster.kill(service)
        view = _until_done(gateway, location)
    assert [writer.wrong for writer in writers] == [[]] * WRITERS
    assert all(writer.version > 1 for writer in writers)
    await_until(cluster.is_healthy, what="what was killed is healthy again", seconds=180, pause=0.5)
    assert view["progress"]["done"] == view["progress"]["total"] == check(gateway, data, "-cluster")
    for writer in writers:
        shown = gateway.http.get(f"/v1/activities/{writer.identifier}").json()
        assert (shown["version"], shown["document"]["titles"][0]["text"]) == (
            writer.version,
            f"Version {writer.version}",
        )
        await_until(
            lambda writer=writer: gateway.project(writer.identifier)["activity"]["version"] == writer.version,
            what="the last version is in the results",
        )


def test_the_read_model_is_what_a_rebuild_makes_of_the_streams(cluster: Installation, gateway: Gateway):
    before = gateway.read_model()
    cluster.ops("rebuild")
    await_until(lambda: gateway.http.get("/v1/results/projects").is_success, what="the gateway answers")
    assert gateway.read_model() == before
    assert cluster.faults() == []


def _until_begun(gateway: Gateway, location: str) -> None:
    await_until(lambda: gateway.get(location)["progress"]["done"] >= 1, what="the import has begun")


def _until_done(gateway: Gateway, location: str) -> dict[str, object]:
    """Return a finished import; meanwhile an answer may get lost."""
    view: dict[str, object] = {}

    def is_done() -> bool:
        try:
            answer = gateway.http.get(location)
        except (httpx.TransportError, OSError):
            return False
        if answer.is_success:
            view.update(answer.json())
        return view.get("status") == "completed"

    await_until(is_done, what="the import is done", seconds=300, pause=0.2)
    return view
