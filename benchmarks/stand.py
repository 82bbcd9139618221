"""The stand that everything is measured on: the whole system, a bare server, and a process that makes load."""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import asyncpg

from benchmarks.load import Job, Load, get, run
from deploy.broker import BrokerUser
from deploy.local.embedded import with_password
from deploy.local.loopback import open_url
from deploy.local.system import OWNERS, UNLIMITED, WITHOUT_RATES, LocalSystem, Settings

TO_THIS_MACHINE: Settings = {"gateway": {"DEVCOOP_WEBHOOK_INSECURE": "true"}}
"""Lets webhooks go to endpoints of this machine."""
CHILD_SECONDS = 180
SETTLE_SECONDS = 120
STOP_SECONDS = 10

P = ParamSpec("P")
T = TypeVar("T")


class Stand:
    """A running system in a temporary folder, and a child process for what should not burden this one."""

    def __init__(self, folder: Path, system: LocalSystem, pool: ProcessPoolExecutor) -> None:
        self.folder, self.system, self._pool = folder, system, pool
        self.write_rate: float | None = None
        """Writes per second at 32 clients, once that was measured."""
        self._serial = 0

    @property
    def gateway(self) -> str:
        """Address of the gateway."""
        return self.system.address

    @property
    def projects(self) -> str:
        """Address of the projects service."""
        return self.system.processes["projects"].address

    @property
    def authorization(self) -> str:
        """The header of a request with all roles."""
        return f"Bearer {self.system.token()}"

    def asking(self, target: str) -> bytes:
        """Return a GET request with all roles."""
        return get(target, authorization=self.authorization)

    @property
    def broker(self) -> BrokerUser:
        """NATS, by the operator."""
        return self.system.nats.user()

    def database_url(self, process: str) -> str:
        """Return the SQLAlchemy URL of the database of a process, with the password in it."""
        environment = self.system.processes[process].environment
        return with_password(environment["DEVCOOP_DATABASE_URL"], environment["DEVCOOP_DATABASE_PASSWORD"])

    def dsn(self, process: str) -> str:
        """Return the address of the database of a process as asyncpg takes it."""
        return self.database_url(process).replace("+asyncpg", "")

    def serials(self, count: int) -> int:
        """Return the first of as many serial numbers as nobody has used yet."""
        first, self._serial = self._serial, self._serial + count
        return first

    def load(self, job: Job) -> Load:
        """Do a job of load in the child process."""
        return self.in_child(run, job)

    def in_child(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the child process."""
        return self._pool.submit(function, *args, **kwargs).result(CHILD_SECONDS)

    def get(self, target: str, address: str | None = None, authorization: str | None = None) -> bytes:
        """Return the body of an answer: by the gateway and with all roles, unless something else is given."""
        headers = {"Authorization": authorization or self.authorization}
        request = urllib.request.Request(f"{address or self.gateway}{target}", headers=headers)  # noqa: S310
        with open_url(request, timeout=30) as answer:
            return bytes(answer.read())

    def get_json(self, target: str, address: str | None = None) -> Any:  # noqa: ANN401
        """Return the body of an answer, read as JSON."""
        return json.loads(self.get(target, address))

    def settle(self) -> None:
        """Wait until every fact is published and in the read model, so that nothing else is at work.

        Raises:
            TimeoutError: that takes longer than two minutes.

        """
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while not await self._is_settled():
            if time.monotonic() > deadline:
                raise TimeoutError("the system does not come to rest")
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)

    async def _is_settled(self) -> bool:
        for owner in OWNERS:
            connection = await asyncpg.connect(self.dsn(owner))
            try:
                if await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):
                    return False
            finally:
                await connection.close()
        position = self.get_json("/v1/results/projects?limit=1")["position"]
        return all(position.get(owner, 0) == end for owner, end in (await self.ends()).items())

    async def ends(self) -> dict[str, int]:
        """Return the sequence of the newest message of each owner's stream."""
        connection = await self.broker.connect()
        try:
            js = connection.jetstream()
            return {owner: (await js.stream_info(owner.upper())).state.last_seq for owner in OWNERS}
        finally:
            await connection.close()


@contextmanager
def standing(folder: Path) -> Iterator[Stand]:
    """Start the system and the child process, and stop both at the end."""
    system = LocalSystem(folder, settings={**WITHOUT_RATES, **UNLIMITED, **TO_THIS_MACHINE})
    system.start()
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield Stand(folder, system, pool)
    finally:
        system.stop()


@contextmanager
def bare_server(stand: Stand, bodies: Mapping[str, bytes]) -> Iterator[str]:
    """Start a bare server that returns these bytes, yield its address, and stop it at the end."""
    folder = stand.folder / "bare"
    folder.mkdir(exist_ok=True)
    for name in ("page", "project", "summary"):
        (folder / f"{name}.json").write_bytes(bodies.get(name, b"{}"))
    asyncio.run(_drop_bare(stand.dsn("projects")))
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "benchmarks.bare", folder],
        env={**os.environ, "BARE_DSN": stand.dsn("projects")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101  (told to the type checker)
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _drop_bare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("DROP SCHEMA IF EXISTS bare CASCADE")
    await connection.close()
