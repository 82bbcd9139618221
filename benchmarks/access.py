"""Reads of a principal that is scoped beside the same reads without authorisation, of the same bytes.

The principal is a field officer of one country, with a token of the gateway's own issuer. What it asks is about that
country, so that whoever sees everything gets the very same answer; that is checked. Without authorisation is the same
application, where everybody has all roles everywhere and no token is looked at (``benchmarks/unguarded.py``).
"""

import json
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote

from rich.console import Console

from benchmarks.figures import at_least, milliseconds, per_second, percent, ratio, table
from benchmarks.load import Job, Load, get
from benchmarks.reads import spellings
from benchmarks.stand import Stand
from deploy.local.access import Credentials, request_token
from deploy.local.loopback import open_url
from deploy.local.processes import ServiceProcess

ROUNDS = 6
SECONDS = 0.5
VARIANTS = 1500
CLIENTS = (1, 32)
BAR = 0.8
SERVICES = ("gateway", "projects")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which service: the same again, or spelt in ever other ways so that no cache knows it."""

    name: str
    service: str
    target: str
    afresh: bool

    def requests(self, spelt: Iterator[str], authorization: str) -> Sequence[bytes]:
        """Return requests that ask it; ``spelt`` yields spellings that were not used yet."""
        targets = list(islice(spelt, VARIANTS)) if self.afresh else [self.target]
        return [get(target, authorization=authorization) for target in targets]


@dataclass(slots=True)
class Rounds:
    """What the rounds of one question and one number of clients came to."""

    scoped: list[Load] = field(default_factory=list)
    unguarded: list[Load] = field(default_factory=list)


def measure(stand: Stand, console: Console) -> None:
    """Measure and print the table."""
    country = _country(stand)
    authorization = _field_officer(stand, country)
    found: dict[tuple[str, int], Rounds] = defaultdict(Rounds)
    sizes: dict[str, int] = {}
    with unguarded(stand) as addresses:
        for question in _questions(stand, country):
            guarded = stand.system.processes[question.service].address
            sizes[question.name] = _same(stand, question, guarded, addresses[question.service], authorization)
            spelt = spellings(question.target)
            for clients in CLIENTS:
                rounds = found[question.name, clients]
                for number in range(ROUNDS):
                    sides = [(guarded, rounds.scoped), (addresses[question.service], rounds.unguarded)]
                    for address, loads in sides if number % 2 else reversed(sides):
                        requests = question.requests(spelt, authorization)
                        loads.append(stand.load(Job(address, clients, SECONDS, requests)))
    _print(console, country, found, sizes)


def _country(stand: Stand) -> str:
    """Return the country with most indicators."""
    groups = stand.get_json("/v1/results/summary?group_by=country")["groups"]
    coded = [group for group in groups if group["code"]]
    return str(max(coded, key=lambda group: group["results"]["indicators"])["code"])


def _questions(stand: Stand, country: str) -> list[Question]:
    page = f"/v1/results/projects?country={country}&limit=20"
    items = stand.get_json(page)["items"]
    largest = max(items, key=lambda item: item["results"]["indicators"] if item["results"] else 0)
    project = f"/v1/results/projects/{quote(largest['iati_identifier'], safe='')}"
    totals = f"/v1/results/summary?group_by=country&country={country}"
    listed = f"/v1/activities?country={country}&limit=20"
    return [
        Question("totals, kept", "gateway", totals, afresh=False),
        Question("one project whole, afresh", "gateway", project, afresh=True),
        Question("page of projects, afresh", "gateway", page, afresh=True),
        Question("list of activities, at projects", "projects", listed, afresh=False),
    ]


def _field_officer(stand: Stand, country: str) -> str:
    """Make a client that is a field officer of a country, and return the header of its requests."""
    body = {"name": "benchmark", "grants": [{"role": "field-officer", "countries": [country]}]}
    request = urllib.request.Request(  # noqa: S310
        f"{stand.gateway}/v1/clients",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": stand.authorization},
    )
    with open_url(request, timeout=30) as answer:
        made = json.load(answer)
    credentials = Credentials(made["client"]["id"], made["client_secret"])
    return f"Bearer {request_token(stand.gateway, credentials)[0]}"


def _same(stand: Stand, question: Question, guarded: str, unguarded: str, authorization: str) -> int:
    """Return the size of the answer, which has to be the same of both."""
    scoped = stand.get(question.target, guarded, authorization)
    if scoped != stand.get(question.target, unguarded, "Bearer nobody"):
        raise RuntimeError(f"{question.name}: who is scoped gets something else")
    return len(scoped)


@contextmanager
def unguarded(stand: Stand) -> Iterator[dict[str, str]]:
    """Start services without authorisation on the databases of the system, yield their addresses, and stop them."""
    folder = stand.folder / "unguarded"
    folder.mkdir(exist_ok=True)
    started: dict[str, ServiceProcess] = {}
    try:
        for name in SERVICES:
            environment = {**stand.system.processes[name].environment, "BENCH_SERVICE": name}
            environment["DEVCOOP_PORT"] = "0"
            started[name] = ServiceProcess(name, "benchmarks.unguarded", environment, folder)
            started[name].start()
        for process in started.values():
            process.await_ready()
        yield {name: process.address for name, process in started.items()}
    finally:
        for process in started.values():
            process.ask_to_stop()
        for process in started.values():
            process.await_stop()


def _print(
    console: Console, country: str, found: dict[tuple[str, int], Rounds], sizes: dict[str, int]
) -> None:
    shown = table(
        f"Reads of a field officer of {country} beside the same reads without authorisation",
        ["Question"],
        ["Clients", "scoped/s", "without/s", "ratio", f"≥ {percent(BAR)}", "p50 ms", "without", "failed"],
    )
    for (name, clients), rounds in found.items():
        rates, others = [[load.per_second for load in loads] for loads in (rounds.scoped, rounds.unguarded)]
        share = ratio(rates, others)
        shown.add_row(
            f"{name} ({sizes[name] / 1024:.0f} KB)",
            str(clients),
            per_second(rates),
            per_second(others),
            percent(share),
            at_least(share, BAR),
            milliseconds([load.milliseconds(0.5) for load in rounds.scoped]),
            milliseconds([load.milliseconds(0.5) for load in rounds.unguarded]),
            str(sum(load.failures for load in (*rounds.scoped, *rounds.unguarded))),
        )
    console.print(shown)
