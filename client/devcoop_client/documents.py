"""What was pulled: the newest version of each document, up to the cursor that continues there."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from devcoop_client.store import Store, now

COLLECTIONS = {
    "activity": "activities",
    "country-programme": "country-programmes",
    "development-agenda": "development-agendas",
    "field-office": "field-offices",
    "programme-budget": "programme-budgets",
    "proposal": "proposals",
    "finance": "finances",
    "partner": "partners",
    "partner-profile": "partner-profiles",
    "agreement": "agreements",
    "pledge": "pledges",
    "pool": "pools",
    "workplan": "workplans",
    "framework": "frameworks",
    "contributions": "contributions",
    "programme-framework": "programme-frameworks",
    "report": "reports",
    "period-lock": "period-locks",
    "evaluation": "evaluations",
    "training": "trainings",
    "publication": "publications",
}
"""First segment of the address of what a field office writes, by the name that changes have."""

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pulled:
    """One document as it was pulled."""

    aggregate: str
    id: str
    identifier: str | None
    version: int
    document: dict[str, Any]


def address_of(collection: str, identifier: str) -> str:
    """Return the address of a document, as in ``/v1/reports/R-1``."""
    return f"/v1/{collection}/{quote(identifier, safe='')}"


class Documents:
    """The documents of a store, and where in the feed of changes they stand."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def cursor(self) -> str | None:
        """Where the feed goes on, None where it has not begun."""
        return self._store.get("cursor")

    def find(self, aggregate: str, identifier: str) -> Pulled | None:
        """Return a document by its name."""
        query = "SELECT * FROM document WHERE aggregate = ? AND identifier = ? ORDER BY version DESC LIMIT 1"
        row = self._store.connection.execute(query, (aggregate, identifier)).fetchone()
        return None if row is None else _pulled(row)

    def at(self, address: str) -> Pulled | None:
        """Return a document by its address."""
        collection, _, identifier = address.removeprefix("/v1/").partition("/")
        aggregates = [name for name, each in COLLECTIONS.items() if each == collection]
        return self.find(aggregates[0], unquote(identifier)) if aggregates else None

    def all(self, aggregate: str) -> Iterator[Pulled]:
        """Yield all documents of an aggregate in order of identifier."""
        query = "SELECT * FROM document WHERE aggregate = ? ORDER BY identifier, id"
        for row in self._store.connection.execute(query, (aggregate,)):
            yield _pulled(row)

    def counts(self) -> dict[str, int]:
        """Return how many there are of each aggregate."""
        query = "SELECT aggregate, count(*) AS counted FROM document GROUP BY aggregate ORDER BY aggregate"
        return {row["aggregate"]: row["counted"] for row in self._store.connection.execute(query)}

    def begin_anew(self, filters: str) -> None:
        """Forget the cursor, so that everything is told again; what is here stays until all was told.

        Args:
            filters: what the feed is asked for from now on.

        """
        with self._store.transaction():
            self._store.put("snapshot", str(self._snapshot() + 1))
            self._store.put("snapshot_open", "yes")
            self._store.put("filters", filters)
            self._store.put("cursor", None)

    @property
    def filters(self) -> str | None:
        """What the feed was asked for, None where it has not begun."""
        return self._store.get("filters")

    def apply(self, lines: Iterable[Line], cursor: str, *, complete: bool) -> None:
        """Take in changes together with the cursor that follows them.

        Args:
            lines: changes in order, as the feed tells them.
            cursor: where the feed goes on after them.
            complete: whether everything was told; what a snapshot did not tell is then there no more.

        """
        snapshot = self._snapshot()
        with self._store.transaction():
            for line in lines:
                if line["change"] == "removed":
                    self._remove(line)
                else:
                    self._upsert(line, snapshot)
            self._store.put("cursor", cursor)
            if complete:
                self._store.put("pulled_at", now())
                if self._store.get("snapshot_open") is not None:
                    self._close_snapshot(snapshot)

    def _snapshot(self) -> int:
        return int(self._store.get("snapshot") or 0)

    def _upsert(self, line: Line, snapshot: int) -> None:
        told = json.dumps(line["document"], ensure_ascii=False, separators=(",", ":"))
        self._store.connection.execute(
            "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (aggregate, id) DO UPDATE SET"
            " identifier = excluded.identifier, version = excluded.version, recorded_at = excluded.recorded_at,"
            " document = excluded.document, snapshot = excluded.snapshot",
            (
                *(line["aggregate"], line["id"], line.get("identifier"), line["version"]),
                *(line.get("recorded_at"), told, snapshot),
            ),
        )
        collection, identifier = COLLECTIONS.get(line["aggregate"]), line.get("identifier")
        if collection and identifier:
            self._store.connection.execute(
                "INSERT INTO standing VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET"
                " version = max(version, excluded.version)",
                (address_of(collection, identifier), line["version"]),
            )

    def _remove(self, line: Line) -> None:
        self._store.connection.execute(
            "DELETE FROM document WHERE aggregate = ? AND id = ?", (line["aggregate"], line["id"])
        )
        collection, identifier = COLLECTIONS.get(line["aggregate"]), line.get("identifier")
        if collection and identifier:
            address = address_of(collection, identifier)
            self._store.connection.execute("DELETE FROM standing WHERE address = ?", (address,))

    def _close_snapshot(self, snapshot: int) -> None:
        stale = "SELECT aggregate, id, identifier FROM document WHERE snapshot < ?"
        for row in self._store.connection.execute(stale, (snapshot,)).fetchall():
            self._remove(dict(row))
        self._store.put("snapshot_open", None)


def _pulled(row: Any) -> Pulled:  # noqa: ANN401
    return Pulled(row["aggregate"], row["id"], row["identifier"], row["version"], json.loads(row["document"]))
