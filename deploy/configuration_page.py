"""The table of all settings, as the classes of settings have them; ``deploy.snapshots`` writes its page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from deploy.ops.settings import OpsSettings
from gateway.settings import Settings as Gateway
from services.funding.settings import Settings as Funding
from services.monitoring.settings import Settings as Monitoring
from services.projects.settings import Settings as Projects
from shared.chassis.loading import is_secret, variable_of
from shared.chassis.settings import ServiceSettings

PAGE = "docs/configuration.md"
SERVICES: Mapping[str, type[ServiceSettings]] = {
    "projects": Projects,
    "funding": Funding,
    "monitoring": Monitoring,
    "gateway": Gateway,
}
READERS: Mapping[str, type[BaseModel]] = {**SERVICES, "ops": OpsSettings}
"""Who reads settings, and the class of them."""
KIB = 1024

INTRODUCTION = """\
# Configuration

This page is written by `python -m deploy.snapshots` from the classes of settings; `devcoop ops configuration` prints the table
([ADR 0026](adr/0026-configuration-is-checked-before-it-serves.md)).

A setting is a variable of the environment. Lists and objects are JSON. `devcoop ops doctor` looks at a whole installation and
says what is wrong and how to mend it ([operations](operations.md#doctor)).

## Secrets

Any setting may be a file instead: `/run/secrets/devcoop_database_password` has what `DEVCOOP_DATABASE_PASSWORD` would have, and
another folder is named by `DEVCOOP_SECRETS_DIR`. A variable wins over a file; the end of the last line does not count. Keep
what is marked as secret in files: variables can be read by whoever may inspect the container. No secret is in a log or in a
message of a fault.

`devcoop ops secrets FOLDER` (`make secrets`) makes all secrets of an installation and a self-signed certificate; what is in the
folder already stays as it is. What each file is for is told in [operations](operations.md#secrets).

## What does not start

A process whose settings do not hold ends at its start with status 78 and names every fault, its variable, and how to mend it.
With `DEVCOOP_ENVIRONMENT=production`, which is the default, it also refuses what is unsafe:

| setting | refused |
|---|---|
| `DEVCOOP_DATABASE_PASSWORD` | none |
| `DEVCOOP_DATABASE_URL`, `DEVCOOP_READ_DATABASE_URL`, `DEVCOOP_NATS_URL` | a password in the address |
| `DEVCOOP_NATS_SEED` | none, or what is no seed of a user |
| `DEVCOOP_DATABASE_PASSWORD`, `DEVCOOP_CURSOR_KEY`, `DEVCOOP_CURSOR_KEY_FORMER`, `DEVCOOP_METRICS_KEY`, `DEVCOOP_ISSUER_KEY` | shorter than 16 characters (keys: 32), a few characters that repeat, a known sample, the same for two purposes |
| `DEVCOOP_ISSUERS` | none; keys or revocations over plain `http` from a public host |
| `DEVCOOP_ISSUER_URL` | not set, or plain `http` to a public host, if tokens are issued |
| `DEVCOOP_PUBLIC_URL`, `DEVCOOP_CORS_ORIGINS` | plain `http` to a public host |
| `DEVCOOP_RATE_LIMIT`, `DEVCOOP_ANONYMOUS_RATE_LIMIT`, `DEVCOOP_TOKEN_RATE_LIMIT` | 0 |
| `DEVCOOP_TRUSTED_PROXIES` | `*`, and networks larger than `10.0.0.0/8` or `fc00::/7` |
| `DEVCOOP_WEBHOOK_INSECURE` | `true` |

A public host is a public address, or a name with a dot that does not end in `.internal`, `.local`, `.svc` or the like.
`DEVCOOP_ENVIRONMENT=development` starts with all that; `make run` and the tests set it.

## All settings

`services` are projects, funding and monitoring; `all` are these and the gateway; `ops` are the commands of `devcoop ops`.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting: its variable, and what people need to know of it."""

    variable: str
    type: str
    default: str
    read_by: str
    secret: bool
    meaning: str


def rows() -> list[Row]:
    """Return all settings, in the order in which the classes have them."""
    found: dict[str, dict[str, tuple[FieldInfo, str]]] = {}
    for reader, kind in READERS.items():
        schemas = kind.model_json_schema()["properties"]
        for name, field in kind.model_fields.items():
            found.setdefault(name, {})[reader] = (field, _type(schemas[name]))
    return [_row(name, told) for name, told in found.items()]


def text() -> str:
    """Return the page."""
    lines = [INTRODUCTION, "| setting | type | default | read by | meaning |", "|---|---|---|---|---|"]
    lines.extend(
        f"| `{each.variable}` | {_escaped(each.type)} | {_escaped(each.default)} | {each.read_by} | {_escaped(each.meaning)} |"
        for each in rows()
    )
    return "\n".join(lines) + "\n"


def _row(name: str, told: Mapping[str, tuple[FieldInfo, str]]) -> Row:
    fields = {reader: field for reader, (field, _) in told.items()}
    return Row(
        variable=variable_of(name),
        type=_joined({reader: kind for reader, (_, kind) in told.items()}),
        default=_joined({reader: _default(name, field) for reader, field in fields.items()}),
        read_by=_readers(list(told)),
        secret=any(is_secret(field) for field in fields.values()),
        meaning=_joined({reader: field.description or "" for reader, field in fields.items()}),
    )


def _joined(told: Mapping[str, str]) -> str:
    """Return what all say, or what each says where they differ."""
    readers: dict[str, list[str]] = {}
    for reader, words in told.items():
        readers.setdefault(words, []).append(reader)
    if len(readers) == 1:
        return next(iter(readers))
    return "; ".join(f"{_readers(names)}: {words.rstrip('.')}" for words, names in readers.items())


def _readers(names: list[str]) -> str:
    """Return who reads a setting, in as few words as there are."""
    for word, group in (
        ("all", list(SERVICES)),
        ("services", [each for each in SERVICES if each != "gateway"]),
    ):
        if all(each in names for each in group):
            return ", ".join([word, *(each for each in names if each not in group)])
    return ", ".join(names)


def _type(schema: Mapping[str, Any]) -> str:
    """Return a type in words, from its JSON Schema."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    kind = next((each for each in kinds if each.get("type") == "number"), kinds[0])
    if "enum" in kind:
        *others, last = (f"`{each}`" for each in kind["enum"])
        return f"{', '.join(others)} or {last}"
    word = _WORDS.get(kind.get("format", ""), _WORDS.get(kind.get("type", ""), "text"))
    return ", ".join([word, *_bounds(kind)])


_WORDS = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "JSON list",
    "object": "JSON object",
    "password": "secret text",
    "path": "path",
}


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        yield f"above {schema['exclusiveMinimum']:g}"
    if least is not None and most is not None:
        yield f"{least:g} to {most:g}"
    elif least is not None:
        yield f"{least:g} or more"
    elif most is not None:
        yield f"{most:g} at most"
    if "minLength" in schema and schema.get("format") == "password":
        yield f"{schema['minLength']} characters or more"


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = to_jsonable_python(field.get_default(call_default_factory=True))
    if value is None:
        return "none"
    if isinstance(value, str):
        return f"`{value}`"
    if isinstance(value, list) and isinstance(field.default, frozenset):
        value = sorted(value)
    told = f"`{json.dumps(value)}`"
    return f"{told} ({_size(value)})" if name.endswith("bytes") and value >= KIB else told


def _size(value: int) -> str:
    """Return a number of bytes in the largest unit that it is whole in."""
    unit = 0
    while value % KIB == 0 and unit < len(_UNITS) - 1:
        value, unit = value // KIB, unit + 1
    return f"{value} {_UNITS[unit]}"


_UNITS = ("B", "KiB", "MiB", "GiB")


def _escaped(words: str) -> str:
    return words.replace("|", "\\|")
