"""Documents beside the projects' own parts: the newest version of each, and the keys by which pages find it.

What is told of frameworks, partnerships, work plans and tracking is not added up here; a page reads the documents that
it is about, each by one of its keys.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, Uuid
from sqlmodel import Field, Index, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.base import ReadBase
from gateway.projection.events import Event
from gateway.projection.facts import bounded
from shared.chassis.db import bulk_insert, bulk_upsert, is_one_of
from shared.chassis.scoping import KnownPlace, placed
from shared.contracts import alerts as al
from shared.contracts.base import Contract
from shared.contracts.funding import v1 as fu
from shared.contracts.monitoring import v1 as mo
from shared.contracts.projects import v1 as pr
from shared.figures.outcomes import country_outcome_code, outcome_code, target_code
from shared.policy.placing import placing_of

C = TypeVar("C", bound=Contract)

Key = tuple[str, str]
"""Relation and key, as ``("activity", "XM-DAC-41302-1")``.

Relations are ``activity``, ``partner``, ``country``, ``country-programme``, ``country-outcome`` (programme/code), ``outcome``
(biennium/code), ``agenda-target`` (agenda/code), ``biennium``, ``office``, ``proposal``, ``agreement``, ``pool``,
``scenario``, ``state`` and ``kind``.
"""


class Document(KnownPlace, ReadBase, table=True):
    """The newest version of one document, and where it belongs by the policy; its data is that of the ``fact``."""

    __tablename__ = "document"

    aggregate: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    identifier: str
    version: int
    recorded_at: datetime
    place_projects: list[UUID] = Field(sa_type=ARRAY(Uuid))


class DocumentKey(ReadBase, table=True):
    """Something that a document is about."""

    __tablename__ = "document_key"
    __table_args__ = (Index("ix_document_key_key", "relation", "key", "aggregate"),)

    aggregate: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    relation: str = Field(primary_key=True)
    key: str = Field(primary_key=True)


@dataclass(frozen=True, slots=True)
class Kind(Generic[C]):
    """A kind of document: its noun in the catalog, its contract, its identifier, and its keys."""

    aggregate: str
    contract: type[C]
    identifier: Callable[[C], str]
    keys: Callable[[C], Iterable[Key]]


def outcome_key(link: pr.ProgrammeOutcomeLink) -> str:
    """Return the key of an outcome of a programme and budget, as ``2024-25/3``."""
    return outcome_code(link.biennium, link.code)


def country_outcome_key(link: pr.CountryOutcomeLink) -> str:
    """Return the key of an outcome of a country programme, as ``CN-2024/CHN 101``."""
    return country_outcome_code(link.programme, link.code)


def _all(relation: str, keys: Iterable[str | None]) -> Iterator[Key]:
    return ((relation, key) for key in keys if key)


def _outcomes(
    outcomes: Iterable[pr.ProgrammeOutcomeLink | None], countries: Iterable[pr.CountryOutcomeLink | None]
) -> Iterator[Key]:
    yield from (("outcome", outcome_key(link)) for link in outcomes if link)
    for link in countries:
        if link:
            yield "country-outcome", country_outcome_key(link)
            yield "country-programme", link.programme


def _targets(targets: Sequence[fu.AllocationTarget]) -> Iterator[Key]:
    yield from _all("activity", (each.activity for each in targets))
    yield from _outcomes(
        (each.programme_outcome for each in targets), (each.country_outcome for each in targets)
    )


def _country_programme(programme: pr.CountryProgramme) -> Iterator[Key]:
    yield "country", programme.country
    for outcome in programme.outcomes:
        yield from _outcomes(outcome.programme_outcomes, ())
        yield from _all(
            "agenda-target", (target_code(link.agenda, link.code) for link in outcome.agenda_targets)
        )


def _proposal(proposal: pr.Proposal) -> Iterator[Key]:
    yield "state", proposal.state
    yield from _all("country", proposal.countries)
    yield from _all("partner", (proposal.donor.ref,) if proposal.donor else ())
    yield from _outcomes(proposal.programme_outcomes, proposal.country_outcomes)


def _agreement(agreement: fu.Agreement) -> Iterator[Key]:
    yield "state", agreement.state
    yield "kind", agreement.kind
    yield from _all("pool", (agreement.pool,))
    yield from _all("proposal", agreement.proposals)
    yield from _all("partner", (each.organisation.ref for each in agreement.partners))
    yield from _targets(agreement.allocations)


def _pool(pool: fu.Pool) -> Iterator[Key]:
    yield "biennium", pool.biennium
    yield "pool", pool.code
    yield from _targets(pool.allocations)


def _pledge(pledge: fu.Pledge) -> Iterator[Key]:
    yield "state", pledge.state
    yield from _all("partner", (pledge.partner.ref,))
    yield from _all("biennium", (pledge.biennium,))
    yield from _all("agreement", (pledge.agreement,))


def _workplan(plan: fu.Workplan) -> Iterator[Key]:
    yield "biennium", plan.biennium
    yield "outcome", plan.identifier
    yield from _outcomes((), (item.country_outcome for item in plan.items))


def _scenario(scenario: fu.Scenario) -> Iterator[Key]:
    yield "biennium", scenario.biennium
    yield "state", scenario.state


def _alert(alert: al.Alert) -> Iterator[Key]:
    yield "state", alert.state
    yield "kind", alert.kind
    yield from _all("country", alert.countries)
    yield from _all("partner", alert.partners)
    yield from _all("office", alert.offices)
    yield from _all("activity", alert.activities)


def _contributions(contributions: mo.Contributions) -> Iterator[Key]:
    yield "activity", contributions.iati_identifier
    links = contributions.links
    yield from _outcomes((link.programme_outcome for link in links), (link.country_outcome for link in links))


def _programme_framework(framework: mo.ProgrammeFramework) -> Iterator[Key]:
    yield "country-programme" if framework.level == "country-programme" else "biennium", framework.programme
    for outcome in framework.outcomes:
        for indicator in outcome.indicators:
            yield from _all("activity", (link.iati_identifier for link in indicator.inputs))


def _report(report: mo.Report) -> Iterator[Key]:
    yield "state", report.state
    yield "activity", report.iati_identifier
    yield from _all("office", (report.office,))


def _lock(lock: mo.PeriodLock) -> Iterator[Key]:
    yield "state", lock.state
    yield "kind", "activity" if lock.iati_identifier else "all"
    yield from _all("activity", (lock.iati_identifier,))


def _evaluation(evaluation: mo.Evaluation) -> Iterator[Key]:
    yield "state", evaluation.state
    yield "kind", evaluation.kind
    yield "activity", evaluation.iati_identifier


def _training(training: mo.Training) -> Iterator[Key]:
    yield from _all("activity", training.activities)
    yield from _all("country", (training.country,))
    yield from _outcomes(training.programme_outcomes, ())


def _publication(publication: mo.Publication) -> Iterator[Key]:
    yield from _all("activity", publication.activities)
    yield from _outcomes(publication.programme_outcomes, publication.country_outcomes)


PROGRAMME_BUDGETS = Kind("programme-budget", pr.ProgrammeBudget, lambda d: d.biennium, lambda _: ())
COUNTRY_PROGRAMMES = Kind("country-programme", pr.CountryProgramme, lambda d: d.code, _country_programme)
DEVELOPMENT_AGENDAS = Kind("development-agenda", pr.DevelopmentAgenda, lambda d: d.code, lambda _: ())
FRAGILITY_LISTS = Kind("fragility-list", pr.FragilityList, lambda d: d.edition, lambda _: ())
FIELD_OFFICES = Kind("field-office", pr.FieldOffice, lambda d: d.code, lambda d: _all("country", d.countries))
PROPOSALS = Kind("proposal", pr.Proposal, lambda d: d.identifier, _proposal)
PARTNER_PROFILES = Kind(
    "partner-profile",
    fu.PartnerProfile,
    lambda d: d.organisation_identifier,
    lambda d: (("partner", d.organisation_identifier),),
)
AGREEMENTS = Kind("agreement", fu.Agreement, lambda d: d.number, _agreement)
POOLS = Kind("pool", fu.Pool, lambda d: d.identifier, _pool)
PLEDGES = Kind("pledge", fu.Pledge, lambda d: d.identifier, _pledge)
MOBILISATION_TARGETS = Kind(
    "mobilisation-target",
    fu.MobilisationTarget,
    lambda d: d.identifier,
    lambda d: (("biennium", d.biennium),),
)
WORKPLANS = Kind("workplan", fu.Workplan, lambda d: d.identifier, _workplan)
PRIORITY_RULES = Kind("priority-rule", fu.PriorityRule, lambda d: d.identifier, lambda _: ())
SCENARIOS = Kind("scenario", fu.Scenario, lambda d: d.identifier, _scenario)
ALERTS = Kind("alert", al.Alert, lambda d: d.identifier, _alert)
CONTRIBUTIONS = Kind("contributions", mo.Contributions, lambda d: d.iati_identifier, _contributions)
PROGRAMME_FRAMEWORKS = Kind(
    "programme-framework", mo.ProgrammeFramework, lambda d: d.identifier, _programme_framework
)
REPORTS = Kind("report", mo.Report, lambda d: d.identifier, _report)
PERIOD_LOCKS = Kind("period-lock", mo.PeriodLock, lambda d: d.identifier, _lock)
EVALUATIONS = Kind("evaluation", mo.Evaluation, lambda d: d.identifier, _evaluation)
TRAININGS = Kind("training", mo.Training, lambda d: d.identifier, _training)
PUBLICATIONS = Kind("publication", mo.Publication, lambda d: d.identifier, _publication)

KINDS: dict[str, Kind[Any]] = {
    kind.aggregate: kind
    for kind in (
        *(
            PROGRAMME_BUDGETS,
            COUNTRY_PROGRAMMES,
            DEVELOPMENT_AGENDAS,
            FRAGILITY_LISTS,
            FIELD_OFFICES,
            PROPOSALS,
        ),
        *(PARTNER_PROFILES, AGREEMENTS, POOLS, PLEDGES, MOBILISATION_TARGETS),
        *(WORKPLANS, PRIORITY_RULES, SCENARIOS, ALERTS),
        *(CONTRIBUTIONS, PROGRAMME_FRAMEWORKS, REPORTS, PERIOD_LOCKS, EVALUATIONS, TRAININGS, PUBLICATIONS),
    )
}


async def take_documents(session: AsyncSession, events: Iterable[Event]) -> None:
    """Take in the newest version of each document of a batch, in place of an older one.

    Raises:
        pydantic.ValidationError: an event's data breaks its contract.

    """
    newest: dict[tuple[str, UUID], Event] = {}
    for event in events:
        known = newest.get((event.aggregate, event.id))
        if event.aggregate in KINDS and (known is None or known.version < event.version):
            newest[event.aggregate, event.id] = event
    if not newest:
        return
    stored = await _versions(session, newest.keys())
    taken = [event for key, event in newest.items() if event.version > stored.get(key, 0)]
    rows, keys = [], []
    for event in taken:
        kind = KINDS[event.aggregate]
        document = kind.contract.from_event(event.data)
        key = {"aggregate": event.aggregate, "id": event.id}
        rows.append({**key, **_columns(kind, document, event)})
        told = sorted({(relation, bounded(value)) for relation, value in kind.keys(document)})
        keys += [{**key, "relation": relation, "key": value} for relation, value in told]
    await bulk_upsert(session, Document, rows, key=["aggregate", "id"])
    await session.exec(delete(DocumentKey).where(is_one_of(DocumentKey.id, [event.id for event in taken])))
    await bulk_insert(session, DocumentKey, keys)


def _columns(kind: Kind[C], document: C, event: Event) -> dict[str, Any]:
    return {
        "identifier": kind.identifier(document),
        "version": event.version,
        "recorded_at": event.recorded_at,
        **placed(placing_of(kind.aggregate), document),
    }


async def _versions(session: AsyncSession, keys: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], int]:
    ids = [id_ for _, id_ in keys]
    rows = await session.exec(
        select(Document.aggregate, Document.id, Document.version).where(is_one_of(Document.id, ids))
    )
    return {(aggregate, id_): version for aggregate, id_, version in rows}
