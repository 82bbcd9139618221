"""`devcoop ops status`: all parts at a glance."""

import argparse
from collections.abc import Iterable
from typing import Any

from rich.console import Console

from deploy.ops.looking import look
from deploy.ops.output import add_json, console, table, tell_json
from deploy.ops.settings import OpsSettings

HELP = "tell the state of all parts at a glance; exit with 1 if one is down"

DATABASE = ("database", "state", "size", "revision", "outbox waits", "oldest", "dead letters", "error")
STREAM = ("stream", "state", "messages", "size", "replicas", "leader", "error")

Told = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_json(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Tell the state of all parts, and return 1 if one is down."""
    told = await look(OpsSettings())
    if arguments.json:
        tell_json(told)
    else:
        _show(console(), told)
    return 1 if told["state"] == "down" else 0


def _show(to: Console, told: Told) -> None:
    if told["processes"]:
        rows = [(name, part["state"], part.get("error")) for name, part in told["processes"].items()]
        to.print(table("Processes", ("process", "state", "error"), rows))
    to.print(table("Databases", DATABASE, (_database(*each) for each in told["databases"].items())))
    to.print(table("Streams", STREAM, (_stream(*each) for each in told["streams"].items())))
    to.print(table("Waits to be taken in", ("by", "of", "messages"), _lags(told["databases"])))
    gateway = told["databases"]["gateway"]
    if "webhooks" in gateway:
        to.print(_gateway(gateway))
    to.print(f"All together: {told['state']}")


def _database(name: str, part: Told) -> tuple[object, ...]:
    outbox = part.get("outbox", {})
    revision = part.get("revision") or ("empty" if "bytes" in part else None)
    if part.get("revision") != part.get("head"):
        revision = f"{revision}, newest is {part['head']}"
    return (
        name,
        part["state"],
        _size(part.get("bytes")),
        revision,
        outbox.get("waiting"),
        _seconds(outbox.get("oldest_seconds")),
        part.get("dead_letters"),
        part.get("error"),
    )


def _stream(name: str, part: Told) -> tuple[object, ...]:
    leader = part.get("leader")
    behind = f" (behind: {', '.join(part['behind'])})" if part.get("behind") else ""
    return (
        name,
        part["state"],
        part.get("messages"),
        _size(part.get("bytes")),
        part.get("replicas"),
        None if leader is None else f"{leader}{behind}",
        part.get("error"),
    )


def _lags(databases: Told) -> Iterable[tuple[object, ...]]:
    for name, part in databases.items():
        for kind, title in (("projection", "the read model"), ("copies", f"copies of {name}")):
            for owner, position in part.get(kind, {}).items():
                yield title, owner, position["lag"]


def _gateway(part: Told) -> str:
    generations = ", ".join(f"{each['id']} {each['state']}" for each in part["generations"]) or "none"
    hooks, imports = part["webhooks"], part["imports"]
    return (
        f"Generations of the read model: {generations}; {part['answers'] or 'none'} answers.\n"
        f"Webhooks: {hooks['enabled']} enabled, {hooks['disabled']} disabled; {hooks['backlog']} deliveries wait,"
        f" the oldest for {hooks['oldest_seconds']:.0f} s.\n"
        f"Imports: {imports['running']} running, {imports['queued']} queued."
    )


def _size(count: int | None) -> str | None:
    """Return a number of bytes for people."""
    if count is None:
        return None
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":  # noqa: PLR2004
            break
        value /= 1024
    return f"{value:.0f} {unit}"


def _seconds(count: float | None) -> str | None:
    return None if count is None else f"{count:.0f} s"
