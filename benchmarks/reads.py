"""Reads of the results through the gateway beside a bare route that returns the very same bytes.

*Kept*: every request is the same, so the gateway may answer from memory. *Afresh*: every request is spelt in
another way (letters percent-encoded), so it means the same, gets the same bytes, and is not the same request to a
cache. What the gateway's own metrics count as answered from memory is shown beside it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from string import ascii_letters, digits
from urllib.parse import quote

from rich.console import Console

from benchmarks.figures import at_least, at_most, milliseconds, per_second, percent, ratio, table
from benchmarks.load import Job, Load
from benchmarks.stand import Stand, bare_server

ROUNDS = 4
SECONDS = 0.5
VARIANTS = 3000
MANY = 32
CLIENTS = (1, MANY)
RATE_BAR = 0.6
P99_BAR = 3.0

PEERS = {"project": ("d-portal, one project", 1050, 5), "summary": ("d-portal, totals", 240, 20)}
"""Requests/s that the design page gives for a peer at 32 clients, and how many times that is asked for."""

_SPELT_TWO_WAYS = ascii_letters + digits + "-_"
_CACHED = re.compile(rb'http_requests_total\{[^}]*route="cached results"[^}]*\} (\S+)')


@dataclass(slots=True)
class Rounds:
    """What the rounds of one question and one number of clients came to."""

    kept: list[Load] = field(default_factory=list)
    afresh: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)


def measure(stand: Stand, console: Console) -> None:
    """Measure and print the tables."""
    targets = _targets(stand)
    bodies = {name: stand.get(target) for name, target in targets.items()}
    found: dict[tuple[str, int], Rounds] = defaultdict(Rounds)
    hits = asked = 0.0
    with bare_server(stand, bodies) as bare:
        for name, target in targets.items():
            if stand.get(target, bare) != bodies[name]:
                raise RuntimeError("the bare server answers something else")
            spelt = spellings(target)
            for clients in CLIENTS:
                rounds = found[name, clients]
                for _ in range(ROUNDS):
                    rounds.kept.append(
                        stand.load(Job(stand.gateway, clients, SECONDS, [stand.asking(target)]))
                    )
                    rounds.bare.append(stand.load(Job(bare, clients, SECONDS, [stand.asking(target)])))
                    variants = [stand.asking(each) for each in islice(spelt, VARIANTS)]
                    before = _cached(stand)
                    rounds.afresh.append(stand.load(Job(stand.gateway, clients, SECONDS, variants)))
                    hits += _cached(stand) - before
                    asked += len(rounds.afresh[-1].latencies)
    sizes = {name: len(body) for name, body in bodies.items()}
    _print(console, "Reads, answers kept by the gateway", found, sizes, afresh=False)
    title = f"Reads, each computed afresh ({percent(hits / asked)} of them were answered from memory)"
    _print(console, title, found, sizes, afresh=True)
    _print_peers(console, found)


def _targets(stand: Stand) -> dict[str, str]:
    """Return the questions: a page of projects of the country with most indicators, the one of them with most indicators, the totals."""
    groups = stand.get_json("/v1/results/summary?group_by=country")["groups"]
    coded = [group for group in groups if group["code"]]
    largest = max(coded, key=lambda group: group["results"]["indicators"])["code"]
    page = f"/v1/results/projects?country={largest}&limit=20"
    items = stand.get_json(page)["items"]
    project = max(items, key=lambda item: item["results"]["indicators"] if item["results"] else 0)[
        "iati_identifier"
    ]
    return {
        "page": page,
        "project": f"/v1/results/projects/{quote(project, safe='')}",
        "summary": "/v1/results/summary?group_by=country",
    }


def spellings(target: str) -> Iterator[str]:
    """Yield ever other spellings of a request: its last characters, percent-encoded or not."""
    first = max(target.rfind("/"), target.find("?")) + 1
    places = [place for place in range(first, len(target)) if target[place] in _SPELT_TWO_WAYS][-16:]
    for number in range(1, 1 << len(places)):
        chosen = {place for bit, place in enumerate(places) if number >> bit & 1}
        yield "".join(f"%{ord(letter):02X}" if at in chosen else letter for at, letter in enumerate(target))


def _cached(stand: Stand) -> float:
    return sum(float(count) for count in _CACHED.findall(stand.get("/metrics")))


def _print(
    console: Console, title: str, found: dict[tuple[str, int], Rounds], sizes: dict[str, int], *, afresh: bool
) -> None:
    numbers = [
        "Clients",
        "DevCoop/s",
        "bare/s",
        "ratio",
        f"≥ {percent(RATE_BAR)}",
        "p50 ms",
        "p99 ms",
        "bare p99",
    ]
    shown = table(title, ["Question"], [*numbers, "p99 ratio", f"≤ {P99_BAR:g}"])
    for (name, clients), rounds in found.items():
        ours = rounds.afresh if afresh else rounds.kept
        rates, bare_rates = [[load.per_second for load in loads] for loads in (ours, rounds.bare)]
        p99, bare_p99 = [[load.milliseconds(0.99) for load in loads] for loads in (ours, rounds.bare)]
        share, late = ratio(rates, bare_rates), ratio(p99, bare_p99)
        failures = sum(load.failures for load in (*ours, *rounds.bare))
        shown.add_row(
            f"{name} ({sizes[name] / 1024:.0f} KB)" + (f", {failures} failed" if failures else ""),
            str(clients),
            per_second(rates),
            per_second(bare_rates),
            percent(share),
            at_least(share, RATE_BAR),
            milliseconds([load.milliseconds(0.5) for load in ours]),
            milliseconds(p99),
            milliseconds(bare_p99),
            f"{late:.1f}",
            at_most(late, P99_BAR) if clients == MANY else "",
        )
    console.print(shown)


def _print_peers(console: Console, found: dict[tuple[str, int], Rounds]) -> None:
    shown = table(
        "Reads at 32 clients beside peers' figures (given by the design, not measured here)",
        ["Peer"],
        ["peer/s", "kept/s", "times", "", "afresh/s", "times", "", "Bar"],
    )
    for name, (peer, rate, times) in PEERS.items():
        rounds = found[name, MANY]
        cells = []
        for loads in (rounds.kept, rounds.afresh):
            ours = median(load.per_second for load in loads)
            cells += [f"{ours:,.0f}", f"{ours / rate:.1f}", at_least(ours / rate, times)]
        shown.add_row(peer, f"{rate:,}", *cells, f"≥ {times} times")
    console.print(shown)
