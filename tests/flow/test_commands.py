"""`make demo` and `make run` as a person at a terminal meets them."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local.ports import free_port
from shared.testing.folders import temporary_folder
from tests.flow.client import Gateway, await_until
from tests.flow.samples import activity_xml, file_of

ROOT = Path(__file__).parents[2]
SECONDS = 180


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Return a folder that the user of the database can be let into: another pytest of ours closes all that pytest makes."""
    with temporary_folder("devcoop-commands-") as folder:
        yield folder


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    path = tmp_path / "activities.xml"
    path.write_bytes(file_of(activity_xml("XM-1"), activity_xml("XM-2")))
    return path


@contextlib.contextmanager
def command(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command with its temporary files in a folder, by which what it starts can be found."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    with (
        (tmp_path / "printed").open("w") as printed,
        subprocess.Popen(  # noqa: S603  (a command of our own)
            [sys.executable, "-m", "deploy.local", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(SECONDS)


def printed(tmp_path: Path) -> str:
    return (tmp_path / "printed").read_text()


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    """Run the command to its end; return its exit status and what it printed."""
    with command(tmp_path, *arguments) as process:
        status = process.wait(SECONDS)
    return status, printed(tmp_path)


def left_behind(tmp_path: Path) -> list[str]:
    """Return the processes that live on with something of a folder in their command or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(tmp_path) in word for word in told):
            found.append(f"{process.pid} {' '.join(process.cmdline())}")
    return found


def test_the_demo_shows_a_file_of_ones_own(tmp_path: Path, data_file: Path):
    status, text = run(tmp_path, "demo", "--data", str(data_file))
    assert status == 0, text
    assert "2 accepted, 0 changed, 0 unchanged, 0 refused" in text
    assert "Results by recipient country" in text
    assert re.search(r"\bAll\b", text)
    assert left_behind(tmp_path) == []
    assert list((tmp_path / "tmp").glob("devcoop-*")) == []


def test_the_demo_of_a_file_that_is_refused_fails_and_says_why(tmp_path: Path):
    path = tmp_path / "old.xml"
    path.write_bytes(file_of(activity_xml("XM-1"), version="1.05"))
    status, text = run(tmp_path, "demo", "--data", str(path))
    assert status == 1
    assert "unsupported-version" in text
    assert "1.05" in text
    assert "Traceback" not in text
    assert left_behind(tmp_path) == []


def test_the_demo_of_a_file_that_is_not_there_fails_at_once(tmp_path: Path):
    status, text = run(tmp_path, "demo", "--data", str(tmp_path / "nothing.xml"))
    assert status == 1
    assert "There is no file" in text
    assert "Traceback" not in text


@dataclass(frozen=True, slots=True)
class Served:
    """The system that the command serves, and the token that it told."""

    address: str
    told: str

    def token(self) -> str:
        return self.told


def token_command(state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (a command of our own)
        [sys.executable, "-m", "deploy.local", "token", "--state", str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def check_tokens(state: Path, text: str, address: str) -> None:
    """Check that the command gives a token that lets in, and that the secret stays where the text says."""
    kept = state / "keys" / "development-client.json"
    assert str(kept) in text
    assert kept.stat().st_mode & 0o077 == 0
    assert httpx.get(f"{address}/v1/imports").status_code == 401
    done = token_command(state)
    assert done.returncode == 0, done.stderr
    bearer = {"Authorization": f"Bearer {done.stdout.strip()}"}
    assert httpx.get(f"{address}/v1/imports", headers=bearer).status_code == 200
    secret = json.loads(kept.read_text())["client_secret"]
    logs = "".join(path.read_text() for path in (state / "processes").glob("*.log"))
    assert "request" in logs
    assert secret not in text + logs


def test_there_is_no_token_where_nothing_runs(tmp_path: Path):
    done = token_command(tmp_path)
    assert done.returncode == 1
    assert "No system gives a token" in done.stderr
    assert done.stdout == ""


def served(tmp_path: Path, data_file: Path) -> tuple[str, object]:
    """Serve until there are results, then press Ctrl-C; return what was printed, and the results."""
    port = free_port()
    arguments = ("run", "--state", str(tmp_path / "state"), "--port", str(port), "--data", str(data_file))
    with command(tmp_path, *arguments) as process:
        await_until(
            lambda: process.poll() is not None or "Ctrl-C stops everything" in printed(tmp_path),
            what="the system serves",
        )
        assert process.poll() is None, printed(tmp_path)
        address, text = f"http://127.0.0.1:{port}", printed(tmp_path)
        told = re.search(r"^export TOKEN=(\S+)$", text, re.MULTILINE)
        assert told, text
        check_tokens(tmp_path / "state", text, address)
        gateway = Gateway(Served(address, told[1]))
        assert len(list(gateway.pages("/v1/imports"))) >= 1
        results = gateway.read_model()
        gateway.http.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0, printed(tmp_path)
    assert left_behind(tmp_path) == []
    return printed(tmp_path), results


def test_what_was_served_before_is_there_again(tmp_path: Path, data_file: Path):
    text, results = served(tmp_path, data_file)
    assert "2 accepted, 0 changed, 0 unchanged" in text
    assert "Stopped." in text
    again, same = served(tmp_path, data_file)
    assert "0 accepted, 0 changed, 2 unchanged" in again
    assert same == results
