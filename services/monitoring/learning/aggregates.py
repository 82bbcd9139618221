"""The aggregates of learning: evaluations, the policies that ask for them, training and publications."""

from collections.abc import Iterable

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.learning import content
from services.monitoring.learning.domain import Found, conflicts
from services.monitoring.models import (
    Copy,
    EvaluationPolicyRow,
    EvaluationRow,
    PublicationRow,
    ReportRow,
    TrainingRow,
)
from shared.chassis.documents import Aggregate
from shared.contracts import catalog
from shared.contracts.ids import evaluation_id, evaluation_policy_id, publication_id, training_id
from shared.contracts.monitoring.v1 import Evaluation, EvaluationPolicy, Publication, Report, Training


async def faults_of_evaluators(session: AsyncSession, evaluation: Evaluation) -> Iterable[Found]:
    """Return what is wrong with the evaluators of an evaluation, by the reports of its activity."""
    if evaluation.kind != "independent" or not evaluation.evaluators:
        return ()
    reports = await session.exec(
        select(ReportRow.document).where(col(ReportRow.iati_identifier) == evaluation.iati_identifier)
    )
    writers = {name for document in reports for name in Report.from_json(document).written_by}
    return list(conflicts(evaluation, writers))


EVALUATIONS = Aggregate(
    noun="evaluation",
    model=EvaluationRow,
    contract=Evaluation,
    facts=catalog.EVALUATION,
    identifier=lambda evaluation: evaluation.identifier,
    id_of=evaluation_id,
    columns=content.evaluation_columns,
    faults=content.faults_of_evaluation,
    faults_beside=faults_of_evaluators,
    projects=Copy,
)
EVALUATION_POLICIES = Aggregate(
    noun="evaluation-policy",
    model=EvaluationPolicyRow,
    contract=EvaluationPolicy,
    facts=catalog.EVALUATION_POLICY,
    identifier=lambda policy: policy.identifier,
    id_of=evaluation_policy_id,
    columns=content.policy_columns,
    faults=content.faults_of_policy,
)
TRAININGS = Aggregate(
    noun="training",
    model=TrainingRow,
    contract=Training,
    facts=catalog.TRAINING,
    identifier=lambda training: training.identifier,
    id_of=training_id,
    columns=content.training_columns,
    faults=content.faults_of_training,
    projects=Copy,
)
PUBLICATIONS = Aggregate(
    noun="publication",
    model=PublicationRow,
    contract=Publication,
    facts=catalog.PUBLICATION,
    identifier=lambda publication: publication.identifier,
    id_of=publication_id,
    columns=content.publication_columns,
    faults=content.faults_of_publication,
    projects=Copy,
)
