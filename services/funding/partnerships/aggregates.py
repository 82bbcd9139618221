"""The aggregates of partnerships."""

from services.funding.models import (
    AgreementRow,
    MobilisationTargetRow,
    PartnerProfileRow,
    PledgeRow,
    PoolRow,
)
from services.funding.partnerships.faults import (
    faults_of_agreement,
    faults_of_pledge,
    faults_of_pool,
    faults_of_profile,
    faults_of_target,
)
from shared.chassis.documents import Aggregate
from shared.contracts import catalog
from shared.contracts.funding.v1 import Agreement, MobilisationTarget, PartnerProfile, Pledge, Pool
from shared.contracts.ids import agreement_id, mobilisation_target_id, partner_profile_id, pledge_id, pool_id
from shared.figures.earmarking import earmarking_of

PARTNER_PROFILES = Aggregate(
    noun="partner-profile",
    model=PartnerProfileRow,
    contract=PartnerProfile,
    facts=catalog.PARTNER_PROFILE,
    identifier=lambda profile: profile.organisation_identifier,
    id_of=partner_profile_id,
    columns=lambda profile: {"type": profile.type},
    faults=faults_of_profile,
)


def _with_earmarking(agreement: Agreement) -> Agreement:
    """Return the agreement with the earmarking that follows from its aid types."""
    return agreement.model_copy(update={"earmarking": earmarking_of(agreement.aid_types)})


def _named(agreement: Agreement) -> list[str]:
    """Return the identifiers of the partners that have one."""
    return sorted({each.organisation.ref for each in agreement.partners if each.organisation.ref})


AGREEMENTS = Aggregate(
    noun="agreement",
    model=AgreementRow,
    contract=Agreement,
    facts=catalog.AGREEMENT,
    identifier=lambda agreement: agreement.number,
    id_of=agreement_id,
    columns=lambda agreement: {
        "state": agreement.state,
        "kind": agreement.kind,
        "pool": agreement.pool,
        "partners": _named(agreement),
    },
    derive=_with_earmarking,
    faults=faults_of_agreement,
)

POOLS = Aggregate(
    noun="pool",
    model=PoolRow,
    contract=Pool,
    facts=catalog.POOL,
    identifier=lambda pool: pool.identifier,
    id_of=pool_id,
    columns=lambda pool: {"biennium": pool.biennium},
    faults=faults_of_pool,
)

PLEDGES = Aggregate(
    noun="pledge",
    model=PledgeRow,
    contract=Pledge,
    facts=catalog.PLEDGE,
    identifier=lambda pledge: pledge.identifier,
    id_of=pledge_id,
    columns=lambda pledge: {"state": pledge.state, "partner": pledge.partner.ref},
    faults=faults_of_pledge,
)

MOBILISATION_TARGETS = Aggregate(
    noun="mobilisation-target",
    model=MobilisationTargetRow,
    contract=MobilisationTarget,
    facts=catalog.MOBILISATION_TARGET,
    identifier=lambda target: target.identifier,
    id_of=mobilisation_target_id,
    columns=lambda target: {"biennium": target.biennium},
    faults=faults_of_target,
)
