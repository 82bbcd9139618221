"""What `pg_dump` and `pg_restore` are told of a database, and what is told of their errors."""

import pytest

from deploy.ops.programs import environment_of, errors_in
from deploy.ops.settings import OpsSettings

LOADED = """\
pg_restore: error: COPY failed for table "partner": ERROR:  invalid input syntax for type uuid
CONTEXT:  COPY partner, line 7, column id: "Ada Lovelace, ada@example.org"
pg_restore: warning: errors ignored on restore: 1
"""
DUMPED = """\
pg_dump: error: Dumping the contents of table "outbox" failed: PQgetResult() failed.
pg_dump: detail: Error message from server: ERROR:  canceling statement due to user request
pg_dump: detail: Command was: COPY public.outbox TO stdout;
"""


def told(monkeypatch, url, **inherited):
    for name in ("PGSSLMODE", "PGSSLROOTCERT", "PGHOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in inherited.items():
        monkeypatch.setenv(name, value)
    found = environment_of(OpsSettings(projects_database_url=f"postgresql+asyncpg://{url}"), "projects")
    return {name: value for name, value in found.items() if name.startswith("PG") and name != "PGAPPNAME"}


ONE = {"PGUSER": "projects", "PGDATABASE": "results"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("projects:secret@db:5433/results", {"PGHOST": "db", "PGPORT": "5433", "PGPASSWORD": "secret"}),
        ("projects@/results?host=/run/postgresql", {"PGHOST": "/run/postgresql"}),
        ("projects@db/results?ssl=verify-full", {"PGHOST": "db", "PGSSLMODE": "verify-full"}),
        ("projects@db/results?sslmode=require", {"PGHOST": "db", "PGSSLMODE": "require"}),
        (
            "projects@/results?host=one:5432&host=two:5433&target_session_attrs=read-write",
            {"PGHOST": "one,two", "PGPORT": "5432,5433", "PGTARGETSESSIONATTRS": "read-write"},
        ),
        ("projects@/results?host=one,two&port=5432,5433", {"PGHOST": "one,two", "PGPORT": "5432,5433"}),
        ("projects@[::1]:5432/results", {"PGHOST": "::1", "PGPORT": "5432"}),
    ],
    ids=["one", "socket", "ssl", "sslmode", "several", "lists", "ipv6"],
)
def test_a_url_is_told_as_the_driver_reads_it(monkeypatch, url, expected):
    assert told(monkeypatch, url) == {**ONE, **expected}


def test_certificates_are_handed_on_and_no_other_server(monkeypatch):
    inherited = {"PGSSLMODE": "prefer", "PGSSLROOTCERT": "/ca.crt", "PGHOST": "elsewhere"}
    assert told(monkeypatch, "projects@db/results?ssl=verify-ca", **inherited) == {
        **ONE,
        "PGHOST": "db",
        "PGSSLMODE": "verify-ca",
        "PGSSLROOTCERT": "/ca.crt",
    }


def test_errors_are_told_without_rows():
    assert "Lovelace" not in errors_in(LOADED)
    assert "invalid input syntax" in errors_in(LOADED)
    assert len(errors_in(DUMPED).splitlines()) == 2
    assert errors_in("CONTEXT: a row") == "It does not say why."
