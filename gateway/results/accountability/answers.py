"""Answers of the pages: what they know, and their JSON text."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import from_json
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.asked import asked


async def known(session: AsyncSession) -> dict[str, Any]:
    """Return ``as_of`` and ``position`` of an answer."""
    members: dict[str, Any] = from_json(f"{{{await asked(session)}}}")
    return members


def as_json(answer: BaseModel) -> Response:
    """Return an answer as it is sent."""
    return Response(answer.model_dump_json(), media_type="application/json")
