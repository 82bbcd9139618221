"""The tables of the audit in a service's migrations, and what in the database keeps them as they were written.

Triggers refuse to change or delete what is there. They let one thing through: that an entry loses the values, and the
salts, that name a person, within an erasure (``shared/chassis/audit/erasure.py``). Who owns the tables can take the
triggers away; then the chain tells.

The first entry of a chain is made here: that the audit began, and behind which row of the outbox.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.chassis.audit.entries import Affected, Attempt, row_of
from shared.chassis.audit.tables import BEGIN, ENTRY

_FOR_GOOD = ("audit_link", "audit_erasure", "erased_payload")

_FUNCTIONS = {
    "audit_refuse": """
    BEGIN
        RAISE EXCEPTION '% is for good', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END
    """,
    "audit_refuse_but_erasure": """
    DECLARE
        personal CONSTANT text[] := ARRAY[
            'principal', 'name', 'client', 'delegate', 'source', 'identity_salt', 'reason', 'reason_salt'
        ];
    BEGIN
        IF current_setting('devcoop.erasing', true) = 'on'
            AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal
            AND ((NEW.principal, NEW.name, NEW.client, NEW.delegate, NEW.source, NEW.identity_salt) IS NULL
                OR (NEW.principal, NEW.name, NEW.client, NEW.delegate, NEW.source, NEW.identity_salt)
                    IS NOT DISTINCT FROM
                    (OLD.principal, OLD.name, OLD.client, OLD.delegate, OLD.source, OLD.identity_salt))
            AND ((NEW.reason, NEW.reason_salt) IS NULL
                OR (NEW.reason, NEW.reason_salt) IS NOT DISTINCT FROM (OLD.reason, OLD.reason_salt))
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% is for good', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END
    """,
    "audit_note_unlinked": """
    BEGIN
        INSERT INTO audit_unlinked SELECT id FROM added;
        RETURN NULL;
    END
    """,
}


def create_audit_tables(service: str) -> None:
    """Create the tables of the audit (``shared/chassis/audit``), and begin it."""
    _create_entries()
    _index_entries()
    _create_links()
    _create_erasures()
    for name, body in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
    _refuse_changes("audit_entry", "audit_refuse_but_erasure")
    for table in _FOR_GOOD:
        _refuse_changes(table, "audit_refuse")
    op.execute(
        "CREATE TRIGGER audit_note_unlinked AFTER INSERT ON audit_entry REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_note_unlinked()"
    )
    _begin(service)


def drop_audit_tables() -> None:
    """Drop the tables of the audit, and all that it told."""
    for name in ("erased_payload", "audit_erasure", "audit_unlinked", "audit_link", "audit_entry"):
        op.drop_table(name)
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")


def _create_entries() -> None:
    texts = postgresql.ARRAY(sa.Text())
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("delegate", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("identity_salt", sa.LargeBinary(), nullable=True),
        sa.Column("identity_digest", sa.LargeBinary(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_salt", sa.LargeBinary(), nullable=True),
        sa.Column("reason_digest", sa.LargeBinary(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=True),
        sa.Column("aggregate_id", sa.Uuid(), nullable=True),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("version_before", sa.Integer(), nullable=True),
        sa.Column("version_after", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("event_digest", sa.LargeBinary(), nullable=True),
        sa.Column("place_countries", texts, nullable=False),
        sa.Column("place_organisations", texts, nullable=False),
        sa.Column("place_projects", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )


def _index_entries() -> None:
    for columns in (["at", "id"], ["principal", "at"], ["identifier", "at"], ["correlation_id"]):
        op.create_index(op.f(f"ix_audit_entry_{'_'.join(columns)}"), "audit_entry", columns, unique=False)
    op.create_index(
        "ix_audit_entry_event_id",
        "audit_entry",
        ["event_id"],
        unique=False,
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )


def _create_links() -> None:
    op.create_table(
        "audit_link",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_link_entry_id")),
    )
    op.create_table(
        "audit_unlinked",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_unlinked")),
    )


def _create_erasures() -> None:
    op.create_table(
        "audit_erasure",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "part", name=op.f("pk_audit_erasure")),
    )
    op.create_index(op.f("ix_audit_erasure_erasure_id"), "audit_erasure", ["erasure_id"], unique=False)
    op.create_table(
        "erased_payload",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("digest_before", sa.LargeBinary(), nullable=False),
        sa.Column("digest_after", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_erased_payload")),
    )
    op.create_index(op.f("ix_erased_payload_event_id"), "erased_payload", ["event_id"], unique=False)


def _refuse_changes(table: str, function: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_for_good BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def _begin(service: str) -> None:
    connection = op.get_bind()
    attempt = Attempt.of_service(service, action=BEGIN, correlation_id=BEGIN)
    affected = Affected()
    if connection.scalar(sa.text("SELECT to_regclass('outbox') IS NOT NULL")):
        last = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM outbox"))
        affected = Affected(aggregate="outbox", identifier=str(last))
    connection.execute(ENTRY.insert().values(row_of(attempt, affected, datetime.now(UTC))))
