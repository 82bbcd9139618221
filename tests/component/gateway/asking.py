"""Somebody with some grants who asks the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.testing.identity import ALL_ROLES, TestIssuer, everywhere
from tests.component.gateway.conftest import ServeEvents
from tests.component.gateway.scoped import Eye, World, events_of

RESULTS = "/v1/results"
OK = 200


class Asker:
    """Asks by the grants of an eye, or without a token; twice, so that it is answered from the cache too."""

    def __init__(self, client: httpx.AsyncClient, issuer: TestIssuer, eye: Eye) -> None:
        self.client, self.eye = client, eye
        self.headers = issuer.bearer(*eye.grants) if eye.grants else {}

    async def answer(self, path: str, **asked: Any) -> tuple[int, Any]:
        first, again = [
            await self.client.get(f"{RESULTS}{path}", params=asked, headers=self.headers) for _ in range(2)
        ]
        assert first.status_code == again.status_code
        assert first.content == again.content or not first.is_success
        return first.status_code, first.json()

    async def told(self, path: str, resource: str, **asked: Any) -> Any:
        """Return an answer if the policy lets it be had at all, else None."""
        status, answer = await self.answer(path, **asked)
        assert status == self.eye.status(resource), (path, self.eye.grants, answer)
        return answer if status == OK else None

    async def pages(self, path: str, resource: str, **asked: Any) -> Any:
        """Return the items of all pages, None where they may not be had."""
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while (page := await self.told(path, resource, limit=2, **asked, **cursor)) is not None:
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = {"cursor": page["next"]}
        return None


@asynccontextmanager
async def asked_about(
    serve_events: ServeEvents, issuer: TestIssuer, world: World, granted: list[tuple[Any, ...]]
) -> AsyncIterator[tuple[Asker, list[Asker]]]:
    """Serve a world, and yield somebody who sees all of it, and one for each of some grants, the public first."""
    async with serve_events(*events_of(world)) as client:
        del client.headers["authorization"]
        full = Asker(client, issuer, Eye(world, everywhere(ALL_ROLES)))
        yield full, [Asker(client, issuer, Eye(world, tuple(grants))) for grants in [(), *granted]]
