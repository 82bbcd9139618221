"""Commands that wait to be pushed, and what became of them.

A command is kept, with the key that makes it safe to send twice, before anything of it is sent; and what is sent is kept
as it is sent, so that it is the same each time. States::

    pending → sent → done | refused | conflict → dropped (where a person resolves it, mostly by another command)

A command that changes a document is guarded: it goes out with the version that it is based on, and only when the outcome
of those before it on the same document is known, for only then is that version known. What only adds, as a transaction
does, needs neither. Where a command is in conflict, those after it on the document wait until it is resolved.
"""

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from devcoop_client.chunks import MOST_BYTES
from devcoop_client.errors import Unusable
from devcoop_client.keys import new_key
from devcoop_client.store import Store, now

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
State = Literal["pending", "sent", "done", "refused", "conflict", "dropped"]
STATES: tuple[State, ...] = ("pending", "sent", "done", "refused", "conflict", "dropped")
UNRESOLVED: tuple[State, ...] = ("conflict", "refused")

ADDING = ("transactions", "receipts")
"""Last segments of commands that only add, so that they are right whatever others did."""
CONFLICTS = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED)
AGAIN = (
    *(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    ),
    *(HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE),
    HTTPStatus.GATEWAY_TIMEOUT,
)
"""Statuses that say nothing of the command: it is sent again, as it was."""
AGAIN_CODES = ("concurrent-change", "idempotency-key-in-flight")
"""The same of problems with 409."""

_MAKING = """
SELECT 1 FROM command WHERE address = ? AND place < ? AND NOT adds AND state IN ('pending', 'sent', 'conflict')
"""
_READY = """
SELECT * FROM command AS one WHERE state = 'sent' OR (
    state = 'pending' AND (NOT waits OR (
        (NOT guarded OR base_version IS NOT NULL) AND NOT EXISTS (
            SELECT 1 FROM command AS other WHERE other.address = one.address AND other.place < one.place
            AND other.state IN ('pending', 'sent', 'conflict') AND NOT (one.adds AND other.adds)
        )
    ))
)
ORDER BY tries, state != 'sent', place LIMIT ?
"""
_LINE_OVERHEAD = 200
_IS_KEY = re.compile(r"[0-9A-Fa-f-]+")
_SEGMENTS_OF_ADDRESS = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """A command to be queued; ``what`` says to a person what it does."""

    method: Method
    path: str
    body: dict[str, Any] | None
    what: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the outbox; ``answer`` is the receipt, or the problem, that came back."""

    place: int
    key: str
    method: Method
    path: str
    address: str
    base_version: int | None
    guarded: bool
    body: dict[str, Any] | None
    what: str
    created_at: str
    state: State
    if_match: str | None
    status: int | None
    version: int | None
    answer: dict[str, Any] | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the server says of a command; ``version`` is that which the document has then, None where it is not told."""

    key: str
    status: int
    version: int | None
    body: dict[str, Any] | None

    @property
    def code(self) -> str:
        """The code of the problem, empty where there is none."""
        return str((self.body or {}).get("code", ""))

    @property
    def state(self) -> State | None:
        """The state that the command has then, None where it has to be sent again."""
        if self.status < HTTPStatus.BAD_REQUEST:
            return "done"
        if self.status in AGAIN or (self.status == HTTPStatus.CONFLICT and self.code in AGAIN_CODES):
            return None
        return "conflict" if self.status in CONFLICTS else "refused"


def address_of_path(path: str) -> str:
    """Return the address of the document that a command is for."""
    return "/".join(path.partition("?")[0].split("/")[:_SEGMENTS_OF_ADDRESS])


