"""Which encoding a file is in, by the rules of XML 1.0 (appendix F) and RFC 7303 (a BOM decides)."""

import codecs
import re
from dataclasses import dataclass

from gateway.imports.iati.problems import FileRefused

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PATTERNS = (
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<\x00?", "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
)
_EBCDIC = b"\x4c\x6f\xa7\x94"
_DECLARED = re.compile(
    rb"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')\s+encoding\s*=\s*(?:"([^"]*)"|'([^']*)')"""
)
_ASCII_BASED = frozenset(
    [
        *(
            "ascii",
            "utf-8",
            "koi8-r",
            "koi8-u",
            "gb2312",
            "gbk",
            "gb18030",
            "big5",
            "shift_jis",
            "euc_jp",
            "euc_kr",
        ),
        *(f"iso8859-{part}" for part in range(1, 17) if part != 12),  # noqa: PLR2004  (there is no part 12)
        *(f"cp125{page}" for page in range(9)),
    ]
)
"""Python's names of the encodings that a declaration may state."""

DECLARATION_BYTES = 1024
"""How far into a file its XML declaration may reach."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a file by Python's name, and the length of its BOM."""

    name: str
    bom_bytes: int = 0


def detect_encoding(head: bytes) -> Encoding:
    """Return the encoding of a file from its first ``DECLARATION_BYTES``.

    Raises:
        FileRefused: the declared encoding is unknown or not the one the file is in.

    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name, len(bom))
    for pattern, name in _PATTERNS:
        if head.startswith(pattern):
            return _wide(head, name)
    if head.startswith(_EBCDIC):
        raise FileRefused(
            "unsupported-encoding", "The file is encoded in EBCDIC; UTF-8 is the encoding of IATI files."
        )
    declared = _declared(head)
    if declared is None:
        return Encoding("utf-8")
    name = _known(declared)
    if name.startswith(("utf-16", "utf-32")):
        raise FileRefused("encoding-mismatch", f"The file declares {declared} but is not encoded in it.", 1)
    if name not in _ASCII_BASED:
        raise _unsupported(declared)
    return Encoding(name)


def _wide(head: bytes, name: str) -> Encoding:
    """Return a UTF-16 or UTF-32 encoding told by the first bytes, unless the file declares another."""
    declared = _declared(head.decode(name, errors="ignore").encode("ascii", errors="replace"))
    if declared is not None and not name.startswith(_known(declared)):
        raise FileRefused(
            "encoding-mismatch", f"The file declares {declared} but is encoded in {name.upper()}.", 1
        )
    return Encoding(name)


def _declared(head: bytes) -> str | None:
    match = _DECLARED.match(head)
    if match is None:
        return None
    return (match[1] if match[1] is not None else match[2]).decode("ascii", errors="replace")


def _known(declared: str) -> str:
    try:
        return codecs.lookup(declared).name
    except (LookupError, ValueError):  # ValueError: a name with a NUL in it
        raise _unsupported(declared) from None


def _unsupported(declared: str) -> FileRefused:
    reason = f"The encoding {declared!r} is not supported; UTF-8 is the encoding of IATI files."
    return FileRefused("unsupported-encoding", reason, 1)
