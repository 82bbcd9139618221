"""Owners who tell random things of a few projects, a read model that takes them in, and clients who follow its feed."""

import asyncio
import random
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from pydantic_core import from_json
from sqlalchemy import text

from deploy.local.embedded import EmbeddedPostgres
from gateway.feed.changes import Change, changes_after
from gateway.feed.positions import ZERO, Position
from gateway.feed.reading import Key, data_of, without
from gateway.feed.views import AGGREGATES, View
from gateway.main import SERVICE
from gateway.projection.events import Event
from gateway.projection.generations import activate, begin
from gateway.projection.reducers import reduce
from gateway.projection.tables import Position as Known
from shared.chassis.app import GRACE_SECONDS, Server
from shared.chassis.db import Database, bulk_upsert, execute
from shared.chassis.protocol import bounded
from shared.contracts import ids
from shared.contracts.base import Contract
from shared.contracts.catalog import ALL, OWNERS, AggregateFacts
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity
from shared.policy.permits import Permit
from shared.policy.placing import PlacedActivity, placing_of
from shared.testing.access import Asking
from shared.testing.fixtures import Serve, Templates
from shared.testing.mission import MISSION
from shared.testing.programming import PROGRAMMING
from shared.testing.read_models import TODAY

PROJECTS = ("P-1", "P-2", "P-3")
COUNTRIES = ("KE", "UG", "TZ")
ORGANISATIONS = ("SE-0", "CH-4", "XM")
CUT_SHARE = 0.15
"""Of the steps at which a link is cut."""
NAME = "Zebedee"
"""Of a person to contact."""
STREAM = datetime(2026, 1, 1, tzinfo=UTC)

Thing = tuple[str, UUID]

_FACTS = {(facts.created.owner, facts.created.aggregate): facts for facts in ALL}
_SAMPLES = {name.rsplit(".", 1)[0]: document for name, document in {**MISSION, **PROGRAMMING}.items()}


def activity(identifier: str, *, status: str = "2", countries: Any = (), partners: Any = ()) -> Activity:
    return Activity.model_validate(
        {
            "iati_identifier": identifier,
            "reporting_organisation": {"ref": "XM"},
            "titles": [{"text": "Decent work"}],
            "status": status,
            "recipient_countries": [{"code": each} for each in countries],
            "participating_organisations": [{"role": "1", "ref": each} for each in partners],
            "contacts": [{"person_name": [{"text": NAME}]}],
        }
    )


def tell(owners: "Owners", document: Any) -> None:
    owner, noun = (
        ("projects", "activity")
        if isinstance(document, Activity)
        else ("funding", "finance")
        if isinstance(document, ActivityFinance)
        else ("monitoring", "report")
    )
    identifier = document.identifier if noun == "report" else document.iati_identifier
    id_ = ids.report_id(identifier) if noun == "report" else ids.activity_id(identifier)
    owners.tell(owner, noun, id_, document)


def report(identifier: str, project: str, state: str = "published") -> Any:
    return MISSION["monitoring.report.v1"].model_copy(
        update={"identifier": identifier, "iati_identifier": project, "state": state}
    )


def finance(project: str, currency: str = "USD") -> ActivityFinance:
    return ActivityFinance(iati_identifier=project, default_currency=currency)


class Owners:
    """What the owners told, and how much of each stream was taken in by whom."""

    def __init__(self) -> None:
        self.told: dict[str, list[Event]] = {owner: [] for owner in OWNERS}
        self.documents: dict[Thing, list[Contract]] = defaultdict(list)
        self._sequences = dict.fromkeys(OWNERS, 0)

    def tell(self, owner: str, noun: str, id_: UUID, document: Contract) -> Event:
        """Tell the next version of a thing."""
        versions = self.documents[noun, id_]
        versions.append(document)
        facts = _FACTS[owner, noun]
        type_ = facts.created if len(versions) == 1 else facts.changed
        return self._append(owner, facts, type_.name, id_, len(versions), document, erased=False)

    def erase(self, event: Event) -> None:
        """Tell a version again, in place of what was told before."""
        stream = self.told[event.owner]
        stream[:] = [each for each in stream if (each.aggregate, each.id, each.version) != _key(event)]
        document = self.documents[event.aggregate, event.id][event.version - 1]
        facts = _FACTS[event.owner, event.aggregate]
        self._append(event.owner, facts, event.type, event.id, event.version, document, erased=True)

    def _append(
        self,
        owner: str,
        facts: AggregateFacts,
        type_: str,
        id_: UUID,
        version: int,
        document: Contract,
        *,
        erased: bool,
    ) -> Event:
        self._sequences[owner] += 1
        event = Event(
            aggregate=facts.created.aggregate,
            id=id_,
            version=version,
            owner=owner,
            sequence=self._sequences[owner],
            recorded_at=STREAM,
            actor="tests",
            rationale=None,
            data=document.to_json(),
            event_id=uuid4(),
            type=type_,
            occurred_at=STREAM,
            erased=erased,
        )
        self.told[owner].append(event)
        return event


