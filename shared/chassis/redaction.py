"""Keeps secrets out of the log: whatever is logged, by us or by a library, passes here on its way out.

A member whose name tells that it is a secret loses its value, and so does whatever in the finished line looks like a
credential: exceptions, addresses and the like included.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

_SECRET_WORDS = frozenset(
    {
        "assertion",
        "authorization",
        "cookie",
        "credential",
        "credentials",
        "dpop",
        "jwt",
        "key",
        "passwd",
        "password",
        "proof",
        "secret",
        "secrets",
        "seed",
        "token",
        "tokens",
    }
)
_PUBLIC_ENDINGS = (["id"], ["count"], ["kind"], ["type"], ["thumbprint"])
"""Last words of names of what is told about a secret, and is none."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_NAMED = r"(?:client_secret|client_assertion|access_token|refresh_token|id_token|password|passwd|secret)"
_PATTERNS = (
    (re.compile(r"\b(bearer|dpop|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1\2{REDACTED}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{4,}\.[\w-]*\.[\w-]*(?:\.[\w-]*){0,2}"), REDACTED),
    (re.compile(r"\bdcs_[\w-]+"), REDACTED),
    (re.compile(r"\bS[UANOCX][A-Z2-7]{56}\b"), REDACTED),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----END)[^\"])*(?:-----END [A-Z ]*-----)?"),
        REDACTED,
    ),
    (
        re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://[^\s:/@\"']*):[^\s/@\"']+@", re.IGNORECASE),
        rf"\1:{REDACTED}@",
    ),
    (re.compile(rf"\b((?:\w*_)?{_NAMED}=\\?[\"']?)[^\s&\"'\\,)]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (
        re.compile(rf"((?:\\?[\"'])(?:\w*_)?{_NAMED}(?:\\?[\"'])\s*:\s*)(\\?[\"']).*?\2", re.IGNORECASE),
        rf"\1\2{REDACTED}\2",
    ),
)


def redact_members(_logger: object, _method: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event without the values of members whose names tell that they are secrets, at any depth."""
    return {name: _member(name, value) for name, value in event.items()}


def redacted(text: str) -> str:
    """Return a text without what looks like a credential."""
    for pattern, put in _PATTERNS:
        text = pattern.sub(put, text)
    return text


def redacted_json(event: object, **options: Any) -> str:  # noqa: ANN401  (as structlog calls a serialiser)
    """Return a line of the log."""
    return redacted(json.dumps(event, **options))


def is_secret(name: str) -> bool:
    """Tell whether a name is that of a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return words[-1:] not in _PUBLIC_ENDINGS and not _SECRET_WORDS.isdisjoint([*words, name.lower()])


def _member(name: object, value: object) -> object:
    if isinstance(name, str | bytes):
        told = name if isinstance(name, str) else name.decode("latin-1")
        if is_secret(told):
            return REDACTED
    return _value(value)


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _member(key, each) for key, each in value.items()}
    if isinstance(value, tuple) and len(value) == 2:  # noqa: PLR2004  (a header is a pair of name and value)
        return (value[0], _member(value[0], value[1]))
    if isinstance(value, list | tuple):
        return [_value(each) for each in value]
    return value
