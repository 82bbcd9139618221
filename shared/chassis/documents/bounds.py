"""What a document may be at most, whatever its contract allows."""

import re

from shared.chassis.errors import Fault, Invalid
from shared.contracts.base import MAX_DOCUMENT_BYTES

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of U+0000, which PostgreSQL's text cannot hold."""


def fault_of(text: str) -> Fault | None:
    """Return what keeps the JSON text of a document from being stored, None if nothing does."""
    if len(text) > MAX_DOCUMENT_BYTES or len(text.encode()) > MAX_DOCUMENT_BYTES:
        return Fault(
            pointer="",
            code="document-too-large",
            detail=f"A document has at most {MAX_DOCUMENT_BYTES} bytes of JSON.",
        )
    if "\\u0000" in text and _NUL.search(text):
        return Fault(pointer="", code="nul-character", detail="Text holds no U+0000.")
    return None


def require_storable(text: str) -> None:
    """Check a document before it is stored.

    Raises:
        Invalid: it is too large, or holds a NUL character.

    """
    fault = fault_of(text)
    if fault is not None:
        raise Invalid(fault.detail, code=fault.code, errors=[fault])
