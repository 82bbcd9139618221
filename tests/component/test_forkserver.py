"""The server that forks the processes of a local system: each is as if it had been started by itself."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.local.forkserver import NAME, Child, ForkServer, Launch
from deploy.local.leftovers import end_leftover
from deploy.local.processes import ServiceProcess, StartFailed, run_command
from tests.flow.client import await_until

MODULE = "tests.component.forked"
SECONDS = 30


@pytest.fixture
def server() -> Iterator[ForkServer]:
    """Return a server of our own, which starts quickly because it imports next to nothing."""
    made = ForkServer(["json"])
    yield made
    made.stop()


@contextmanager
def waiting(server: ForkServer, folder: Path) -> Iterator[Child]:
    """Start a process that waits to be ended."""
    with ExitStack() as stack:
        files = [stack.enter_context((folder / name).open("w+")) for name in ("in", "out", "err", "end")]
        child = server.launch(Launch("waiting", MODULE, [], {}), [file.fileno() for file in files])
        stack.callback(child.send, signal.SIGKILL)
        await_until((folder / "out").read_text, what="it runs", seconds=SECONDS)
        yield child


def parent_of(child: Child) -> psutil.Process:
    parent = psutil.Process(child.pid).parent()
    assert parent is not None
    assert NAME in parent.cmdline()
    return parent


def test_a_command_has_its_own_environment_and_session_and_tells_how_it_ended(monkeypatch):
    monkeypatch.setenv("DEVCOOP_PORT", "1")
    monkeypatch.setenv("OUTER", "2")
    done = run_command(MODULE, ["3"], {"DEVCOOP_ROLES": "4"}, seconds=SECONDS)
    told = json.loads(done.output)
    assert (done.status, done.error, told["arguments"], told["leads"], told["input"]) == (
        3,
        "",
        ["3"],
        True,
        "",
    )
    assert "DEVCOOP_PORT" not in told["environment"]
    assert (told["environment"]["OUTER"], told["environment"]["DEVCOOP_ROLES"]) == ("2", "4")


def test_a_command_that_fails_says_why():
    done = run_command(MODULE, ["no number"], {}, seconds=SECONDS)
    assert done.status == 1
    assert "ValueError" in done.error


def test_a_command_that_takes_too_long_is_ended():
    with pytest.raises(TimeoutError):
        run_command(MODULE, (), {}, seconds=0.5)


def test_a_process_that_is_killed_is_gone(server: ForkServer, tmp_path: Path):
    with waiting(server, tmp_path) as child:
        assert not child.has_ended()
        with pytest.raises(TimeoutError):
            child.wait(0.01)
        child.send(signal.SIGKILL)
        child.wait(SECONDS)
        assert child.has_ended()
        await_until(lambda: not psutil.pid_exists(child.pid), what="it leaves no zombie", seconds=SECONDS)
        child.send(signal.SIGTERM)


def test_a_server_that_was_killed_is_replaced_and_takes_no_process_with_it(
    server: ForkServer, tmp_path: Path
):
    with waiting(server, tmp_path) as child:
        parent = parent_of(child)
        parent.kill()
        parent.wait(SECONDS)
        (tmp_path / "other").mkdir()
        with waiting(server, tmp_path / "other") as other:
            assert not child.has_ended()
            assert not other.has_ended()


def test_a_server_ends_with_its_starter_and_its_processes_live_on(server: ForkServer, tmp_path: Path):
    with waiting(server, tmp_path) as child:
        parent = parent_of(child)
        server.stop()
        assert not parent.is_running()
        assert not child.has_ended()


def test_a_module_that_cannot_be_imported_fails_the_start(tmp_path: Path, capfd):
    broken = ForkServer(["no.such.module"])
    with (tmp_path / "file").open("w+") as file, pytest.raises(OSError, match="standard error"):
        broken.launch(Launch("x", MODULE, [], {}), [file.fileno()] * 4)
    broken.stop()
    assert "No module named 'no'" in capfd.readouterr().err


def test_what_a_dead_starter_left_is_ended(tmp_path: Path):
    process = ServiceProcess("left", MODULE, {}, tmp_path)
    process.start()
    left = psutil.Process(process.pid)
    end_leftover(process.pid_path, NAME)
    await_until(lambda: not left.is_running(), what="it is ended", seconds=SECONDS)
    assert not process.pid_path.exists()
    assert process.has_ended()
    with pytest.raises(StartFailed, match="left ended at its start"):
        process.await_ready()
