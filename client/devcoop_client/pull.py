"""Pull: take in what changed since the last time, over a link that may be cut at any byte."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain
from typing import Any

from devcoop_client.backoff import Backoff
from devcoop_client.documents import Documents
from devcoop_client.errors import LinkDown
from devcoop_client.link import Cut, Link, Refused
from devcoop_client.progress import Meter, Silent
from devcoop_client.store import Store

MOST_WAIT = 60
CURSOR_EVERY = 200
"""Changes after which the server tells a cursor, unless fewer are asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to pull: all that the office may see, or some aggregates and countries of it."""

    aggregates: Sequence[str] = ()
    countries: Sequence[str] = ()

    def parameters(self) -> dict[str, list[str]]:
        """Return it as parameters of the feed."""
        told = {"aggregate": sorted(set(self.aggregates)), "country": sorted(set(self.countries))}
        return {name: values for name, values in told.items() if values}


@dataclass
class PullReport:
    """What came of a pull."""

    changed: int = 0
    removed: int = 0
    cuts: int = 0
    began_anew: bool = False


@dataclass
class Puller:
    """Pulls over one link into one store."""

    link: Link
    store: Store
    meter: Meter = field(default_factory=Silent)
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], None] = time.sleep
    limit: int | None = None
    """Changes to ask for at once: fewer and fewer on a link that is cut before the first cursor, else all."""

    def pull(self, wanted: Wanted | None = None, *, wait: int = 0) -> PullReport:
        """Take in everything up to now.

        Args:
            wanted: None for the same as the last time.
            wait: seconds to wait for a change where there is none yet.

        Raises:
            LinkDown: the server could not be reached for too long; what was taken in stays.
            LoginRefused: the client is not known any more.
            ServerRefused: the server refuses what is asked for.

        """
        documents, report = Documents(self.store), PullReport()
        filters = documents.filters if wanted is None else json.dumps(wanted.parameters(), sort_keys=True)
        if documents.filters != (filters or "{}"):
            documents.begin_anew(filters or "{}")
        while True:
            before = documents.cursor
            try:
                if self._pull_once(documents, report, wait):
                    return report
                self._ask_for_more()
            except Cut as cut:
                if documents.cursor == before:
                    self.limit = max(1, (self.limit or CURSOR_EVERY) // 2)
                self._wait(cut, report)
            except Refused as refused:
                if refused.status != HTTPStatus.GONE or documents.cursor is None:
                    raise
                documents.begin_anew(documents.filters or "{}")
                report.began_anew = True

    def _pull_once(self, documents: Documents, report: PullReport, wait: int) -> bool:
        """Take in one answer, and return whether it told everything."""
        params: dict[str, Any] = json.loads(documents.filters or "{}")
        if documents.cursor is not None:
            params["since"] = documents.cursor
        if self.limit is not None:
            params["limit"] = self.limit
        if wait:
            params["wait"] = min(wait, MOST_WAIT)
        pending: list[Mapping[str, Any]] = []
        with self.link.lines("GET", "/v1/changes", params=params) as parts:
            for line in chain.from_iterable(parts):
                if "change" in line:
                    pending.append(line)
                    continue
                complete = line.get("complete")
                documents.apply(pending, line["cursor"], complete=complete is True)
                self._count(pending, report)
                pending.clear()
                if complete is not None:
                    return bool(complete)
        raise Cut("the answer ended early")

    def _ask_for_more(self) -> None:
        if self.limit is not None:
            self.limit = self.limit * 2 if self.limit * 2 < CURSOR_EVERY else None

    def _count(self, lines: Sequence[Mapping[str, Any]], report: PullReport) -> None:
        removed = sum(line["change"] == "removed" for line in lines)
        report.removed += removed
        report.changed += len(lines) - removed
        self.backoff.succeeded()
        self.meter.at(report.changed + report.removed, None)

    def _wait(self, cut: Cut, report: PullReport) -> None:
        report.cuts += 1
        pause = self.backoff.failed(cut.wait)
        if pause is None:
            raise LinkDown(f"The server cannot be reached: {cut.why}. What was pulled is kept.") from cut
        self.meter.at(report.changed + report.removed, None, f"{cut.why}; again in {pause:.1f} s")
        self.sleep(pause)
