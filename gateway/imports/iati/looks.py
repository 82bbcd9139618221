"""What a file that is not XML looks like, so that its sender is told what was sent."""

import re

_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x1f\x8b", "a gzip file inside a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"SQLite format", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
_OFFICE = (
    (b"xl/", "an Excel spreadsheet (.xlsx)"),
    (b"word/", "a Word document (.docx)"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)"),
)
_CONTROL = re.compile(rb"[^\t\n\f\r\x20-\xff]")
_HTML = re.compile(rb"\s*+(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{"\d])')
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00", b"\x4c\x6f\xa7\x94")


def looks_like(head: bytes) -> str | None:
    """Return in words what the first bytes of a file look like, None if they may be XML."""
    if head.startswith(b"PK\x03\x04"):
        return next((name for part, name in _OFFICE if part in head), "a ZIP archive or an office document")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(_WIDE):
        return None
    return _text_like(head.removeprefix(b"\xef\xbb\xbf"))


def _text_like(text: bytes) -> str | None:
    if _HTML.match(text):
        return "a web page (HTML)"
    if text.lstrip().startswith(b"<"):
        return None
    if _JSON.match(text):
        return "JSON"
    return "binary data" if _CONTROL.search(text) else "plain text or CSV"
