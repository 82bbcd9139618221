"""The tables that every service has beside its own: those of identity, of the audit, of erasures and of kept answers."""

from sqlalchemy import MetaData

from shared.chassis.audit.migration import create_audit_tables, drop_audit_tables
from shared.chassis.audit.tables import add_audit_tables
from shared.chassis.idempotency.tables import add_answer_table
from shared.chassis.identity.store import add_identity_tables
from shared.chassis.migrations import create_identity_tables, drop_identity_tables
from shared.chassis.personal.tables import add_erasure_table, create_erasure_table, drop_erasure_table


def add_common_tables(metadata: MetaData) -> None:
    """Add the tables to those of a service."""
    add_identity_tables(metadata)
    add_audit_tables(metadata)
    add_erasure_table(metadata)
    add_answer_table(metadata)


def create_common_tables(service: str) -> None:
    """Create the tables in a service's migrations, but that of kept answers, which came later; its audit begins."""
    create_identity_tables()
    create_audit_tables(service)
    create_erasure_table()


def drop_common_tables() -> None:
    """Drop the tables in a service's migrations."""
    drop_erasure_table()
    drop_audit_tables()
    drop_identity_tables()
