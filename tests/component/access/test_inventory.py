"""Every route there is: told in the OpenAPI document or listed here, guarded, and named by the policy."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from deploy.snapshots import application
from gateway.main import SERVICE as GATEWAY
from gateway.passthrough import OWNER_OF_PATH
from shared.chassis.app import Application
from shared.chassis.bodies import JsonRoute
from shared.chassis.guard import GuardedRoute
from shared.policy.operations import OPERATIONS
from tests.component.access.contracts import OWNERS

SERVICES = [*OWNERS, GATEWAY]
OF_THE_FRAMEWORK = {"/openapi.json", "/docs", "/docs/oauth2-redirect"}
"""The interface's own description, which is public."""
OF_EVERY_SERVICE = {"livez", "readyz", "metrics"}

_CONVERTOR = re.compile(r":\w+\}")


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Yield routes and those of the routers among them."""
    for route in routes:
        within = getattr(route, "original_router", None) or getattr(route, "app", None)
        if isinstance(route, Route) or not hasattr(within, "routes"):
            yield route
        else:
            yield from routes_of(within.routes)


def named(route: APIRoute) -> str:
    return route.operation_id or route.name


def loose(app: Application) -> list[BaseRoute]:
    """Return the routes of an application that nothing guards, but for those that are listed here."""
    return [
        route
        for route in routes_of(app.routes)
        if not isinstance(route, GuardedRoute) and getattr(route, "path", None) not in OF_THE_FRAMEWORK
    ]


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
def app(request) -> Application:
    return application(request.param)


def test_every_route_is_guarded_or_listed(app):
    assert loose(app) == []
    listed = {route.path for route in routes_of(app.routes) if not isinstance(route, GuardedRoute)}
    assert listed == OF_THE_FRAMEWORK


def test_every_guarded_route_is_named_by_the_policy(app):
    names = {named(route) for route in routes_of(app.routes) if isinstance(route, GuardedRoute)}
    assert names >= OF_EVERY_SERVICE
    assert names - OPERATIONS.keys() == set()


def test_every_route_is_told_in_the_document_but_for_what_is_passed_on(app):
    told = {
        (path, method.upper()) for path, item in Application.openapi(app)["paths"].items() for method in item
    }
    served = {
        (_CONVERTOR.sub("}", route.path), method)
        for route in routes_of(app.routes)
        if isinstance(route, GuardedRoute) and route.include_in_schema
        for method in route.methods
    }
    assert told == served
    hidden = {
        route.path
        for route in routes_of(app.routes)
        if isinstance(route, GuardedRoute) and not route.include_in_schema
    }
    passed = {path for each in OWNER_OF_PATH for path in (f"/v1/{each}", f"/v1/{each}/{{rest:path}}")}
    assert hidden == (passed if app.title == GATEWAY.title else set())


def test_every_operation_of_the_policy_is_served():
    served = {
        named(route)
        for service in SERVICES
        for route in routes_of(application(service).routes)
        if isinstance(route, GuardedRoute)
    }
    assert set(OPERATIONS) - served == set()


def test_every_route_of_an_owner_is_passed_on():
    segments = {
        route.path.split("/")[2]
        for service in OWNERS
        for route in routes_of(application(service).routes)
        if isinstance(route, GuardedRoute) and route.path.startswith("/v1/")
    }
    assert segments == set(OWNER_OF_PATH)


@pytest.mark.parametrize("kind", [GuardedRoute, JsonRoute])
def test_a_route_that_the_policy_does_not_name_cannot_be_made(kind):
    router = APIRouter(route_class=kind)
    with pytest.raises(LookupError, match="read_more"):
        router.add_api_route("/v1/more", lambda: None, operation_id="read_more")


def test_a_service_with_a_route_that_nothing_guards_is_not_made():
    router = APIRouter(prefix="/v1/more")
    router.add_api_route("", lambda: None, operation_id="read_more")
    outer = APIRouter()
    outer.include_router(router)
    for more in (router, outer):
        service = OWNERS[0]
        with pytest.raises(TypeError, match="not guarded"):
            application(replace(service, routers=[*service.routers, more]))


def test_a_route_that_is_added_later_and_that_nothing_guards_is_found():
    app = application(OWNERS[0])
    app.add_api_route("/v1/more", lambda: None, operation_id="read_more")
    assert [named(route) for route in loose(app)] == ["read_more"]
