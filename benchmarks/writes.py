"""Writes: activities posted at the projects service, beside a bare route that inserts the same document."""

import json
from statistics import median

from rich.console import Console

from benchmarks.figures import at_least, milliseconds, per_second, percent, ratio, table
from benchmarks.load import HEAD_END, MOST_REQUESTS, SERIAL, Job, Load, post
from benchmarks.processes import Spent, Watch, spent_table
from benchmarks.stand import Stand, bare_server

ROUNDS = 3
SECONDS = 1.0
MANY = 32
BAR = 0.5
LATENCIES = ("p50 ms", "p99 ms", "bare p50", "bare p99", "failed")


def write_request(stand: Stand) -> bytes:
    """Return the request that creates an activity like those of the portfolio, under another number each time."""
    page = stand.get_json("/v1/activities?limit=1", stand.projects)
    document = page["items"][0]["document"]
    document["iati_identifier"] += f"-written-{SERIAL.decode()}"
    return post("/v1/activities", json.dumps(document).encode(), authorization=stand.authorization)


def one_round(stand: Stand, address: str, request: bytes, clients: int) -> Load:
    """Write for a while; the system is at rest before and after."""
    load = stand.load(Job(address, clients, SECONDS, [request], stand.serials(MOST_REQUESTS)))
    stand.settle()
    return load


def measured_rate(stand: Stand, request: bytes) -> float:
    """Return the writes per second at 32 clients, measured now if they were not before."""
    if stand.write_rate is None:
        stand.write_rate = one_round(stand, stand.projects, request, MANY).per_second
    return stand.write_rate


def measure(stand: Stand, console: Console) -> None:
    """Measure and print both tables."""
    request = write_request(stand)
    shown = table(
        f"Writes of one activity ({len(request.partition(HEAD_END)[2]) / 1024:.1f} KB), validated and with its fact, beside a bare insert",
        [],
        ["Clients", "DevCoop/s", "bare/s", "ratio", f"≥ {percent(BAR)}", *LATENCIES],
    )
    watch = Watch(stand)
    ours: list[Load] = []
    spent: list[Spent] = []
    with bare_server(stand, {}) as bare:
        for clients in (1, MANY):
            ours, theirs, spent = [], [], []
            for _ in range(ROUNDS):
                before = watch.read()
                ours.append(one_round(stand, stand.projects, request, clients))
                spent.append(watch.read().since(before))
                theirs.append(one_round(stand, bare, request, clients))
            shown.add_row(str(clients), *_cells(ours, theirs))
    stand.write_rate = median(load.per_second for load in ours)
    console.print(shown)
    count = sum(len(load.latencies) for load in ours)
    console.print(spent_table(f"Writes of {MANY} clients, until all can be read,", "write", count, spent))


def _cells(ours: list[Load], theirs: list[Load]) -> list[str]:
    rates, bare_rates = [[load.per_second for load in loads] for loads in (ours, theirs)]
    share = ratio(rates, bare_rates)
    latencies = [
        milliseconds([load.milliseconds(point) for load in loads])
        for loads in (ours, theirs)
        for point in (0.5, 0.99)
    ]
    failures = sum(load.failures for load in (*ours, *theirs))
    return [
        per_second(rates),
        per_second(bare_rates),
        percent(share),
        at_least(share, BAR),
        *latencies,
        str(failures),
    ]