def _key(event: Event) -> tuple[str, UUID, int]:
    return event.aggregate, event.id, event.version


class Model:
    """A read model, as far as it has come in each stream."""

    def __init__(self, database: Database, owners: Owners) -> None:
        self.database, self.owners = database, owners
        self._sequences = dict.fromkeys(OWNERS, 0)
        self.known: dict[Thing, tuple[int, Contract]] = {}

    async def take(self, most: Mapping[str, int] | None = None) -> None:
        """Take in up to so many events of each owner, None for all."""
        events = []
        for owner in OWNERS:
            waiting = [each for each in self.owners.told[owner] if each.sequence > self._sequences[owner]]
            events += waiting if most is None else waiting[: most.get(owner, 0)]
        if not events:
            return
        for event in events:
            self._sequences[event.owner] = event.sequence
            thing, document = (event.aggregate, event.id), _document(event)
            if thing not in self.known or self.known[thing][0] <= event.version:
                self.known[thing] = event.version, document
        rows = [
            {"owner": owner, "sequence": last, "stream_created": STREAM, "recorded_at": STREAM}
            for owner, last in self._sequences.items()
            if last
        ]
        async with self.database.session() as session, session.begin():
            await reduce(session, events, today=TODAY)
            await bulk_upsert(session, Known, rows, key=["owner"])
            await execute(session, text("SELECT pg_notify('read_model', '')"))


def _document(event: Event) -> Contract:
    return _FACTS[event.owner, event.aggregate].created.data.from_json(event.data)


@asynccontextmanager
async def fed(
    postgres: EmbeddedPostgres, templates: Templates, serve: Serve, owners: "Owners", **settings: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, "Model"]]:
    """Serve a gateway whose read model knows what some owners told, and yield a client without a token."""
    name = f"test_{uuid4().hex[:12]}"
    url = await templates.copy_with_password(SERVICE, name)
    public = Database(url)
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    model = Model(public.on_schema(generation.schema_name), owners)
    try:
        await model.take()
        async with serve(SERVICE, database_url=url, roles=["api"], **settings) as client:
            del client.headers["authorization"]
            yield client, model
    finally:
        await model.database.dispose()
        await public.dispose()
        postgres.drop(name)


