"""The page of the events that webhooks are told, as ``gateway/webhooks/catalogue.py`` has them; ``deploy.snapshots`` writes it."""

import json
from collections.abc import Iterator

from gateway.webhooks.catalogue import WebhookEventType, event_types
from shared.contracts.catalog import CATALOG

PAGE = "docs/webhook-events.md"

_INTRODUCTION = """\
# Events that webhooks are told

This page is written by `python -m deploy.snapshots` from the contracts. `GET /v1/webhooks/event-types` answers the same with the
JSON Schema of each payload (`?type=funding.agreement.*`: only those). How to subscribe is told in [webhooks](webhooks.md).

The example of an aggregate is a full payload; a thin one has no `document`. Members at their default are left out, and within a
version only optional members are added: pass over those that you do not know.
"""


def text() -> str:
    """Return the page."""
    return "\n".join([_INTRODUCTION, *_parts()])


def _parts() -> Iterator[str]:
    """Yield a part for each aggregate, and one for the types of our own."""
    types = {each.name: each for each in event_types()}
    aggregates: dict[str, list[WebhookEventType]] = {}
    for name, event in CATALOG.items():
        aggregates.setdefault(f"{event.owner}.{event.aggregate}", []).append(types.pop(name))
    for name, members in aggregates.items():
        yield f"## {name}\n"
        yield _table(members)
        yield _example(members[0])
    yield "## devcoop\n"
    yield _table(list(types.values()))
    yield from (_example(each) for each in types.values())


def _table(members: list[WebhookEventType]) -> str:
    rows = "".join(f"| `{each.name}` | {each.summary} |\n" for each in members)
    return f"| type | told when |\n|---|---|\n{rows}"


def _example(event: WebhookEventType) -> str:
    return f"```json\n{json.dumps(event.example, indent=2, ensure_ascii=False)}\n```\n"
