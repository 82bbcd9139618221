"""The whole interface on one page: the gateway's own routes and those of the owners that it passes on.

The owners' documents are the snapshots under ``shared/contracts/openapi``, which the tests hold against the
services; so the page is whole whether or not an owner is up.
"""

from importlib import resources
from typing import Any

from fastapi import FastAPI
from pydantic_core import from_json

from shared.contracts.catalog import OWNERS

_OWN_PATHS = ("/livez", "/readyz", "/metrics")


def install_openapi(app: FastAPI) -> None:
    """Let an application tell its own routes and the owners'."""
    own = app.openapi

    def combined() -> dict[str, Any]:
        if app.openapi_schema is None or not app.openapi_schema.get("x-combined"):
            app.openapi_schema = combine(own(), [owner_document(owner) for owner in OWNERS])
        return app.openapi_schema

    app.openapi = combined  # type: ignore[method-assign]


def owner_document(owner: str) -> dict[str, Any]:
    """Return the OpenAPI document of an owning service."""
    text = (resources.files("shared.contracts") / "openapi" / f"{owner}.json").read_bytes()
    document: dict[str, Any] = from_json(text)
    return document


def combine(own: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one document of several.

    Raises:
        ValueError: two of them mean different things by the same name.

    """
    combined = {**own, "x-combined": True, "paths": dict(own["paths"])}
    schemas = dict(own["components"]["schemas"])
    for other in others:
        for path, item in other["paths"].items():
            if path not in _OWN_PATHS:
                combined["paths"][path] = item
        for name, schema in other["components"]["schemas"].items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"two services mean different things by the schema {name}")
    combined["components"] = {**own["components"], "schemas": schemas}
    return combined
