"""The AsyncAPI 3.0 document of every event in the catalog.

Payloads are JSON Schema as readers may rely on it: an object is open, because within a version
optional members may be added, and an amount is a string that holds a decimal number.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from shared.contracts.catalog import CATALOG, OWNERS, EventType
from shared.contracts.events import Envelope

TITLE = "DevCoop events"
VERSION = "1.0.0"
"""Of the document: the minor number grows with an optional addition, the major one with a v2."""

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?(E[+-][0-9]+)?$"
SCHEMA_MODE: JsonSchemaMode = "serialization"

DESCRIPTION = """\
Facts that the services of DevCoop publish over NATS JetStream, one stream per owner. An event is the state of \
an aggregate after the change, so that readers need not ask back. Events of one aggregate come in the order of \
`aggregate_version`; delivery is at least once, `id` tells a repetition, and the newest version wins.

Where `erased` is true, names of persons were erased from an event after it was told. It has the `id` and the \
`aggregate_version` of the event whose place it takes, and may come after newer ones; a reader that keeps what events \
said replaces that one. Newer versions still win.

Members at their default are left out, and the default stands in the schema. Within a version only optional \
members are added: ignore the ones you do not know. Anything else is published as another version beside this one.

As a CloudEvents 1.0 JSON object an event reads: `id` is `id`; `source` is a URI reference of the owner; `type` is \
`org.devcoop.<type>.v<version>`; `subject` is `aggregate_id`; `time` is `occurred_at`; `datacontenttype` is \
`application/json`; `data` is `data`; the extensions `aggregateversion` and `correlationid` are \
`aggregate_version` and `correlation_id`, and `rationale` and `erased` are those members where they are told. `subject` \
of the envelope is the subject of NATS, `recorded_at` and `actor` have no counterpart."""


class WireSchema(GenerateJsonSchema):
    """JSON Schema of what travels: open objects, decimal strings, no titles that repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "string", "pattern": DECIMAL}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return {
            key: value for key, value in super().model_schema(schema).items() if key != "additionalProperties"
        }


def document() -> dict[str, Any]:
    """Return the AsyncAPI document of the catalog."""
    events = {f"{event.name}.v{event.version}": event for event in CATALOG.values()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:devcoop:events",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"nats": _server()},
        "channels": {key: _channel(key, event) for key, event in events.items()},
        "operations": {key: _operation(key, event) for key, event in events.items()},
        "components": {
            "schemas": _schemas(event.data for event in events.values()),
            "messages": {key: _message(key, event) for key, event in events.items()},
        },
    }


def _info() -> dict[str, Any]:
    return {
        "title": TITLE,
        "version": VERSION,
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        "tags": [{"name": owner, "description": f"Facts that `services/{owner}` owns."} for owner in OWNERS],
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": "nats",
        "description": "NATS with JetStream, where the installation runs it.",
        "variables": {"host": {"default": "localhost:4222", "description": "Host and port of NATS."}},
    }


def _channel(key: str, event: EventType) -> dict[str, Any]:
    return {
        "address": f"{event.owner}.v{event.version}.{event.aggregate}.{event.fact}.{{aggregate_id}}",
        "description": event.summary,
        "servers": [{"$ref": "#/servers/nats"}],
        "parameters": {
            "aggregate_id": {
                "description": f"UUID of the {event.aggregate}.",
                "location": "$message.payload#/aggregate_id",
            }
        },
        "messages": {key: {"$ref": f"#/components/messages/{key}"}},
    }


def _operation(key: str, event: EventType) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{key}"},
        "summary": f"`{event.owner}` tells: {event.summary}",
        "tags": [{"name": event.owner}],
        "messages": [{"$ref": f"#/channels/{key}/messages/{key}"}],
    }


def _message(key: str, event: EventType) -> dict[str, Any]:
    return {
        "name": event.name,
        "title": event.summary,
        "description": f"As a CloudEvent its `type` is `org.devcoop.{key}`.",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "properties": {
                "Nats-Msg-Id": {
                    "type": "string",
                    "format": "uuid",
                    "description": "`id` of the event, by which the stream drops a repetition.",
                }
            },
            "required": ["Nats-Msg-Id"],
        },
        "correlationId": {"location": "$message.payload#/correlation_id"},
        "payload": _payload(event),
    }


def _payload(event: EventType) -> dict[str, Any]:
    """Return the schema of the envelope, narrowed to one type of event."""
    return {
        "allOf": [{"$ref": _component(Envelope)}],
        "properties": {
            "type": {"const": event.name},
            "version": {"const": event.version},
            "data": {"$ref": _component(event.data)},
        },
    }


def _component(model: type[BaseModel]) -> str:
    return f"#/components/schemas/{model.__name__}"


def _schemas(data: Iterable[type[BaseModel]]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = dict.fromkeys([Envelope, *data])
    _, definitions = models_json_schema(
        [(model, SCHEMA_MODE) for model in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=WireSchema,
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
