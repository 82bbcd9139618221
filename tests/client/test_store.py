"""Every step on the store is whole or nothing."""

import sqlite3
from pathlib import Path

import pytest
from devcoop_client import Documents, NotReady, Store


def fail_within(store: Store) -> None:
    with store.transaction():
        store.put("name", "within")
        with store.transaction():
            store.put("other", "within")
        raise ZeroDivisionError


def test_a_step_that_fails_leaves_nothing(store: Store):
    store.put("name", "before")
    with pytest.raises(ZeroDivisionError):
        fail_within(store)
    assert (store.get("name"), store.get("other")) == ("before", None)


def test_the_file_is_written_through_and_read_by_others_meanwhile(home: Path, store: Store):
    assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store.connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    with store.transaction():
        store.put("name", "value")
        other = Store(home / "devcoop.db")
        assert other.get("name") is None
        other.close()


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path):
    path = tmp_path / "devcoop.db"
    path.write_text("This is no database, and longer than a page header has to be. " * 20)
    with pytest.raises(NotReady, match="no store of this program"):
        Store(path)
    assert path.read_text().startswith("This is")


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path):
    path = tmp_path / "devcoop.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NotReady, match="99"):
        Store(path)


def test_a_setting_can_be_forgotten(store: Store):
    store.put("name", "value")
    store.put("name", None)
    assert store.get("name") is None


def test_a_cursor_is_kept_with_what_comes_before_it_or_not_at_all(store: Store, documents: Documents):
    good = {
        "change": "upsert",
        "aggregate": "report",
        "id": "1",
        "identifier": "R",
        "version": 1,
        "document": {},
    }
    documents.apply([good], "1", complete=False)
    with pytest.raises(KeyError):
        documents.apply(
            [{**good, "version": 2}, {"change": "upsert", "aggregate": "report"}], "2", complete=True
        )
    assert documents.cursor == "1"
    assert documents.find("report", "R").version == 1
    assert store.get("pulled_at") is None