class Outbox:
    """The commands of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def queue(self, drafts: Iterable[Draft]) -> list[Command]:
        """Keep commands, all or none, each based on the version that this office knows of its document."""
        with self._store.transaction():
            return [
                self._insert(draft, self.known_version(address_of_path(draft.path)), self._next_place())
                for draft in drafts
            ]

    def ready(self, lines: int, most_bytes: int = MOST_BYTES) -> list[Command]:
        """Return commands that can be sent now, in order; those that were put off by the server come last."""
        chosen: list[Command] = []
        size = 0
        for row in self._store.connection.execute(_READY, (lines,)):
            size += len(row["body"] or "") + len(row["path"]) + _LINE_OVERHEAD
            if chosen and size > most_bytes:
                break
            chosen.append(_command(row))
        return chosen

    def mark_sent(self, commands: Sequence[Command]) -> list[dict[str, Any]]:
        """Note that commands are about to be sent, and return the lines to send: of each the same, whenever it is sent."""
        with self._store.transaction() as connection:
            for command in commands:
                connection.execute(
                    "UPDATE command SET state = 'sent', if_match ="
                    " CASE WHEN guarded THEN '\"' || base_version || '\"' END WHERE key = ? AND state = 'pending'",
                    (command.key,),
                )
            return [line_of(self.get(command.key)) for command in commands]

    def record(self, outcomes: Iterable[Outcome]) -> list[tuple[Outcome, State | None]]:
        """Keep what became of commands that were sent, and return the new state of each.

        An outcome of a command that has one already changes nothing.
        """
        with self._store.transaction():
            return [(outcome, self._record(outcome)) for outcome in outcomes]

    def get(self, key: str) -> Command:
        """Return a command by its key, or by a beginning that no other key has.

        Raises:
            Unusable: there is none, or there are several.

        """
        found = self._store.connection.execute("SELECT * FROM command WHERE key = ?", (key,)).fetchone()
        if found is not None:
            return _command(found)
        query = "SELECT * FROM command WHERE key GLOB ? || '*' ORDER BY place LIMIT 2"
        rows = (
            self._store.connection.execute(query, (key.lower(),)).fetchall() if _IS_KEY.fullmatch(key) else []
        )
        if len(rows) != 1:
            raise Unusable(f"{'Several commands begin' if rows else 'No command begins'} with {key!r}.")
        return _command(rows[0])

    def of(self, *states: State) -> list[Command]:
        """Return the commands in some states, in order."""
        marks = ", ".join("?" * len(states))
        query = f"SELECT * FROM command WHERE state IN ({marks}) ORDER BY place, number"  # noqa: S608
        return [_command(row) for row in self._store.connection.execute(query, states)]

    def counts(self) -> dict[State, int]:
        """Return how many commands are in each state."""
        query = "SELECT state, count(*) AS counted FROM command GROUP BY state"
        found = {row["state"]: row["counted"] for row in self._store.connection.execute(query)}
        return {state: found.get(state, 0) for state in STATES}

    def drop(self, command: Command) -> None:
        """Give up a command that was not sent, was refused or is in conflict; of a conflict, what others did stays.

        Raises:
            Unusable: it is on its way, or done.

        """
        with self._store.transaction() as connection:
            self._end(connection, command, None, (*UNRESOLVED, "pending"))
            current = (command.answer or {}).get("current_version")
            if command.state == "conflict" and isinstance(current, int):
                self._found_on(connection, command, current)

    def replace(self, command: Command, draft: Draft, base_version: int | None) -> Command:
        """Put another command, with a key of its own, in the place of one that is in conflict or was refused.

        Those that wait behind it keep what they are based on: each is compared on its own with what others did.

        Raises:
            Unusable: there is nothing to resolve.

        """
        with self._store.transaction() as connection:
            successor = self._insert(draft, base_version, command.place)
            self._end(connection, command, successor.key, UNRESOLVED)
            return successor

    def known_version(self, address: str) -> int | None:
        """Return the version of a document up to which this office knows it, by what was pulled and by its own commands."""
        query = "SELECT version FROM standing WHERE address = ?"
        row = self._store.connection.execute(query, (address,)).fetchone()
        return None if row is None else int(row["version"])

    def _end(
        self, connection: sqlite3.Connection, command: Command, successor: str | None, states: Sequence[State]
    ) -> None:
        marks = ", ".join("?" * len(states))
        ended = connection.execute(
            f"UPDATE command SET state = 'dropped', replaced_by = ? WHERE key = ? AND state IN ({marks})",  # noqa: S608
            (successor, command.key, *states),
        )
        if ended.rowcount != 1:
            raise Unusable(f"Command {command.key} is {self.get(command.key).state}: that cannot be changed.")

    def _insert(self, draft: Draft, base_version: int | None, place: int) -> Command:
        address, key = address_of_path(draft.path), str(new_key())
        adds = draft.method == "POST" and draft.path.partition("?")[0].rsplit("/", 1)[-1] in ADDING
        follows = base_version is None and self._is_being_made(address, place)
        guarded = not adds and (base_version is not None or follows)
        body = (
            None if draft.body is None else json.dumps(draft.body, ensure_ascii=False, separators=(",", ":"))
        )
        self._store.connection.execute(
            "INSERT INTO command (place, key, method, path, address, base_version, adds, guarded, waits, body, what,"
            " created_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
            (
                *(
                    place,
                    key,
                    draft.method,
                    draft.path,
                    address,
                    base_version,
                    adds,
                    guarded,
                    guarded or follows,
                ),
                *(body, draft.what, now()),
            ),
        )
        return self.get(key)

    def _next_place(self) -> int:
        query = "SELECT coalesce(max(place), 0) + 1 FROM command"
        return int(self._store.connection.execute(query).fetchone()[0])

    def _is_being_made(self, address: str, place: int) -> bool:
        return self._store.connection.execute(_MAKING, (address, place)).fetchone() is not None

    def _record(self, outcome: Outcome) -> State | None:
        connection, state = self._store.connection, outcome.state
        if state is None:
            connection.execute(
                "UPDATE command SET tries = tries + 1, status = ?, answer = ? WHERE key = ? AND state = 'sent'",
                (outcome.status, _json(outcome.body), outcome.key),
            )
            return None
        recorded = connection.execute(
            "UPDATE command SET state = ?, status = ?, version = ?, answer = ?, answered_at = ?"
            " WHERE key = ? AND state = 'sent'",
            (state, outcome.status, outcome.version, _json(outcome.body), now(), outcome.key),
        )
        if recorded.rowcount == 1 and state == "done" and outcome.version is not None:
            self._know(connection, self.get(outcome.key), outcome.version)
        return state

    def _know(self, connection: sqlite3.Connection, command: Command, version: int) -> None:
        """Base what waits on the version that a command left, unless others changed the document in between.

        Nobody did where it is one more than the version that was known, or where the command made the document.
        """
        if command.method == "PUT" or version == 1:
            connection.execute(
                "INSERT INTO standing VALUES (?, ?) ON CONFLICT (address) DO NOTHING",
                (command.address, version),
            )
        connection.execute(
            "UPDATE standing SET version = ? WHERE address = ? AND version = ? - 1",
            (version, command.address, version),
        )
        connection.execute(
            "UPDATE command SET base_version = ? WHERE address = ? AND state = 'pending' AND place > ?"
            " AND base_version = ? - 1",
            (version, command.address, command.place, version),
        )
        self._found_on(connection, command, version)

    def _found_on(self, connection: sqlite3.Connection, command: Command, version: int) -> None:
        """Base what waits for a document to be made on its version."""
        connection.execute(
            "UPDATE command SET base_version = ? WHERE address = ? AND state = 'pending' AND place > ?"
            " AND base_version IS NULL AND guarded",
            (version, command.address, command.place),
        )


def line_of(command: Command) -> dict[str, Any]:
    """Return the line of a batch that a command is sent as."""
    line: dict[str, Any] = {"key": command.key, "method": command.method, "path": command.path}
    if command.if_match is not None:
        line["if_match"] = command.if_match
    if command.body is not None:
        line["body"] = command.body
    return line


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _command(row: sqlite3.Row) -> Command:
    told = {name: row[name] for name in Command.__slots__}
    for name in ("body", "answer"):
        told[name] = None if told[name] is None else json.loads(told[name])
    return Command(**{**told, "guarded": bool(told["guarded"])})
