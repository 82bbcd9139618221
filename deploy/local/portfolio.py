"""Loading a portfolio through the gateway, and showing what became of it, as any client of it would."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local import sample
from deploy.local.loopback import open_url
from deploy.local.sample.calls import Call, Story
from shared.contracts.base import Contract

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 15.0
SHOWN_GROUPS = 10
MILLION = 1_000_000
SHOWN_REFUSALS = 5


class PortfolioRefused(Exception):
    """The gateway did not take the file; the message is the gateway's."""


def load_sample(console: Console, address: str, folder: Path) -> None:
    """Load the sample: frameworks and criteria, the activities, and then what refers to these.

    Raises:
        PortfolioRefused: a part of it was refused.

    """
    load_documents(console, address, "Programming frameworks", sample.sample_frameworks())
    adopt_criteria(console, address, sample.CRITERIA)
    portfolio, organisations = folder / "sample-activities.xml", folder / "sample-organisations.xml"
    sample.write_portfolio(portfolio)
    sample.write_organisations(organisations)
    for path in (organisations, portfolio):
        import_file(console, address, path)
    for name, documents, stories in sample.MISSION:
        load_documents(console, address, name, documents())
        tell_stories(console, address, name, stories())


def import_file(console: Console, address: str, path: Path) -> None:
    """Import an IATI file and show its progress.

    Raises:
        PortfolioRefused: the file as a whole was refused.

    """
    started = _post(f"{address}/v1/imports", path)
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[kind]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(path.name, total=started["progress"]["total"], kind=started["kind"])
        while True:
            view = _get(f"{address}/v1/imports/{started['id']}")
            bar.update(task, completed=view["progress"]["done"])
            if view["status"] == "failed":
                raise PortfolioRefused(view["problem"])
            if view["status"] == "completed":
                break
            time.sleep(POLL_SECONDS)
    counts = view["progress"]
    said = ", ".join(
        f"{counts[key]} {key}" for key in ("accepted", "changed", "unchanged", "refused", "notices")
    )
    console.print(f"  {said}")
    if counts["refused"]:
        _print_refusals(console, address, view)


def load_documents(
    console: Console, address: str, name: str, sets: Iterable[tuple[str, Sequence[Contract]]]
) -> None:
    """Send documents to the address of their kind, and tell what became of them; they may be sent again.

    Raises:
        PortfolioRefused: one of them was refused.

    """
    counts: Counter[str] = Counter()
    for path, documents in sets:
        body = "".join(f"{document.to_json()}\n" for document in documents).encode()
        headers = {"Content-Type": "application/x-ndjson"}
        request = urllib.request.Request(f"{address}{path}/upserts", data=body, headers=headers)  # noqa: S310
        for line in _send_text(request).splitlines():
            outcome = json.loads(line)
            if outcome["outcome"] == "refused":
                raise PortfolioRefused(f"{path}: {outcome['errors'][0]['detail']}")
            counts[outcome["outcome"]] += 1
    said = ", ".join(f"{counts[key]} {key}" for key in ("created", "changed", "unchanged"))
    if counts:
        console.print(f"{name}: {said}", highlight=False)


def adopt_criteria(console: Console, address: str, path: Path) -> None:
    """Adopt the version of the criteria of appraisals that a file holds; it may be adopted already.

    Raises:
        PortfolioRefused: the version is adopted, and says something else.

    """
    body = path.read_bytes()
    told = json.loads(body)
    url = f"{address}/v1/criteria-sets/{told['code']}%2F{told['version']}"
    headers = {"Content-Type": "application/json"}
    answer = _send(urllib.request.Request(url, data=body, headers=headers, method="PUT"))  # noqa: S310
    console.print(f"Criteria of appraisals: {answer['identifier']} {answer['outcome']}", highlight=False)


