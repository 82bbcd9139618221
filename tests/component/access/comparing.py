"""Compares what a service answers to somebody with all that it has, as the policy filters it."""

import random
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import SecretStr

from shared.chassis.db import Database
from shared.chassis.documents import Actor, Aggregate, put_many
from shared.contracts.base import Contract
from shared.testing.access import Asking, Projects
from shared.testing.identity import TestIssuer

READS = 3
"""Documents of each list that are read by themselves."""


@dataclass
class Compared:
    """A list of a service, and all that is in it: items as who may do everything gets them, and their documents."""

    client: httpx.AsyncClient
    path: str
    resource: str
    projects: Projects | None
    items: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Contract] = field(default_factory=dict)

    @classmethod
    async def of(cls, client, path: str, aggregate: Aggregate[Any], projects: Projects | None) -> "Compared":
        compared = cls(client, path, aggregate.noun, projects)
        compared.items = await listed(client, path)
        compared.documents = {
            identifier: aggregate.contract.model_validate(item["document"])
            for identifier, item in compared.items.items()
        }
        return compared

    async def compare(self, asking: Asking, issuer: TestIssuer, draw) -> int:
        """Compare what somebody gets of the list, of what changed in it, and of single documents; return how many."""
        headers = headers_of(asking, issuer)
        permit = asking.permit(self.resource)
        some = draw.sample(sorted(self.items), min(READS, len(self.items)))
        if isinstance(permit, int):
            answers = [await get(self.client, path, headers) for path in (self.path, *map(self.at, some))]
            assert {answer.status_code for answer in answers} == {permit}, (self.path, asking)
            return 0
        expected = asking.answer(permit, self.documents, self.projects)
        told = await listed(self.client, self.path, headers)
        assert {name: item["document"] for name, item in told.items()} == expected, (self.path, asking)
        since = self.items[some[0]]["updated_at"]
        changed = await listed(self.client, self.path, headers, updated_since=since)
        late = {name for name, item in self.items.items() if item["updated_at"] >= since}
        assert changed == {name: item for name, item in told.items() if name in late}, (self.path, asking)
        for identifier in some:
            answer = await get(self.client, self.at(identifier), headers)
            if identifier in expected:
                assert answer.json() == told[identifier], (self.path, asking)
            else:
                assert answer.status_code == 404, (self.path, asking)
        return len(expected)

    def at(self, identifier: str) -> str:
        return f"{self.path}/{quote(identifier, safe='')}"


def headers_of(asking: Asking, issuer: TestIssuer) -> dict[str, str] | None:
    return issuer.bearer(*asking.grants) if asking.grants else None


async def get(client, path, headers: dict[str, str] | None, **params: str) -> httpx.Response:
    """Ask with a token, or with none."""
    request = client.build_request("GET", path, params=params or None, headers=headers)
    if headers is None:
        del request.headers["Authorization"]
    return await client.send(request)


async def listed(client, path, headers=(), **filters: str) -> dict[str, Any]:
    """Return the items of all pages of a list, by identifier; without a word about tokens, as who may do everything."""
    items: dict[str, Any] = {}
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        cursor = {"cursor": page["next"]} if page["next"] else {}
        answer = await get(
            client, path, dict(headers) if headers is not None else None, limit="3", **filters, **cursor
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found = {item["identifier"]: item for item in page["items"]}
        assert items.keys().isdisjoint(found)
        items |= found
    return items


class Stores:
    """Stores documents as a service itself does, in whatever state."""

    def __init__(self, postgres, owner: str = "tests") -> None:
        self.name = f"test_{uuid4().hex[:12]}"
        self.url, self.password = postgres.database(self.name, owner=owner), postgres.password(owner)
        self._postgres = postgres
        self._database = Database(self.url, password=SecretStr(self.password), pool=1)

    @property
    def settings(self) -> dict[str, Any]:
        """Return what a service is served with on the same database."""
        return {"database_url": self.url, "database_password": self.password}

    async def put(self, aggregate: Aggregate[Any], *documents: dict[str, Any]) -> None:
        made = [aggregate.contract.model_validate(each) for each in documents]
        async with self._database.session() as session, session.begin():
            await put_many(session, aggregate, made, actor=Actor("tests", uuid4().hex))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.dispose()
        self._postgres.drop(self.name)


def drawing(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (repeatable, and nothing is secret)
