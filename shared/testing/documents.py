"""Documents for tests: of each kind of aggregate the least that is valid, and something to change in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from shared.contracts.ids import activity_id, partner_id

ANY = {"If-Match": "*"}
"""Sent by who replaces a document, whichever version of it is stored."""


async def put(client: httpx.AsyncClient, address: str, document: Mapping[str, Any]) -> httpx.Response:
    """Store a document, whether or not there is one already."""
    answer = await client.put(address, json=document)
    if answer.status_code == httpx.codes.PRECONDITION_REQUIRED:
        answer = await client.put(address, json=document, headers=ANY)
    return answer


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of aggregate as its interface shows it."""

    noun: str
    owner: str
    path: str
    member: str
    """The member that holds the identifier."""
    required: Mapping[str, Any]
    change: Mapping[str, Any]

    def document(self, identifier: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return a valid document, with more members if given."""
        return {self.member: identifier, **self.required, **members}

    def changed(self, identifier: str) -> dict[str, Any]:
        """Return a document that differs from the plain one."""
        return self.document(identifier, **self.change)

    def address(self, identifier: str) -> str:
        """Return the path of a document, its identifier encoded as one segment."""
        return f"{self.path}/{quote(identifier, safe='')}"

    def aggregate_id(self, identifier: str) -> UUID:
        """Return the aggregate id that every service derives from the identifier."""
        return partner_id(identifier) if self.noun == "partner" else activity_id(identifier)


ACTIVITY = Kind(
    noun="activity",
    owner="projects",
    path="/v1/activities",
    member="iati_identifier",
    required={
        "reporting_organisation": {"ref": "XM-TEST"},
        "titles": [{"text": "Decent work"}],
        "status": "2",
    },
    change={"titles": [{"text": "Decent work for all"}]},
)
FINANCE = Kind(
    noun="finance",
    owner="funding",
    path="/v1/finances",
    member="iati_identifier",
    required={"default_currency": "USD"},
    change={"default_flow_type": "10"},
)
PARTNER = Kind(
    noun="partner",
    owner="funding",
    path="/v1/partners",
    member="organisation_identifier",
    required={"names": [{"text": "A donor"}]},
    change={"type": "10"},
)
FRAMEWORK = Kind(
    noun="framework",
    owner="monitoring",
    path="/v1/frameworks",
    member="iati_identifier",
    required={},
    change={"results": [{"type": "1", "titles": [{"text": "People trained"}]}]},
)
KINDS = (ACTIVITY, FINANCE, PARTNER, FRAMEWORK)