def tell_stories(console: Console, address: str, name: str, stories: Iterable[Story]) -> None:
    """Make the requests of stories that were not told yet.

    Raises:
        PortfolioRefused: a request was refused.

    """
    told, known = 0, 0
    for story in stories:
        if _exists(f"{address}{story.address}"):
            known += 1
            continue
        for call in story.calls:
            _make(f"{address}{call.path}", call)
        told += 1
    console.print(f"{name}: {told} told, {known} known", highlight=False)


def _make(url: str, call: Call) -> None:
    """Make a request, again for a while if it is refused: what it builds on may be on its way to its owner."""
    body, headers = json.dumps(call.body).encode(), {"Content-Type": "application/json"}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _send(urllib.request.Request(url, data=body, headers=headers, method=call.method))  # noqa: S310
        except PortfolioRefused as refused:
            if time.monotonic() > deadline:
                raise PortfolioRefused(f"{call.method} {call.path}: {refused}") from refused
            time.sleep(POLL_SECONDS)
        else:
            return


def _exists(url: str) -> bool:
    try:
        open_url(url, timeout=60).close()
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True


def print_summary(console: Console, address: str) -> None:
    """Print the unified results by country as a table, one line per country and currency."""
    summary = _get(f"{address}/v1/results/summary?group_by=country")
    table = Table(
        padding=(0, 0), title="Results by recipient country (money in millions)", title_justify="left"
    )
    for name in ("Country", "Projects", "Indi-\ncators", "Re-\nported", "On\ntrack", ""):
        table.add_column(name, justify="left" if name in ("Country", "") else "right")
    for name in ("Budget", "Commit-\nments in", "Receipts", "Spend", "Deli-\nvery"):
        table.add_column(name, justify="right")
    groups = sorted(summary["groups"], key=lambda group: (group["code"] is None, -group["projects"]))
    for group in groups[:SHOWN_GROUPS]:
        _add_group(table, group)
    table.add_section()
    _add_group(table, {**summary["whole"], "code": "All"})
    console.print(table)
    if len(groups) > SHOWN_GROUPS:
        console.print(f"  The {SHOWN_GROUPS} countries with most projects, of {len(groups)}.")


def _add_group(table: Table, group: dict[str, Any]) -> None:
    results = group["results"]
    head = [
        group["code"] or "not stated",
        *(
            f"{n:,}"
            for n in (group["projects"], results["indicators"], results["reported"], results["on_track"])
        ),
    ]
    for money in group["money"] or [None]:
        table.add_row(*head, *_money_cells(money))
        head = [""] * len(head)


def _money_cells(money: dict[str, Any] | None) -> list[str]:
    if money is None:
        return ["-"] * 6
    keys = ("budget", "incoming_commitments", "receipts", "spend")
    ratio = money["delivery_rate"]["ratio"]
    delivery = "-" if ratio is None else f"{Decimal(ratio) * 100:.0f} %"
    return [money["currency"] or "?", *(_amount(money[key]) for key in keys), delivery]


def _amount(amount: str | None) -> str:
    """Return an amount in millions."""
    return "-" if amount is None else f"{Decimal(amount) / MILLION:,.1f}"


def _print_refusals(console: Console, address: str, view: dict[str, Any]) -> None:
    report = _get(f"{address}{view['report']}?outcome=refused&limit={SHOWN_REFUSALS}")
    for item in report["items"]:
        problem = item["problems"][0]
        console.print(
            f"  refused, line {problem['line']}: {item['identifier']}: {problem['reason']}", markup=False
        )


def _post(url: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as body:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
        return _send(urllib.request.Request(url, data=body, headers=headers, method="POST"))  # noqa: S310


def _get(url: str) -> dict[str, Any]:
    return _send(urllib.request.Request(url))  # noqa: S310


def _send(request: urllib.request.Request) -> dict[str, Any]:
    return dict(json.loads(_send_text(request)))


def _send_text(request: urllib.request.Request) -> str:
    try:
        with open_url(request, timeout=600) as answer:
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        faults = "".join(f"\n  {each['pointer']}: {each['detail']}" for each in problem.get("errors", ()))
        raise PortfolioRefused(
            f"{problem['title']}: {problem['detail']} ({problem['code']}){faults}"
        ) from error
