"""The feed of a whole system: a copy that follows it through cuts and writes is what the owners have."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from deploy.local.system import LocalSystem
from tests.flow.client import Gateway, await_until
from tests.flow.samples import activity_document, new_identifier

COUNTRY = "NR"
"""Where hardly any other test has anything; what it has is left out."""
PATHS = {"activity": "/v1/activities", "finance": "/v1/finances"}
STOP_SECONDS = 5.0

Things = dict[tuple[str, str], int]
"""Versions by aggregate and identifier."""


class Copy:
    """What a client keeps of some projects of one country, and its last cursor."""

    def __init__(self, http: httpx.Client, identifiers: list[str]) -> None:
        self._http, self._identifiers = http, identifiers
        self.things: Things = {}
        self.cursor: str | None = None

    def pull(self, **asked: Any) -> bool:
        """Apply an answer up to its last cursor; tell whether that was all."""
        since = {} if self.cursor is None else {"since": self.cursor}
        asked = {"aggregate": list(PATHS), "country": COUNTRY, **since, **asked}
        answer = self._http.get("/v1/changes", params=asked)
        assert answer.status_code == 200, answer.text
        waiting: list[dict[str, Any]] = []
        complete = False
        for line in map(json.loads, answer.text.splitlines()):
            if "cursor" not in line:
                waiting.append(line)
                continue
            for change in waiting:
                thing = change["aggregate"], change["identifier"]
                if change["change"] == "removed":
                    self.things.pop(thing, None)
                elif change["identifier"] in self._identifiers:
                    self.things[thing] = change["version"]
            waiting, self.cursor, complete = [], line["cursor"], line.get("complete", False)
        assert not waiting
        return complete

    def pull_all(self, **asked: Any) -> None:
        while not self.pull(**asked):
            continue


def stored(http: httpx.Client, identifiers: list[str]) -> Things:
    """Return what the owners show of some projects."""
    answers = {
        (noun, each): http.get(f"{path}/{each}") for noun, path in PATHS.items() for each in identifiers
    }
    return {thing: answer.json()["version"] for thing, answer in answers.items() if answer.is_success}


def store(gateway: Gateway, noun: str, document: dict[str, Any]) -> httpx.Response:
    """Replace a document by another, or create it."""
    address = f"{PATHS[noun]}/{document['iati_identifier']}"
    answer = gateway.http.put(address, json=document, headers={"If-Match": "*"})
    is_new = answer.status_code == httpx.codes.PRECONDITION_FAILED
    return gateway.http.post(PATHS[noun], json=document) if is_new else answer


@contextmanager
def writing(gateway: Gateway, identifiers: list[str]) -> Iterator[list[str]]:
    """Write activities, their money, and newer versions of them, until the block ends; what went wrong is in the list."""
    wrong: list[str] = []
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            identifier = identifiers[number % len(identifiers)]
            status = "2" if number % 3 else "1"
            places = {"recipient_countries": [{"code": COUNTRY}]} if number % 5 else {}
            document = activity_document(identifier, f"Version {number}") | {"status": status} | places
            finance = {"iati_identifier": identifier, "default_currency": ("USD", "EUR")[number % 2]}
            answers = [store(gateway, "activity", document), store(gateway, "finance", finance)]
            wrong.extend(answer.text for answer in answers if answer.is_error)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield wrong
    finally:
        stop.set()
        writer.join()


def test_a_copy_is_what_the_owners_have_whatever_happens_meanwhile(system: LocalSystem, gateway: Gateway):
    identifiers = [new_identifier() for _ in range(6)]
    with httpx.Client(base_url=system.address, timeout=60) as public:
        copies = {http: Copy(http, identifiers) for http in (gateway.http, public)}
        with writing(gateway, identifiers) as wrong:
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                for copy in copies.values():
                    copy.pull(limit=3)
        assert wrong == []
        for identifier in identifiers:
            document = activity_document(identifier) | {"recipient_countries": [{"code": COUNTRY}]}
            status = "12"[identifiers.index(identifier) % 2]
            store(gateway, "activity", document | {"status": status}).raise_for_status()
            store(gateway, "finance", {"iati_identifier": identifier}).raise_for_status()
        for http, copy in copies.items():

            def is_same(http: httpx.Client = http, copy: Copy = copy) -> bool:
                copy.pull_all(wait=1)
                return copy.things == stored(
                    http, identifiers
                )  # funding hears of a publication a moment later

            await_until(is_same, what="the copy is what the owners have")
            fresh = Copy(http, identifiers)
            fresh.pull_all()
            assert fresh.things == copy.things
        assert len(copies[public].things) < len(copies[gateway.http].things) == 2 * len(identifiers)


def test_a_process_stops_at_once_though_streams_are_open(system: LocalSystem, gateway: Gateway):
    identifier = new_identifier()
    token = {"Authorization": f"Bearer {system.token()}"}
    process = system.processes["gateway"]
    with httpx.Client(base_url=system.address, timeout=30) as client:
        with client.stream("GET", "/v1/events", headers=token) as events:
            lines = events.iter_lines()
            assert next(lines).startswith("retry:")
            gateway.http.post("/v1/activities", json=activity_document(identifier)).raise_for_status()
            told = next(line for line in lines if line.startswith("data:"))
            assert json.loads(told.removeprefix("data:"))["identifier"] == identifier
            started = time.monotonic()
            process.ask_to_stop()
            assert not [line for line in lines if line.startswith("data:")]
        process.await_stop()
    assert time.monotonic() - started < STOP_SECONDS
    process.start()
    process.await_ready()
