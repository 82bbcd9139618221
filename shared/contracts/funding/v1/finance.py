"""Contract of ``services/funding``: the money of an activity, and partner organisations."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from shared.contracts.base import Contract
from shared.contracts.iati import (
    Amount,
    Code,
    Document,
    Money,
    Narratives,
    Organisation,
    ReportingOrganisation,
    TransactionOrganisation,
    VocabularyCode,
)
from shared.contracts.ids import Identifier


class AidType(Contract):
    """An aid type; vocabulary 1 OECD DAC, 2 earmarking category, 3 earmarking modality, 4 cash."""

    code: Code
    vocabulary: Code | None = None


class Earmarking(Contract):
    """How tightly a contribution is earmarked, and which of the reported codes says so.

    ``category`` is the IATI EarmarkingCategory: 1 un-earmarked, 2 softly, 3 earmarked, 4 tightly.
    """

    category: Literal["1", "2", "3", "4"]
    modality: str | None = None
    basis: Literal["category", "modality", "aid-type"]


class PeriodBudget(Contract):
    """A budget of a period; type 1 original or 2 revised, status 1 indicative or 2 committed."""

    type: Code | None = None
    status: Code | None = None
    period_start: date
    period_end: date
    value: Money


class PlannedDisbursement(Contract):
    """A disbursement planned for a period, between named organisations where known."""

    type: Code | None = None
    period_start: date
    period_end: date | None = None
    value: Money
    provider: TransactionOrganisation | None = None
    receiver: TransactionOrganisation | None = None


class Transaction(Contract):
    """Money that was committed, pledged or moved; ``type`` is the IATI TransactionType (1 to 13)."""

    type: Code
    date: date
    value: Money
    ref: str | None = None
    humanitarian: bool | None = None
    descriptions: Narratives = ()
    provider: TransactionOrganisation | None = None
    receiver: TransactionOrganisation | None = None
    disbursement_channel: Code | None = None
    sectors: tuple[VocabularyCode, ...] = ()
    recipient_country: VocabularyCode | None = None
    recipient_region: VocabularyCode | None = None
    flow_type: Code | None = None
    finance_type: Code | None = None
    aid_types: tuple[AidType, ...] = ()
    tied_status: Code | None = None
    earmarking: Earmarking | None = None


class BudgetItem(Contract):
    """A share of the budget that falls under one item of the recipient's own budget."""

    code: Code
    percentage: Amount | None = None
    descriptions: Narratives = ()


class CountryBudgetItems(Contract):
    """The recipient country's budget classification of the activity."""

    vocabulary: Code
    items: tuple[BudgetItem, ...] = ()


class OtherFlag(Contract):
    """A flag of the CRS++ additions."""

    code: Code
    significance: bool


class LoanTerms(Contract):
    """Terms of a loan."""

    rate_1: Amount | None = None
    rate_2: Amount | None = None
    repayment_type: Code | None = None
    repayment_plan: Code | None = None
    commitment_date: date | None = None
    repayment_first_date: date | None = None
    repayment_final_date: date | None = None


class LoanStatus(Contract):
    """State of a loan in a year."""

    year: Amount
    currency: Code | None = None
    value_date: date | None = None
    interest_received: Amount | None = None
    principal_outstanding: Amount | None = None
    principal_arrears: Amount | None = None
    interest_arrears: Amount | None = None


class CrsAdditions(Contract):
    """Additional items of OECD CRS++ reporting."""

    other_flags: tuple[OtherFlag, ...] = ()
    loan_terms: LoanTerms | None = None
    loan_status: LoanStatus | None = None
    channel_code: Code | None = None


class Forecast(Contract):
    """Spending forecast of one year."""

    year: Amount
    value: Money


class ForwardSpending(Contract):
    """Answers to the OECD forward spending survey."""

    extraction_date: date
    priority: bool | None = None
    phaseout_year: Amount | None = None
    forecasts: tuple[Forecast, ...] = ()


class ActivityFinance(Contract):
    """The money of an IATI activity: the part that ``funding`` owns.

    ``earmarking`` here and on a transaction is derived by the service from the aid types; what a
    caller sends there is ignored.
    """

    iati_identifier: Identifier
    default_currency: Code | None = None
    default_flow_type: Code | None = None
    default_finance_type: Code | None = None
    default_aid_types: tuple[AidType, ...] = ()
    default_tied_status: Code | None = None
    earmarking: Earmarking | None = None
    budgets: tuple[PeriodBudget, ...] = ()
    planned_disbursements: tuple[PlannedDisbursement, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    capital_spend: Amount | None = None
    country_budget_items: CountryBudgetItems | None = None
    crs_additions: CrsAdditions | None = None
    forward_spending: ForwardSpending | None = None


class BudgetLine(Contract):
    """One line of a partner's budget or expenditure."""

    ref: str | None = None
    value: Money
    narratives: Narratives = ()


class PartnerBudget(Contract):
    """A budget or expenditure of a whole organisation.

    ``kind`` tells which: its total, what it plans for one organisation, region or country, or its
    total expenditure; the recipient that belongs to the kind is set.
    """

    kind: Literal["total", "recipient-org", "recipient-region", "recipient-country", "expenditure"]
    status: Code | None = None
    period_start: date
    period_end: date
    value: Money
    recipient_organisation: Organisation | None = None
    recipient_region: VocabularyCode | None = None
    recipient_country: VocabularyCode | None = None
    lines: tuple[BudgetLine, ...] = ()


class Partner(Contract):
    """A partner organisation: donor, implementer or both, as its IATI organisation file tells."""

    organisation_identifier: Identifier
    names: Narratives
    type: Code | None = None
    reporting_organisation: ReportingOrganisation | None = None
    default_currency: Code | None = None
    language: Code | None = None
    last_updated: AwareDatetime | None = None
    budgets: tuple[PartnerBudget, ...] = ()
    documents: tuple[Document, ...] = ()
