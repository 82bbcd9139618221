"""Loading a portfolio through the gateway, and showing what became of it, as any client of it would."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

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
JSON = "application/json"


class PortfolioRefused(Exception):
    """The gateway did not take the file; the message is the gateway's."""


class Office(Protocol):
    """Where the portfolio goes, and by whose right; a load may take longer than a token lives."""

    @property
    def address(self) -> str:
        """Address of the gateway."""

    def token(self) -> str:
        """Return a token of a client that may publish and write everything, and name people as acting."""


def load_sample(console: Console, office: Office, folder: Path) -> None:
    """Load the sample: frameworks and criteria, the activities, and then what refers to these.

    Raises:
        PortfolioRefused: a part of it was refused.

    """
    load_documents(console, office, "Programming frameworks", sample.sample_frameworks())
    adopt_criteria(console, office, sample.CRITERIA)
    portfolio, organisations = folder / "sample-activities.xml", folder / "sample-organisations.xml"
    sample.write_portfolio(portfolio)
    sample.write_organisations(organisations)
    for path in (organisations, portfolio):
        import_file(console, office, path)
    for name, documents, stories in sample.MISSION:
        load_documents(console, office, name, documents())
        tell_stories(console, office, name, stories())


def import_file(console: Console, office: Office, path: Path) -> None:
    """Import an IATI file and show its progress.

    Raises:
        PortfolioRefused: the file as a whole was refused.

    """
    started = _post(office, "/v1/imports", path)
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
            view = _get(office, f"/v1/imports/{started['id']}")
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
        _print_refusals(console, office, view)


def load_documents(
    console: Console, office: Office, name: str, sets: Iterable[tuple[str, Sequence[Contract]]]
) -> None:
    """Send documents to the address of their kind, and tell what became of them; they may be sent again.

    Raises:
        PortfolioRefused: one of them was refused.

    """
    counts: Counter[str] = Counter()
    for path, documents in sets:
        body = "".join(f"{document.to_json()}\n" for document in documents).encode()
        answer = _send(office, "POST", f"{path}/upserts", body, "application/x-ndjson")
        for line in answer.splitlines():
            outcome = json.loads(line)
            if outcome["outcome"] == "refused":
                raise PortfolioRefused(f"{path}: {outcome['errors'][0]['detail']}")
            counts[outcome["outcome"]] += 1
    said = ", ".join(f"{counts[key]} {key}" for key in ("created", "changed", "unchanged"))
    if counts:
        console.print(f"{name}: {said}", highlight=False)


def adopt_criteria(console: Console, office: Office, path: Path) -> None:
    """Adopt the version of the criteria of appraisals that a file holds; it may be adopted already.

    Raises:
        PortfolioRefused: the version is adopted, and says something else.

    """
    body = path.read_bytes()
    told = json.loads(body)
    target = f"/v1/criteria-sets/{told['code']}%2F{told['version']}"
    answer = json.loads(_send(office, "PUT", target, body))
    console.print(f"Criteria of appraisals: {answer['identifier']} {answer['outcome']}", highlight=False)


def tell_stories(console: Console, office: Office, name: str, stories: Iterable[Story]) -> None:
    """Make the requests of stories that were not told yet.

    Raises:
        PortfolioRefused: a request was refused.

    """
    told, known = 0, 0
    for story in stories:
        if _exists(office, story.address):
            known += 1
            continue
        for call in story.calls:
            _make(office, call)
        told += 1
    console.print(f"{name}: {told} told, {known} known", highlight=False)


def _make(office: Office, call: Call) -> None:
    """Make a request, again for a while if it is refused: what it builds on may be on its way to its owner."""
    body = json.dumps(call.body).encode()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _send(office, call.method, call.path, body, if_match=call.if_match)
        except PortfolioRefused as refused:
            if time.monotonic() > deadline:
                raise PortfolioRefused(f"{call.method} {call.path}: {refused}") from refused
            time.sleep(POLL_SECONDS)
        else:
            return


def _exists(office: Office, target: str) -> bool:
    try:
        _open(office, "GET", target)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        error.close()
        return False
    return True


def print_summary(console: Console, office: Office) -> None:
    """Print the unified results by country as a table, one line per country and currency."""
    summary = _get(office, "/v1/results/summary?group_by=country")
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


def _print_refusals(console: Console, office: Office, view: dict[str, Any]) -> None:
    report = _get(office, f"{view['report']}?outcome=refused&limit={SHOWN_REFUSALS}")
    for item in report["items"]:
        problem = item["problems"][0]
        console.print(
            f"  refused, line {problem['line']}: {item['identifier']}: {problem['reason']}", markup=False
        )


def _post(office: Office, target: str, path: Path) -> dict[str, Any]:
    return dict(json.loads(_send(office, "POST", target, path, "application/octet-stream")))


def _get(office: Office, target: str) -> dict[str, Any]:
    return dict(json.loads(_send(office, "GET", target)))


def _send(  # noqa: PLR0913
    office: Office,
    method: str,
    target: str,
    body: bytes | Path | None = None,
    kind: str = JSON,
    *,
    if_match: str | None = None,
) -> str:
    """Return the answer to a request.

    Raises:
        PortfolioRefused: the gateway refuses it.

    """
    try:
        return _open(office, method, target, body, kind, if_match=if_match)
    except urllib.error.HTTPError as error:
        with error:
            problem = json.load(error)
        faults = "".join(f"\n  {each['pointer']}: {each['detail']}" for each in problem.get("errors", ()))
        raise PortfolioRefused(
            f"{problem['title']}: {problem['detail']} ({problem['code']}){faults}"
        ) from error


def _open(  # noqa: PLR0913
    office: Office,
    method: str,
    target: str,
    body: bytes | Path | None = None,
    kind: str = JSON,
    *,
    if_match: str | None = None,
) -> str:
    """Return the answer to a request, which is made again, when it may be, if there were too many."""
    while True:
        headers = {"Authorization": f"Bearer {office.token()}", "Content-Type": kind}
        if if_match is not None:
            headers["If-Match"] = if_match
        if isinstance(body, Path):
            headers["Content-Length"] = str(body.stat().st_size)
        try:
            with body.open("rb") if isinstance(body, Path) else nullcontext(body) as data:
                request = urllib.request.Request(  # noqa: S310
                    f"{office.address}{target}", data=data, headers=headers, method=method
                )
                with open_url(request, timeout=600) as answer:
                    return str(answer.read(), "utf-8")
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.TOO_MANY_REQUESTS:
                raise
            with error:
                pause = int(error.headers["Retry-After"])
            time.sleep(pause)
