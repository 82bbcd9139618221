"""Authorisation of a route: what its operation is by the policy, and whether the principal may take it.

It is decided before the body is read. A route whose operation the policy does not name cannot be made.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from shared.chassis.errors import Forbidden, ProblemError, Unauthenticated
from shared.chassis.idempotency.keys import PARAMETER, UNSAFE, key_of
from shared.chassis.idempotency.once import Keying, answer_once
from shared.policy.operations import OPERATIONS, Operation
from shared.policy.permits import Permit, Refused, permit
from shared.policy.principals import Principal


class GuardedRoute(APIRoute):
    """A route that only those reach whom the policy lets.

    A request that changes something is made once under its ``Idempotency-Key``, by ``keying``. A route whose answer is a
    stream, or that has a way of its own to be repeated, takes none.
    """

    keying: ClassVar[Keying] = Keying.BY_BODY

    def __init__(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:  # noqa: ANN401
        is_unsafe = not UNSAFE.isdisjoint(told.get("methods") or ())
        self.takes_key = is_unsafe and self.keying is not Keying.NONE and told.get("include_in_schema", True)
        if self.takes_key:
            told["openapi_extra"] = _with_parameter(told.get("openapi_extra") or {})
        super().__init__(path, endpoint, **told)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Let a request through if its principal may take the operation."""
        handle = self.open_handler()
        name = self.operation_id or self.name
        operation = operation_named(name)

        async def handler(request: Request) -> Response:
            state = request.scope["state"]
            state["operation"] = name
            state["permit"] = permitted(state["principal"], operation)
            key = key_of(request.headers) if self.takes_key and request.method in UNSAFE else None
            if key is None or state["principal"].is_anonymous:
                return await handle(request)
            return await answer_once(request, key, handle, self.keying)

        return handler

    def open_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request that was let through."""
        return super().get_route_handler()


def _with_parameter(extra: dict[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI tells of a route beside the rest, with the key."""
    told = [each for each in extra.get("parameters", []) if each != PARAMETER]
    return {**extra, "parameters": [*told, PARAMETER]}


def require_guarded(router: APIRouter) -> None:
    """Check that a router has no route that anybody may reach unseen.

    Raises:
        TypeError: it has one.

    """
    for route in router.routes:
        if not isinstance(route, GuardedRoute):
            raise TypeError(f"the route {getattr(route, 'path', route)} is not guarded")


def operation_named(name: str) -> Operation:
    """Return what an operation is by the policy.

    Raises:
        LookupError: the policy does not name it.

    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise LookupError(f"shared/policy/operations.py does not name the operation {name}")
    return operation


def permitted(principal: Principal, operation: Operation) -> Permit:
    """Return what a principal may do in an operation.

    Raises:
        Unauthenticated: it may do nothing, and is nobody in particular.
        Forbidden: it may do nothing.

    """
    try:
        return permit(principal, operation.resource, *operation.actions)
    except Refused as error:
        raise refusal_of(error) from None


def refusal_of(error: Refused) -> ProblemError:
    """Return what the policy refuses as a problem."""
    if error.refusal == "unauthenticated":
        return Unauthenticated("This takes a token.", code="token-missing")
    return Forbidden("The roles that the token grants do not allow this.")


async def current_permit(request: Request) -> Permit:
    """Return what the principal of a request may do in it."""
    permit: Permit = request.scope["state"]["permit"]
    return permit


CurrentPermit = Annotated[Permit, Depends(current_permit)]
