"""The HTTP routes of personal data: export of what is kept of a person, and erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.chassis.app import CurrentRuntime
from shared.chassis.bodies import JsonRoute
from shared.chassis.documents.routes import NDJSON, CurrentActor, NdjsonResponse
from shared.chassis.errors import BadRequest
from shared.chassis.parameters import FilterText
from shared.chassis.personal.erasure import Asked, Keeper, erase
from shared.chassis.personal.export import PersonalRecord, personal_records
from shared.chassis.personal.names import Names
from shared.chassis.personal.tables import Erasure
from shared.contracts.base import Contract
from shared.contracts.ids import known_as
from shared.contracts.projects.v1.proposals import Sentence

SHORTEST_NAME, LONGEST_NAME, MOST_NAMES = 3, 250, 20


def _is_name(name: str) -> str:
    if "\0" in name:
        raise PydanticCustomError("nul_character", "text holds no U+0000")
    if len(known_as(name)) < SHORTEST_NAME:
        raise PydanticCustomError("name_too_short", "a name has at least three characters")
    return name


PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NAME), AfterValidator(_is_name)
]


class ErasureRequest(Contract):
    """What is to be erased: all names of one person (spellings, user names, e-mail addresses), and why."""

    names: Annotated[tuple[PersonName, ...], Field(min_length=1, max_length=MOST_NAMES)]
    reason: Sentence


class ErasureReceipt(Contract):
    """What an erasure did: the pseudonym, and how many documents, events, messages and entries of the audit lost a name.

    What is kept beside documents, as a client or an item of an import's report, counts as one.
    """

    pseudonym: str
    documents: int
    events: int
    messages: int
    entries: int
    begun_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Erasure) -> "ErasureReceipt":
        """Return the receipt of an erasure."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


def personal_data_routers(keeper: Keeper) -> Sequence[APIRouter]:
    """Return the routes of personal data of a service: ``/v1/<service>-personal-data`` and ``/v1/<service>-erasures``."""
    router = APIRouter(prefix="/v1", tags=["personal data"], route_class=JsonRoute)
    _add_export(router, keeper)
    _add_erasure(router, keeper)
    return [router]


def _add_export(router: APIRouter, keeper: Keeper) -> None:
    async def export(
        runtime: CurrentRuntime,
        name: Annotated[
            list[FilterText],
            Query(
                min_length=1,
                max_length=MOST_NAMES,
                description="A name of the person; give all of them: spellings, user names, e-mail addresses.",
            ),
        ],
    ) -> Response:
        """Return what is kept of a person, one line for each document or version that names them."""
        names = _names(name)
        records = [each.to_json() async for each in personal_records(runtime.database, keeper, names)]
        return NdjsonResponse("".join(f"{record}\n" for record in records))

    router.add_api_route(
        f"/{keeper.service}-personal-data",
        export,
        methods=["GET"],
        operation_id=f"export_{keeper.service}_personal_data",
        summary=f"What {keeper.service} keeps of a person",
        response_class=NdjsonResponse,
        response_model=PersonalRecord,
        responses={200: {"content": {NDJSON: {}}}},
    )


def _add_erasure(router: APIRouter, keeper: Keeper) -> None:
    async def erase_person(
        runtime: CurrentRuntime, actor: CurrentActor, request: ErasureRequest
    ) -> ErasureReceipt:
        """Put a pseudonym in place of the names, in documents, history and stream; every figure stays."""
        asked = Asked(request.names, request.reason)
        return ErasureReceipt.of(await erase(runtime.database, runtime.bus, keeper, asked, actor))

    router.add_api_route(
        f"/{keeper.service}-erasures",
        erase_person,
        methods=["POST"],
        operation_id=f"erase_{keeper.service}_personal_data",
        summary=f"Erase a person from what {keeper.service} keeps",
    )


def _names(names: Sequence[str]) -> Names:
    """Return the names of a person.

    Raises:
        BadRequest: one is none.

    """
    for name in names:
        if len(known_as(name)) < SHORTEST_NAME:
            raise BadRequest(f"A name has at least {SHORTEST_NAME} characters.", code="name-too-short")
    return Names(names)
