"""Tables of what the gateway keeps to verify tokens, and of its audit."""

from gateway.base import Base
from shared.chassis.access import IdentityTables
from shared.chassis.audit.tables import add_audit_tables
from shared.chassis.identity.store import IdentityDocumentRow, SeenProofRow
from shared.chassis.personal.tables import add_erasure_table


class IdentityDocument(IdentityDocumentRow, Base, table=True):
    """What was fetched of issuers of tokens."""

    __tablename__ = "identity_document"


class SeenProof(SeenProofRow, Base, table=True):
    """Proofs of keys that were used."""

    __tablename__ = "seen_proof"


add_audit_tables(Base.metadata)
add_erasure_table(Base.metadata)
IDENTITY_TABLES = IdentityTables(IdentityDocument, SeenProof)
