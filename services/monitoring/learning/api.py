"""HTTP interface of evaluations and their policies, of training and of publications.

There is no batch of evaluations: it would be a way around the steps. A version of a policy can not be changed.
"""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import ColumnElement
from sqlmodel import col

from services.monitoring.learning import domain, handlers
from services.monitoring.learning.aggregates import EVALUATION_POLICIES, EVALUATIONS, PUBLICATIONS, TRAININGS
from services.monitoring.learning.participants import ParticipantFigures, participants
from services.monitoring.models import EvaluationPolicyRow, EvaluationRow, PublicationRow, TrainingRow
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents import document_router
from shared.chassis.documents.authored import Authored, add_authored_writes
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import (
    CurrentActor,
    ExpectedVersion,
    add_reads,
    receipt,
)
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.documents.versions import add_version_writes
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.monitoring.v1 import (
    EvaluationKind,
    EvaluationState,
)
from shared.contracts.projects.v1 import CountryCode

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]
Activity = Annotated[FilterText | None, Query(description="IATI identifier of an activity")]
Country = Annotated[CountryCode | None, Query(description="ISO 3166-1 alpha-2 code of a country")]
From = Annotated[date | None, Query(alias="from", description="On or after this day")]
To = Annotated[date | None, Query(description="On or before this day")]

evaluations = APIRouter(prefix="/v1/evaluations", tags=["evaluations"], route_class=JsonRoute)
policies = APIRouter(prefix="/v1/evaluation-policies", tags=["evaluations"], route_class=JsonRoute)
trainings = APIRouter(prefix="/v1/trainings", tags=["training"], route_class=GuardedRoute)
publications = APIRouter(prefix="/v1/publications", tags=["publications"], route_class=GuardedRoute)


@evaluations.get("", response_model=ItemPage, summary="List evaluations in order of identifier")
async def list_evaluations(
    session: ReadSession,
    cursors: Cursors,
    activity: Activity = None,
    kind: Annotated[EvaluationKind | None, Query(description="Who evaluates")] = None,
    state: Annotated[EvaluationState | None, Query(description="Where the evaluation stands")] = None,
    due_before: Annotated[date | None, Query(description="Due before this day")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of evaluations as they are stored here."""
    row = EvaluationRow
    filters = {row.iati_identifier: activity, row.kind: kind, row.state: state}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if due_before is not None:
        conditions.append(col(row.due_on) < due_before)
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(session, EVALUATIONS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@evaluations.post(
    "/{identifier:path}/follow-ups/{code:path}/actions",
    status_code=201,
    summary="Take a step with one follow-up",
)
async def act_on_follow_up(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    code: str,
    step: domain.FollowUpStepForm,
    response: Response,
) -> Receipt:
    """Take a step that the state of the follow-up allows, and keep it in its history."""
    stored = await handlers.move_follow_up(session, actor, identifier, code, step, version)
    return receipt(response, stored)


@evaluations.post(
    "/{identifier:path}/follow-ups", status_code=201, summary="Add one follow-up to a recommendation"
)
async def add_follow_up(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    follow_up: domain.FollowUpForm,
    response: Response,
) -> Receipt:
    """Add what is to be done about a recommendation that management accepted."""
    return receipt(response, await handlers.follow_up(session, actor, identifier, follow_up, version))


@evaluations.post(
    "/{identifier:path}/responses", status_code=201, summary="Respond to one recommendation as management"
)
async def respond_to_recommendation(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    answer: domain.ManagementResponseForm,
    response: Response,
) -> Receipt:
    """Record what management makes of a recommendation, in place of what it made of it before."""
    return receipt(response, await handlers.respond(session, actor, identifier, answer, version))


@evaluations.post("/{identifier:path}/actions", status_code=201, summary="Take a step with one evaluation")
async def act_on_evaluation(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: domain.EvaluationStepForm,
    response: Response,
) -> Receipt:
    """Take a step that the state of the evaluation allows, and keep it in the history."""
    return receipt(response, await handlers.act(session, actor, identifier, step, version))


@policies.get(
    "", response_model=ItemPage, summary="List versions of evaluation policies in order of code and version"
)
async def list_evaluation_policies(
    session: ReadSession,
    cursors: Cursors,
    code: Annotated[FilterText | None, Query(description="Code of the policy")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of versions as they are stored here."""
    conditions = []
    if code is not None:
        conditions.append(col(EvaluationPolicyRow.code) == code)
    if updated_since is not None:
        conditions.append(col(EvaluationPolicyRow.updated_at) >= updated_since)
    return await list_page(
        session, EVALUATION_POLICIES, conditions, cursors=cursors, cursor=cursor, limit=limit
    )


@trainings.get("", response_model=ItemPage, summary="List training events in order of identifier")
async def list_trainings(
    session: ReadSession,
    cursors: Cursors,
    country: Country = None,
    activity: Activity = None,
    begins_from: From = None,
    to: To = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of training events that begin between two days, as they are stored here."""
    conditions = _of_trainings(country, activity, begins_from, to)
    if updated_since is not None:
        conditions.append(col(TrainingRow.updated_at) >= updated_since)
    return await list_page(session, TRAININGS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@trainings.get("/participants", summary="How many took part, by sex, by constituent and by country")
async def count_participants(
    session: ReadSession,
    country: Country = None,
    activity: Activity = None,
    begins_from: From = None,
    to: To = None,
) -> ParticipantFigures:
    """Return the participants of the training that the same filters list; each dimension adds up to the total."""
    return await participants(session, _of_trainings(country, activity, begins_from, to))


@publications.get("", response_model=ItemPage, summary="List publications in order of identifier")
async def list_publications(
    session: ReadSession,
    cursors: Cursors,
    activity: Activity = None,
    language: Annotated[FilterText | None, Query(description="ISO 639-1 code of a language")] = None,
    published_from: From = None,
    to: To = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of publications as they are stored here."""
    row = PublicationRow
    conditions = []
    if activity is not None:
        conditions.append(col(row.activities).contains([activity]))
    if language is not None:
        conditions.append(col(row.languages).contains([language]))
    if published_from is not None:
        conditions.append(col(row.published_on) >= published_from)
    if to is not None:
        conditions.append(col(row.published_on) <= to)
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(session, PUBLICATIONS, conditions, cursors=cursors, cursor=cursor, limit=limit)


def _of_trainings(
    country: str | None, activity: str | None, begins_from: date | None, to: date | None
) -> list[ColumnElement[bool]]:
    row = TrainingRow
    conditions = []
    if country is not None:
        conditions.append(col(row.country) == country)
    if activity is not None:
        conditions.append(col(row.activities).contains([activity]))
    if begins_from is not None:
        conditions.append(col(row.start) >= begins_from)
    if to is not None:
        conditions.append(col(row.start) <= to)
    return conditions


add_authored_writes(evaluations, Authored(EVALUATIONS, domain.begun, domain.revised))
add_reads(evaluations, EVALUATIONS)
add_version_writes(policies, EVALUATION_POLICIES)
add_reads(policies, EVALUATION_POLICIES)
routers = [
    evaluations,
    policies,
    trainings,
    publications,
    document_router(TRAININGS, path="/v1/trainings", tag="training"),
    document_router(PUBLICATIONS, path="/v1/publications", tag="publications"),
]
