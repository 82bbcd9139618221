"""The audit of a service: what was done and what was refused, for good, chained by hash so that tampering shows."""

from shared.chassis.audit.chain import Head, Linker
from shared.chassis.audit.entries import Affected, Attempt, Refusal, note_changes
from shared.chassis.audit.erasure import erase_personal, note_erased_payloads
from shared.chassis.audit.refusals import Refusals
from shared.chassis.audit.tables import ENTRY, add_audit_tables
from shared.chassis.audit.verification import Flaw, Verdict, verify

__all__ = [
    "ENTRY",
    "Affected",
    "Attempt",
    "Flaw",
    "Head",
    "Linker",
    "Refusal",
    "Refusals",
    "Verdict",
    "add_audit_tables",
    "erase_personal",
    "note_changes",
    "note_erased_payloads",
    "verify",
]
