"""Partnerships: who gives, what was agreed, pledged and received, what it may be spent on, and what it is for.

Of an agreement, a pool and a pledge the content is its authors'. State, history, receipts, amendments, allocations and due
diligence are the owner's: they come about by commands alone, whatever a caller makes of them.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Contract
from shared.contracts.funding.v1.finance import AidType, Earmarking
from shared.contracts.funding.v1.rates import CurrencyCode
from shared.contracts.iati import Amount, Code, Money, Narratives, Organisation
from shared.contracts.ids import Identifier
from shared.contracts.personal import DECIDER, WORDS
from shared.contracts.projects.v1.programming import (
    BienniumLabel,
    CountryCode,
    ItemCode,
    Percentage,
    ProgrammeOutcomeLink,
    Titles,
)
from shared.contracts.projects.v1.proposals import CountryOutcomeLink, Sentence
from shared.contracts.workflow import TakenStep

AgreementKind = Literal[
    "bilateral", "multi-donor", "public-private", "south-south", "triangular", "supplementary-account"
]
AgreementState = Literal["draft", "signed", "active", "suspended", "completed", "terminated", "cancelled"]
AgreementAction = Literal["sign", "activate", "suspend", "resume", "complete", "terminate", "cancel"]
PartnerRole = Literal["funding", "provider", "pivot", "beneficiary", "private", "implementing"]
DueDiligenceState = Literal["not-started", "under-review", "cleared", "refused", "expired"]
DueDiligenceAction = Literal["begin", "clear", "refuse", "expire", "reopen"]
PledgeState = Literal["open", "converted", "withdrawn"]
PledgeAction = Literal["convert", "withdraw"]

PositiveAmount = Annotated[Amount, Field(gt=0)]
Day = date


class EarmarkingScope(Contract):
    """What money may be spent on; an empty list restricts nothing.

    A place fits if its country is among ``countries`` or its region among ``regions``; ``programme_outcomes`` are codes
    of a programme and budget, whatever the biennium.
    """

    programme_outcomes: tuple[ItemCode, ...] = ()
    countries: tuple[CountryCode, ...] = ()
    regions: tuple[ItemCode, ...] = ()


class PartnerProfile(Contract):
    """What is known of a partner beside its organisation file: since when it contributes, and what it is interested in.

    ``first_contribution`` is told where it was before any receipt that is recorded here.
    """

    organisation_identifier: Identifier
    names: Titles
    type: Code | None = None
    sample: bool = False
    first_contribution: date | None = None
    interests: EarmarkingScope = EarmarkingScope()
    kinds: tuple[AgreementKind, ...] = ()


class AgreementPartner(Contract):
    """A partner of an agreement and what it is in it: of a triangular one provider, pivot or beneficiary."""

    organisation: Organisation
    role: PartnerRole
    country: CountryCode | None = None


class Tranche(Contract):
    """A part of the agreed amount, in its currency, that is due on a day."""

    number: Annotated[int, Field(ge=1, le=1_000_000)]
    due_on: date
    amount: PositiveAmount
    conditions: Narratives = ()


class ReportingDuty(Contract):
    """A report that is owed to the partners, and when it was delivered."""

    code: ItemCode
    kind: Literal["progress", "financial", "final", "audit"]
    due_on: date
    delivered_on: date | None = None


class AllocationTarget(Contract):
    """What money is allocated to: an activity, an outcome, or both.

    ``item`` is the item of the outcome's work plan where it is a global product.
    """

    activity: Identifier | None = None
    programme_outcome: ProgrammeOutcomeLink | None = None
    country_outcome: CountryOutcomeLink | None = None
    item: ItemCode | None = None


class Allocation(AllocationTarget):
    """An amount, in the currency of its source, that was allocated by a decision."""

    code: ItemCode
    amount: PositiveAmount
    decided_on: date
    by: Annotated[Identifier, DECIDER]
    reasons: Annotated[Sentence | None, WORDS] = None
    scenario: Identifier | None = None


class MoneyReceipt(Contract):
    """Money that came in for a tranche, in the currency of the agreement."""

    reference: ItemCode
    tranche: int
    received_on: date
    amount: PositiveAmount


class Amendment(Contract):
    """A change of a signed agreement; ``members`` are those that changed, with amount and end before and after."""

    number: int
    signed_on: date
    reasons: Annotated[Sentence, WORDS]
    by: Annotated[Identifier, DECIDER]
    at: AwareDatetime
    members: tuple[ItemCode, ...]
    amount_before: Amount | None = None
    amount_after: Amount | None = None
    end_before: Day | None = None
    end_after: Day | None = None


class DueDiligence(Contract):
    """Where the scrutiny of a private partner stands."""

    partner: Identifier
    state: DueDiligenceState = "not-started"
    valid_to: Day | None = None
    history: tuple[TakenStep, ...] = ()


class Agreement(Contract):
    """A partnership agreement, from draft to completion.

    ``earmarking`` follows from the aid types. ``pool`` is the code of the pool that it contributes to, as RBSA;
    ``proposals`` are those that it funds.
    """

    number: Identifier
    titles: Titles
    kind: AgreementKind
    sample: bool = False
    partners: Annotated[tuple[AgreementPartner, ...], Field(min_length=1, max_length=200)]
    signed_on: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    amount: Money | None = None
    tranches: tuple[Tranche, ...] = ()
    aid_types: tuple[AidType, ...] = ()
    earmarking: Earmarking | None = None
    scope: EarmarkingScope = EarmarkingScope()
    collaboration_type: Code | None = None
    pool: ItemCode | None = None
    proposals: tuple[Identifier, ...] = ()
    conditions: Narratives = ()
    reporting_duties: tuple[ReportingDuty, ...] = ()
    support_cost_rate: Percentage | None = None
    state: AgreementState = "draft"
    receipts: tuple[MoneyReceipt, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    due_diligence: tuple[DueDiligence, ...] = ()
    history: tuple[TakenStep, ...] = ()


class Pool(Contract):
    """An un-earmarked account for a biennium, as the Regular Budget Supplementary Account, and what was decided on it.

    What is in it follows from the agreements that contribute to it. ``countries`` are those that are eligible, all where
    none is named. ``allocations`` are the owner's.
    """

    code: ItemCode
    biennium: BienniumLabel
    titles: Titles
    sample: bool = False
    currency: CurrencyCode
    target: PositiveAmount | None = None
    carried_over: Annotated[Amount, Field(ge=0)] | None = None
    countries: tuple[CountryCode, ...] = ()
    allocations: tuple[Allocation, ...] = ()

    @property
    def identifier(self) -> str:
        """The name of the pool of a biennium, as in ``RBSA/2024-25``."""
        return f"{self.code}/{self.biennium}"


class Pledge(Contract):
    """What a partner said it would give. It binds nobody, and closes no gap without its probability being seen."""

    identifier: Identifier
    partner: Organisation
    sample: bool = False
    amount: Money
    pledged_on: date
    biennium: BienniumLabel | None = None
    probability: Percentage | None = None
    scope: EarmarkingScope = EarmarkingScope()
    pool: ItemCode | None = None
    state: PledgeState = "open"
    agreement: Identifier | None = None
    history: tuple[TakenStep, ...] = ()


class MobilisationTarget(Contract):
    """What is to be mobilised in a biennium, in all or for an outcome, a region or a kind of agreement.

    It is reached by the amounts of agreements signed in the biennium (approvals) or by receipts.
    """

    biennium: BienniumLabel
    code: ItemCode
    titles: Titles
    sample: bool = False
    amount: Money
    measured_by: Literal["approvals", "receipts"] = "approvals"
    programme_outcome: ItemCode | None = None
    region: ItemCode | None = None
    kind: AgreementKind | None = None

    @property
    def identifier(self) -> str:
        """The name of the target, as in ``2010-11/ALL``."""
        return f"{self.biennium}/{self.code}"
