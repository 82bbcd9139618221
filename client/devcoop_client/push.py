"""Push: send what waits in the outbox, over a link that may be cut at any byte.

Each upload is a batch of some commands; its outcomes are kept as they come. What has no outcome when the link is cut is
sent again as it was, under the same key: the server answers what it did the first time, if it did.
"""

import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devcoop_client.backoff import Backoff
from devcoop_client.chunks import ChunkSize
from devcoop_client.errors import LinkDown
from devcoop_client.link import Cut, Link
from devcoop_client.outbox import Command, Outbox, Outcome, State
from devcoop_client.progress import Meter, Silent
from devcoop_client.store import Store, now

HEADERS = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
COMPRESSION = 6


@dataclass
class PushReport:
    """What came of a push: commands by their new state, uploads, and how often the link was cut."""

    states: Counter[State] = field(default_factory=Counter)
    uploads: int = 0
    cuts: int = 0


@dataclass
class Pusher:
    """Pushes the outbox of one store over one link."""

    link: Link
    store: Store
    meter: Meter = field(default_factory=Silent)
    backoff: Backoff = field(default_factory=Backoff)
    chunk: ChunkSize = field(default_factory=ChunkSize)
    sleep: Callable[[float], None] = time.sleep
    settle: Callable[[Outbox], int] = lambda _: 0
    """Resolves what is in conflict, as far as it can be resolved by itself, and returns how many it did."""
    _open: int = 0

    def push(self) -> PushReport:
        """Send all that can be sent.

        Raises:
            LinkDown: the server could not be reached, or put commands off, for too long; what was done stays done.
            LoginRefused: the client is not known any more.
            ServerRefused: the server refuses uploads of this client.

        """
        outbox, report = Outbox(self.store), PushReport()
        while True:
            counts = outbox.counts()
            self._open = counts["pending"] + counts["sent"]
            commands = outbox.ready(self.chunk.lines)
            if commands:
                self._push_some(outbox, commands, report)
            elif not self._settle(outbox, report):
                self.store.put("pushed_at", now())
                return report

    def _push_some(self, outbox: Outbox, commands: Sequence[Command], report: PushReport) -> None:
        before = report.states.total()
        report.uploads += 1
        try:
            self._upload(outbox, commands, report)
        except Cut as cut:
            self.chunk.was_cut()
            report.cuts += 1
            self._wait(report, cut, progressed=report.states.total() > before)
        else:
            self.chunk.held(len(commands))
            if report.states.total() > before:
                self.backoff.succeeded()
            else:
                self._wait(report, Cut("the server puts the commands off"), progressed=False)

    def _settle(self, outbox: Outbox, report: PushReport) -> bool:
        """Return whether something was resolved, or may be when the link is back."""
        try:
            return self.settle(outbox) > 0
        except Cut as cut:
            report.cuts += 1
            self._wait(report, cut, progressed=False)
            return True

    def _upload(self, outbox: Outbox, commands: Sequence[Command], report: PushReport) -> None:
        """Send one batch and keep the outcomes as they come.

        Raises:
            Cut: it did not come to its end.

        """
        body = "".join(f"{_line(each)}\n" for each in outbox.mark_sent(commands))
        content = gzip.compress(body.encode(), COMPRESSION, mtime=0)
        with self.link.lines("POST", "/v1/batch", content=content, headers=HEADERS) as parts:
            for lines in parts:
                outcomes = [outcome_of(line) for line in lines if not line.get("end")]
                states = [state for _, state in outbox.record(outcomes) if state is not None]
                report.states.update(states)
                self._open -= len(states)
                self.meter.at(report.states.total(), report.states.total() + self._open)
                if lines and lines[-1].get("end"):
                    _require_whole(lines[-1])
                    return
        raise Cut("the answer ended early")

    def _wait(self, report: PushReport, cut: Cut, *, progressed: bool) -> None:
        if progressed:
            self.backoff.succeeded()
        pause = self.backoff.failed(cut.wait)
        if pause is None:
            raise LinkDown(
                f"Not everything was pushed: {cut.why}. What waits is kept; push again later."
            ) from cut
        note = f"{cut.why}; again in {pause:.1f} s"
        self.meter.at(report.states.total(), report.states.total() + self._open, note)
        self.sleep(pause)


def outcome_of(line: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a line of the answer tells."""
    etag, body = line.get("etag"), line.get("body")
    version = etag.strip('W/"') if isinstance(etag, str) else ""
    return Outcome(
        key=str(line["key"]),
        status=int(line["status"]),
        version=int(version) if version.isdigit() else None,
        body=body if isinstance(body, dict) else None,
    )


def _require_whole(end: Mapping[str, Any]) -> None:
    """Check that the server read the whole upload.

    Raises:
        Cut: it did not, so that less has to be sent at once.

    """
    problem = end.get("problem")
    if problem:
        raise Cut(f"the server did not read everything ({problem.get('code')})")


def _line(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
