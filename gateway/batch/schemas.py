"""What the lines of a batch say, and those of its answer."""

from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue

from shared.chassis.errors import Problem
from shared.contracts.base import Contract


class CommandLine(Contract):
    """One command: a request as it would be made of its owner, under an idempotency key."""

    key: str = Field(
        description="`Idempotency-Key` of the command: the same for each try, best a UUID of version 7"
    )
    method: str = Field(description="`POST`, `PUT`, `PATCH` or `DELETE`")
    path: str = Field(
        description="Address of an owner below `/v1`, percent-encoded, with its query if there is one"
    )
    if_match: str | None = Field(default=None, description="`If-Match` of the request")
    body: JsonValue = Field(default=None, description="Body of the request")


class LineOutcome(BaseModel):
    """What became of one line: status, headers and body as the owner answered, or the problem that refused it."""

    line: int = Field(description="Number of the line in the request, from 1")
    key: str | None = None
    status: int
    etag: str | None = Field(default=None, description="Version that the command left")
    write: str | None = Field(default=None, description="Name of the write, for `DevCoop-After`")
    replayed: bool = Field(default=False, description="The command had been done before, under the same key")
    body: JsonValue = None


class BatchEnd(BaseModel):
    """The last line: how many outcomes were told, and why the rest of the lines were not read, if they were not."""

    end: Literal[True] = True
    lines: int
    refused: int
    problem: Problem | None = None


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model that refers to those that the document of the interface has of others."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {name: told for name, told in schema.items() if name != "$defs"}
