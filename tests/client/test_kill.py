"""A client that is killed at any moment changes nothing: the next one goes on, and everything is done once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from devcoop_client import Draft, Outbox, Store
from devcoop_client.credentials import SECRET as VARIABLE
from devcoop_client.credentials import Credentials, keep

from tests.client.server import CLIENT_ID, SECRET, Office

FINANCE = "/v1/finances/P-1"
CLIENT = Path(__file__).parents[2] / "client"
COMMANDS, KILLS = 240, 4
PUSH_SECONDS = 60


def client(home: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(CLIENT), VARIABLE: SECRET}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "devcoop_client", *words, "--home", str(home), "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_kill_9_of_a_push_doubles_and_loses_nothing(home: Path, address: str, office: Office, store: Store):
    draw = random.Random(7)  # noqa: S311
    office.write(FINANCE, {"currency": "USD"})
    office.pause = 0.002
    keep(home, Credentials(address, CLIENT_ID, SECRET), with_secret=False)
    outbox = Outbox(store)
    outbox.queue(
        Draft("POST", f"{FINANCE}/transactions", {"ref": f"T-{number}"}, "t") for number in range(COMMANDS)
    )
    for kill in range(1, KILLS + 1):
        pushing = client(home, "push")
        deadline = time.monotonic() + PUSH_SECONDS
        while office.effects < COMMANDS * kill // (KILLS + 2) and pushing.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(draw.random() / 50)
        assert pushing.poll() is None, pushing.communicate()
        pushing.send_signal(signal.SIGKILL)
        pushing.communicate()
        assert outbox.counts()["done"] < COMMANDS
    last = client(home, "push")
    told, _ = last.communicate(timeout=PUSH_SECONDS)
    assert last.returncode == 0, told
    assert outbox.counts()["done"] == COMMANDS
    assert office.effects == COMMANDS
    refs = [each["ref"] for each in office.documents[FINANCE][1]["transactions"]]
    assert sorted(refs) == sorted({f"T-{number}" for number in range(COMMANDS)})


def test_kill_9_of_a_pull_leaves_a_cursor_and_what_comes_before_it(home: Path, address: str, office: Office):
    for number in range(400):
        office.write(f"/v1/reports/R-{number}", {"text": "a" * 2000})
    office.page = 7
    keep(home, Credentials(address, CLIENT_ID, SECRET), with_secret=False)
    pulling = client(home, "pull")
    deadline = time.monotonic() + PUSH_SECONDS
    while not office.asked:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(0.03)
    pulling.send_signal(signal.SIGKILL)
    pulling.communicate()
    store = Store(home / "devcoop.db")
    cursor, known = int(store.get("cursor") or 0), store.connection.execute("SELECT count(*) FROM document")
    assert known.fetchone()[0] == cursor
    last = client(home, "pull")
    told, _ = last.communicate(timeout=PUSH_SECONDS)
    assert last.returncode == 0, told
    assert store.connection.execute("SELECT count(*) FROM document").fetchone()[0] == 400
    store.close()
