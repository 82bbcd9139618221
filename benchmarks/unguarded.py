"""A service that asks nobody who they are, to be held against the one that does.

Run as a process: ``python -m benchmarks.unguarded``, with the name of the service in ``BENCH_SERVICE`` and its settings as
usual. It is the same application but for the principal: everybody has all roles everywhere, whatever token they bear.
"""

import os

from starlette.types import Receive, Scope, Send

import shared.chassis.app
from gateway.main import SERVICE as GATEWAY
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.authentication import AuthenticationMiddleware
from shared.policy.grants import Grant, Role
from shared.policy.principals import Principal

ALL_ROLES = tuple(Grant(role=role) for role in Role if role is not Role.PUBLIC)
EVERYBODY = Principal(issuer="", subject="everybody", client="everybody", name="everybody", grants=ALL_ROLES)


class Everybody(AuthenticationMiddleware):
    """Stands where requests are authenticated."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as everybody's."""
        if scope["type"] == "http":
            scope = {**scope, "state": {**scope["state"], "principal": EVERYBODY}}
        await self._app(scope, receive, send)


if __name__ == "__main__":
    setattr(shared.chassis.app, "AuthenticationMiddleware", Everybody)  # noqa: B010  (it is made by that name)
    service = {each.name: each for each in (GATEWAY, PROJECTS)}[os.environ["BENCH_SERVICE"]]
    shared.chassis.app.serve(service)
