"""What each command of the command line does."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from devcoop_client import credentials, files, views
from devcoop_client.backoff import Backoff
from devcoop_client.chunks import ChunkSize
from devcoop_client.credentials import SECRET, Credentials
from devcoop_client.documents import Documents
from devcoop_client.entries import (
    DISBURSEMENT,
    EXPENDITURE,
    ActualEntry,
    ExpenditureEntry,
    actual_draft,
    expenditure_draft,
)
from devcoop_client.errors import LinkDown, Unusable
from devcoop_client.link import Cut, Link, Refused
from devcoop_client.outbox import UNRESOLVED, Command, Draft, Outbox
from devcoop_client.progress import meter
from devcoop_client.pull import Puller, Wanted
from devcoop_client.push import Pusher
from devcoop_client.reports import ProgressEntry, progress_drafts
from devcoop_client.resolve import Find, How, Stored, can_merge, resolve, settle
from devcoop_client.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works on."""

    home: Path
    store: Store
    as_json: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What a command tells: to a program, to a person, and by its exit code."""

    told: dict[str, Any]
    lines: Sequence[str] = field(default_factory=tuple)
    exit_code: int = 0


def login(context: Context, told: argparse.Namespace) -> Done:
    """Try a client's secret, and keep it if it holds."""
    address = credentials.checked_address(told.address)
    secret = os.environ.get(SECRET)
    kept = secret is None
    if secret is None:
        secret = getpass.getpass("Secret: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    client = Credentials(address, told.client_id, secret)
    link = Link(client, context.home)
    try:
        link.log_in()
    except Cut as cut:
        raise LinkDown(f"{address} cannot be reached: {cut.why}. Nothing was kept.") from cut
    finally:
        link.close()
    credentials.keep(context.home, client, with_secret=kept)
    return Done({"address": address, "client_id": client.client_id}, [f"Logged in to {address}."])


def pull(context: Context, told: argparse.Namespace) -> Done:
    """Take in what changed."""
    chosen = Wanted(told.aggregate or (), told.country or ()) if told.aggregate or told.country else None
    link, bar = _link(context), meter("pulled", sys.stderr, silent=context.quiet)
    try:
        puller = Puller(link, context.store, bar, Backoff(most=told.tries))
        report = puller.pull(Wanted() if told.all else chosen, wait=told.wait)
    finally:
        bar.close()
        link.close()
    anew = " Everything was told anew." if report.began_anew else ""
    line = f"Pulled: {report.changed} changed, {report.removed} gone; the link was cut {report.cuts} times.{anew}"
    return Done(views.plain(report), [line])


def report(context: Context, told: argparse.Namespace) -> Done:
    """Keep what is reported in the outbox."""
    queued = Outbox(context.store).queue(_drafts(Documents(context.store), told))
    lines = [f"{each.key}  {each.what}" for each in queued]
    return Done(
        {"queued": [views.command(each) for each in queued]},
        [*lines, f"{len(queued)} kept, to be pushed: devcoop push"],
    )


def push(context: Context, told: argparse.Namespace) -> Done:
    """Send what waits."""
    link, bar = _link(context), meter("pushed", sys.stderr, silent=context.quiet)
    pusher = Pusher(link, context.store, bar, Backoff(most=told.tries))
    if told.most is not None:
        pusher.chunk = ChunkSize(lines=max(1, told.most), most=max(1, told.most))
    if told.merge:
        pusher.settle = partial(settle, find=_finder(context, link))
    try:
        report = pusher.push()
    finally:
        bar.close()
        link.close()
    counts = Outbox(context.store).counts()
    done = report.states["done"]
    lines = [f"Pushed: {done} done in {report.uploads} uploads; the link was cut {report.cuts} times."]
    lines += views.unresolved_lines(counts)
    told_all = {
        "uploads": report.uploads,
        "cuts": report.cuts,
        "pushed": dict(report.states),
        "outbox": counts,
    }
    return Done(told_all, lines, views.exit_code(counts))


def status(context: Context, _told: argparse.Namespace) -> Done:
    """Tell what waits, what is in conflict, and when it was pulled and pushed last."""
    outbox, documents = Outbox(context.store), Documents(context.store)
    counts, known = outbox.counts(), documents.counts()
    pulled, pushed = context.store.get("pulled_at"), context.store.get("pushed_at")
    waiting = outbox.of("pending", "sent")
    told = {
        "pulled_at": pulled,
        "pushed_at": pushed,
        "documents": known,
        "outbox": counts,
        "waiting": [views.command(each) for each in waiting],
        "unresolved": [views.command(each) for each in outbox.of(*UNRESOLVED)],
    }
    return Done(told, views.status_lines(pulled, pushed, known, counts, waiting), views.exit_code(counts))


def conflicts(context: Context, told: argparse.Namespace) -> Done:
    """List what is in conflict or was refused."""
    outbox = Outbox(context.store)
    found = [outbox.get(key) for key in told.keys] if told.keys else outbox.of(*UNRESOLVED)
    lines = [line for each in found for line in views.unresolved(each)]
    lines = lines or ["Nothing is in conflict, and nothing was refused."]
    return Done({"unresolved": [views.command(each, whole=True) for each in found]}, lines)


def resolve_commands(context: Context, told: argparse.Namespace) -> Done:
    """Resolve what is in conflict or was refused."""
    outbox = Outbox(context.store)
    chosen = _to_resolve(outbox, told)
    edited = None if told.edit is None else _object_of(told.edit)
    how: How = "edit" if told.edit else told.how
    try:
        made = [resolve(outbox, each, how, _finder(context), edited) for each in chosen]
    except Cut as cut:
        raise LinkDown(f"To merge, the server has to be asked: {cut.why}. Pull, or try again later.") from cut
    pairs = list(zip(chosen, made, strict=True))
    lines = [
        f"{old.key}  {f'sent anew as {new.key}' if new else 'given up'}: {old.what}" for old, new in pairs
    ]
    hint = ["Now push: devcoop push"] if any(made) else []
    resolved = [{"key": old.key, "replaced_by": new.key if new else None} for old, new in pairs]
    return Done({"resolved": resolved}, [*lines, *hint] or ["There is nothing that can be merged."])


def drop(context: Context, told: argparse.Namespace) -> Done:
    """Give up commands."""
    outbox = Outbox(context.store)
    with context.store.transaction():
        dropped = [outbox.get(key) for key in told.keys]
        for each in dropped:
            outbox.drop(each)
    return Done(
        {"dropped": [each.key for each in dropped]},
        [f"{each.key}  given up: {each.what}" for each in dropped],
    )


def _link(context: Context) -> Link:
    return Link(credentials.read(context.home), context.home)


def _finder(context: Context, link: Link | None = None) -> Find:
    """Return what finds stored documents: as pulled where that is new enough, else over a link, or one of its own."""

    def find(address: str, at_least: int) -> Stored:
        pulled = Documents(context.store).at(address)
        if pulled is not None and pulled.version >= at_least:
            return pulled.version, pulled.document
        with nullcontext(link) if link is not None else closing(_link(context)) as asked:
            try:
                item = asked.read(address)
            except Refused as refused:
                raise Unusable(f"{address} cannot be read: {refused}") from refused
        return int(item["version"]), item["document"]

    return find


def _to_resolve(outbox: Outbox, told: argparse.Namespace) -> list[Command]:
    if told.all:
        if told.how != "merge" or told.keys:
            raise Unusable(
                "--all goes with --merge, without keys: what both sides changed is yours to decide."
            )
        return [each for each in outbox.of("conflict") if can_merge(each)]
    if not told.keys or (told.edit and len(told.keys) > 1):
        raise Unusable(
            "Name one key, or with --merge, --mine and --theirs several: devcoop conflicts lists them."
        )
    return [outbox.get(key) for key in told.keys]


def _object_of(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be read: {error}") from error
    if not isinstance(told, dict):
        raise Unusable(f"{path} holds no JSON object.")
    return told


def _drafts(documents: Documents, told: argparse.Namespace) -> list[Draft]:
    today = date.today()  # noqa: DTZ011  (a day is that of the office)
    if told.kind == "file":
        return files.drafts_of(documents, told.project, told.path, today)
    if told.kind == "progress":
        progress = ProgressEntry(
            **{
                name: getattr(told, name)
                for name in ("start", "end", "text", "rating", "due", "office", "submit")
            },
            written_by=told.by,
        )
        return progress_drafts(documents, told.project, progress)
    if told.kind == "expenditure":
        names = ("date", "amount", "currency", "ref", "description")
        kind = DISBURSEMENT if told.disbursement else EXPENDITURE
        money = ExpenditureEntry(**{name: getattr(told, name) for name in names}, type=kind)
        return [expenditure_draft(documents, told.project, money, today)]
    dimensions = dict(_dimension(each) for each in told.dimension)
    parts = ("result", "indicator", "period", "value", "numerator", "denominator", "comment", "location")
    actual = ActualEntry(**{name: getattr(told, name) for name in parts}, dimensions=dimensions)
    return [actual_draft(documents, told.project, actual)]


def _dimension(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise Unusable(f"{text!r} is no dimension: write it as in sex=female.")
    return name, value