@asynccontextmanager
async def listening(client: httpx.AsyncClient) -> AsyncIterator[tuple[str, Server]]:
    """Serve the application of a client on a socket too, as a process does, and yield its address and the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            client._transport.app,  # noqa: SLF001  (with the state of its lifespan)
            http=bounded(10),
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = Server(config, client.app.closing)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
        server.should_exit = True
        await serving


class Life:
    """Draws what the owners do next."""

    def __init__(self, draw: random.Random) -> None:
        self._draw, self.owners = draw, Owners()
        self._told: list[Event] = []

    def go_on(self, count: int) -> None:
        """Let so many things happen."""
        for _ in range(count):
            if self._told and self._draw.random() < 0.06:
                self.owners.erase(self._draw.choice(self._told))
            else:
                owner, noun, id_, document = self._next()
                event = self.owners.tell(owner, noun, id_, document)
                self._told.append(event)

    def _some(self, values: tuple[str, ...], most: int = 2) -> list[str]:
        return self._draw.sample(values, self._draw.randint(0, most))

    def _next(self) -> tuple[str, str, UUID, Contract]:
        draw, project = self._draw, self._draw.choice(PROJECTS)
        of_project = {"iati_identifier": project, "activities": (project,)}
        kind = draw.choice(
            ["activity"] * 6
            + ["finance", "framework", "contributions", "report", "report", "evaluation"]
            + ["training", "alert", "alert", "country-programme", "agreement", "period-lock", "publication"]
        )
        if kind == "activity":
            told = activity(
                project,
                status=draw.choice("112"),
                countries=self._some(COUNTRIES),
                partners=self._some(ORGANISATIONS[:2]),
            )
            return "projects", kind, ids.activity_id(project), told
        if kind == "finance":
            currency = draw.choice(["USD", "EUR", "KES"])
            document: Contract = ActivityFinance(iati_identifier=project, default_currency=currency)
            return "funding", kind, ids.activity_id(project), document
        if kind == "framework":
            return "monitoring", kind, ids.activity_id(project), ResultsFramework(iati_identifier=project)
        owner = {"country-programme": "projects", "agreement": "funding"}.get(kind, "monitoring")
        if kind == "alert":
            owner = draw.choice(["funding", "monitoring"])
        sample = _SAMPLES[f"{owner}.{kind}"]
        number = draw.randint(1, 2)
        changes: dict[str, Any] = {
            "contributions": lambda: of_project,
            "report": lambda: {
                **of_project,
                "identifier": f"R-{number}",
                "state": draw.choice(["draft", "published"]),
            },
            "evaluation": lambda: {
                **of_project,
                "identifier": f"E-{number}",
                "state": draw.choice(["planned", "completed"]),
            },
            "period-lock": lambda: {
                "identifier": f"L-{number}",
                "iati_identifier": draw.choice([project, None]),
            },
            "training": lambda: {
                "identifier": f"T-{number}",
                "activities": tuple(self._some(PROJECTS)),
                "country": draw.choice(COUNTRIES),
            },
            "publication": lambda: {"identifier": f"B-{number}", "activities": tuple(self._some(PROJECTS))},
            "country-programme": lambda: {
                "code": f"C-{number}",
                "country": draw.choice(COUNTRIES),
                "status": draw.choice(["draft", "active"]),
            },
            "agreement": lambda: {
                "number": f"A-{number}",
                "state": draw.choice(["draft", "signed"]),
            },
            "alert": lambda: {
                "identifier": f"{owner}/{number}/all",
                "countries": tuple(self._some(COUNTRIES)),
                "partners": tuple(self._some(ORGANISATIONS)),
                "activities": tuple(self._some(PROJECTS)),
            },
        }[kind]()
        fields = type(sample).model_fields
        document = sample.model_copy(
            update={name: value for name, value in changes.items() if name in fields}
        )
        identifier = changes.get("identifier") or changes.get("code") or changes.get("number") or project
        id_of = getattr(ids, f"{kind.replace('-', '_')}_id")
        return owner, kind, id_of(identifier), document


@dataclass
class Follower:
    """A client: what it holds, and its last cursor."""

    asking: Asking
    aggregates: frozenset[str] | None = None
    held: dict[Thing, tuple[int, Any]] = field(default_factory=dict)
    position: Position = ZERO
    removed: list[Thing] = field(default_factory=list)

    @property
    def view(self) -> View:
        return View(self.asking.principal, self.aggregates)

    async def read(
        self, database: Database, *, most: int = 500, pages: int = 1000, cut: random.Random | None = None
    ) -> None:
        """Follow the feed for some pages, or to its end; what comes when the link is cut is lost."""
        for _ in range(pages):
            async with database.session() as session:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                page = await changes_after(session, self.view, self.position, most=most)
                wanted = [each for step in page.steps for each in step.changes if not each.removed]
                data = await data_of(session, [each.key for each in wanted])
            for step in page.steps:
                if cut is not None and cut.random() < CUT_SHARE:
                    return
                for change in step.changes:
                    self._apply(change, data)
                self.position = step.position
            self.position = page.position
            if not page.has_more:
                return

    def _apply(self, change: Change, data: Mapping[Key, str]) -> None:
        thing = (change.aggregate, change.id)
        if change.removed:
            self.removed.append(thing)
            self.held.pop(thing, None)
        else:
            self.held[thing] = change.version, from_json(without(data[change.key], change.withheld))


def allowed(asking: Asking, known: Mapping[Thing, tuple[int, Contract]]) -> dict[Thing, tuple[int, Any]]:
    """Return what may be seen of what is known, by the policy's oracle."""
    projects: dict[str, PlacedActivity] = {
        document.iati_identifier: document for _, document in known.values() if isinstance(document, Activity)
    }
    seen: dict[Thing, tuple[int, Any]] = {}
    for noun in AGGREGATES:
        permit = asking.permit(noun)
        if not isinstance(permit, Permit):
            continue
        documents = {str(id_): told[1] for (aggregate, id_), told in known.items() if aggregate == noun}
        answer = asking.answer(permit, documents, None if noun == "activity" else projects)
        for name, document in answer.items():
            thing = noun, UUID(name)
            seen[thing] = known[thing][0], document
    return seen


def ever_seen(asking: Asking, owners: Owners, things: Iterable[Thing]) -> set[Thing]:
    """Return which of some things could have been seen: some version, beside some version of each of its activities."""
    return {thing for thing in things if any(_were_seen(asking, owners, thing))}


def _were_seen(asking: Asking, owners: Owners, thing: Thing) -> Iterator[bool]:
    for document in owners.documents[thing]:
        names = sorted(placing_of(thing[0]).place(document).projects) if thing[0] != "activity" else ()
        activities = [owners.documents.get(("activity", ids.activity_id(name)), [None]) for name in names]
        for chosen in product(*({repr(each): each for each in some}.values() for some in activities)):
            known = {("activity", uuid4()): (1, each) for each in chosen if each is not None}
            yield thing in allowed(asking, {**known, thing: (1, document)})
