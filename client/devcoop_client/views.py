"""How things are told to a person, and to a program."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from devcoop_client.outbox import Command, State
from devcoop_client.pull import PullReport
from devcoop_client.resolve import can_merge, differences_of, met_of

MOST_LISTED = 20
_WIDTH = 60


def plain(report: PullReport) -> dict[str, Any]:
    """Return a report as JSON."""
    return asdict(report)


def command(one: Command, *, whole: bool = False) -> dict[str, Any]:
    """Return a command as JSON; ``whole`` with what was sent and what came back."""
    told = {
        "key": one.key,
        "what": one.what,
        "state": one.state,
        "created_at": one.created_at,
        "status": one.status,
        "code": (one.answer or {}).get("code"),
    }
    if not whole:
        return told
    can = {"mergeable": can_merge(one)}
    return {**told, **can, "method": one.method, "path": one.path, "body": one.body, "answer": one.answer}


def exit_code(counts: Mapping[State, int]) -> int:
    """Return 1 where a person has to look at something."""
    return 1 if counts["conflict"] or counts["refused"] else 0


def unresolved_lines(counts: Mapping[State, int]) -> list[str]:
    """Tell what a person has to look at, if there is anything."""
    lines = []
    if counts["conflict"]:
        lines.append(f"{counts['conflict']} in conflict with what others did: devcoop conflicts")
    if counts["refused"]:
        lines.append(f"{counts['refused']} refused: devcoop conflicts")
    if counts["pending"]:
        lines.append(f"{counts['pending']} wait until these are resolved.")
    return lines


def status_lines(
    pulled: str | None,
    pushed: str | None,
    known: Mapping[str, int],
    counts: Mapping[State, int],
    waiting: Sequence[Command],
) -> list[str]:
    """Tell how it stands."""
    documents = ", ".join(f"{count} {name}" for name, count in known.items()) or "none"
    lines = [
        f"Last pulled   {pulled or 'never'}",
        f"Last pushed   {pushed or 'never'}",
        f"Documents     {documents}",
        f"To be pushed  {counts['pending'] + counts['sent']}",
        f"Done          {counts['done']}",
    ]
    lines += [f"  {each.key}  {each.what}" for each in waiting[:MOST_LISTED]]
    if len(waiting) > MOST_LISTED:
        lines.append(f"  and {len(waiting) - MOST_LISTED} more")
    only_unresolved = {**counts, "pending": 0}
    return [*lines, *unresolved_lines(only_unresolved)]


def unresolved(one: Command) -> list[str]:
    """Tell of a conflict or refusal: what it is, why, and what can be done."""
    answer = one.answer or {}
    lines = [f"{one.key}  {one.state}: {one.what}"]
    if answer.get("detail"):
        lines.append(f"  {answer['detail']} ({answer.get('code')})")
    lines += [f"  {each.get('pointer')}: {each.get('detail')}" for each in answer.get("errors") or ()]
    if one.state == "refused":
        return [*lines, "  devcoop resolve KEY --edit FILE, --mine to try again, or --theirs to give it up"]
    differences, met = differences_of(one), met_of(one)
    for each in (differences or [])[:MOST_LISTED]:
        mark = "both changed" if each in met else "differs"
        lines.append(f"  {mark} {each['pointer']}")
        lines += [f"    {side:7}{_shown(each.get(side))}" for side in ("base", "yours", "theirs")]
    if one.state == "conflict":
        choice = "--merge keeps both; or " if can_merge(one) else ""
        lines.append(f"  devcoop resolve KEY {choice}--mine, --theirs or --edit FILE")
    return lines


def _shown(value: Any) -> str:  # noqa: ANN401
    text = "(nothing)" if value is None else str(value)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."
