"""The aggregates of proposals: the proposals themselves, and the criteria that they are judged by."""

from services.projects.models import CriteriaSetRow, ProposalRow
from services.projects.proposals.checks import faults_of_content
from services.projects.proposals.domain import criteria_columns, proposal_columns
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import CRITERIA_SET, PROPOSAL
from shared.contracts.ids import criteria_id, proposal_id
from shared.contracts.projects.v1 import CriteriaSet, Proposal

PROPOSALS = Aggregate(
    noun="proposal",
    model=ProposalRow,
    contract=Proposal,
    facts=PROPOSAL,
    identifier=lambda proposal: proposal.identifier,
    id_of=proposal_id,
    columns=proposal_columns,
    faults=faults_of_content,
)

CRITERIA_SETS = Aggregate(
    noun="criteria-set",
    model=CriteriaSetRow,
    contract=CriteriaSet,
    facts=CRITERIA_SET,
    identifier=lambda criteria: criteria.identifier,
    id_of=criteria_id,
    columns=criteria_columns,
)
