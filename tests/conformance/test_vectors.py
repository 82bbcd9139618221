import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.conformance import devcoop, runner

VECTORS = list(runner.vectors())


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(devcoop.answer(asked["rule"], asked["given"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object):
        """Write nothing to the terminal."""


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as found:
        yield found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.rule}/{vector.id}")
def test_our_figures_pass(vector: runner.Vector):
    assert list(map(str, runner.failures(devcoop.answer, [vector]))) == []


def test_our_figures_pass_over_http(address: str):
    assert list(map(str, runner.failures(partial(runner.ask, address), VECTORS))) == []


def test_the_command_line_runs_both_ways(address: str, capsys: pytest.CaptureFixture[str]):
    assert runner.main(["--http", address]) == 0
    assert runner.main(["--function", "tests.conformance.devcoop:answer"]) == 0
    assert capsys.readouterr().out == f"{len(VECTORS)} of {len(VECTORS)} vectors pass\n" * 2


def test_every_rule_has_vectors_and_every_file_is_of_the_format():
    files = sorted(runner.VECTORS.glob("*.json"))
    assert {path.stem for path in files} == devcoop.RULES.keys()
    for path in files:
        file = json.loads(path.read_text(encoding="utf-8"))
        assert (file["rule"], file["version"], bool(file["source"])) == (path.stem, 1, True)
        assert all(vector.keys() == {"id", "given", "expect", "why"} for vector in file["vectors"])
        ids = [vector["id"] for vector in file["vectors"]]
        assert len(ids) == len(set(ids))


def test_no_vector_holds_a_binary_fraction():
    def refuse(number: str) -> None:
        raise AssertionError(f"{number} is to be written as a text")

    for path in runner.VECTORS.glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"), parse_float=refuse)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.rule}/{vector.id}")
def test_every_vector_can_fail(vector: runner.Vector):
    assert list(runner.failures(lambda _rule, _given: {}, [vector]))
    wrong = dict.fromkeys(vector.expect, "something else")
    assert list(runner.failures(lambda _rule, _given: wrong, [vector]))
