"""The commands that a message of a partner may become, as the interfaces of their owners describe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.openapi import owner_document
from gateway.passthrough import OWNER_OF_PATH
from shared.chassis.guard import operation_named
from shared.contracts.catalog import OWNERS

ALLOWED = frozenset(
    {"record_receipt", "act_on_agreement", "amend_agreement", "patch_agreement", "record_transaction"}
)
"""Operations of the owners that partners tell of: money that came in, states and schedules of agreements, transactions."""


@dataclass(frozen=True, slots=True)
class Command:
    """An operation of an owner; ``members`` of its body are None where any may be there."""

    operation: str
    method: str
    path: str
    members: frozenset[str] | None
    required: frozenset[str]

    @property
    def owner(self) -> str:
        """The service that takes it."""
        return OWNER_OF_PATH[self.path.split("/")[2]]

    @property
    def resource(self) -> str:
        """What it is about, by the policy."""
        return operation_named(self.operation).resource

    @property
    def actions(self) -> tuple[str, ...]:
        """What it is, by the policy."""
        return operation_named(self.operation).actions


@cache
def commands() -> Mapping[tuple[str, str], Command]:
    """Return what a message may become, by method and path, as in ``/v1/agreements/{identifier}/receipts``."""
    found = {}
    for owner in OWNERS:
        document = owner_document(owner)
        for path, item in document["paths"].items():
            for method, told in item.items():
                if told["operationId"] in ALLOWED:
                    command = _command(document, method.upper(), path, told)
                    found[command.method, path] = command
    return found


def _command(document: Mapping[str, Any], method: str, path: str, told: Mapping[str, Any]) -> Command:
    schema = told["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    members = frozenset(schema["properties"]) if "properties" in schema else None
    return Command(told["operationId"], method, path, members, frozenset(schema.get("required", ())))
