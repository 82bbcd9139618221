"""Types of ActivityFinance, Transaction; written by ``python -m client.generate``."""

from typing import Literal, NotRequired, TypedDict


class AidType(TypedDict):
    """An aid type; vocabulary 1 OECD DAC, 2 earmarking category, 3 earmarking modality, 4 cash."""

    code: str
    vocabulary: NotRequired[str | None]


class Narrative(TypedDict):
    """Text in one language; ``lang`` is None where the publisher's default language applies."""

    lang: NotRequired[str | None]
    text: str


class BudgetItem(TypedDict):
    """A share of the budget that falls under one item of the recipient's own budget."""

    code: str
    descriptions: NotRequired[list[Narrative]]
    percentage: NotRequired[str | None]


class CountryBudgetItems(TypedDict):
    """The recipient country's budget classification of the activity."""

    items: NotRequired[list[BudgetItem]]
    vocabulary: str


class LoanStatus(TypedDict):
    """State of a loan in a year."""

    currency: NotRequired[str | None]
    interest_arrears: NotRequired[str | None]
    interest_received: NotRequired[str | None]
    principal_arrears: NotRequired[str | None]
    principal_outstanding: NotRequired[str | None]
    value_date: NotRequired[str | None]
    year: str


class LoanTerms(TypedDict):
    """Terms of a loan."""

    commitment_date: NotRequired[str | None]
    rate_1: NotRequired[str | None]
    rate_2: NotRequired[str | None]
    repayment_final_date: NotRequired[str | None]
    repayment_first_date: NotRequired[str | None]
    repayment_plan: NotRequired[str | None]
    repayment_type: NotRequired[str | None]


class OtherFlag(TypedDict):
    """A flag of the CRS++ additions."""

    code: str
    significance: bool


class CrsAdditions(TypedDict):
    """Additional items of OECD CRS++ reporting."""

    channel_code: NotRequired[str | None]
    loan_status: NotRequired[LoanStatus | None]
    loan_terms: NotRequired[LoanTerms | None]
    other_flags: NotRequired[list[OtherFlag]]


class Earmarking(TypedDict):
    """How tightly a contribution is earmarked, and which of the reported codes says so.

    ``category`` is the IATI EarmarkingCategory: 1 un-earmarked, 2 softly, 3 earmarked, 4 tightly.
    """

    basis: Literal["category", "modality", "aid-type"]
    category: Literal["1", "2", "3", "4"]
    modality: NotRequired[str | None]


class MoneyInput(TypedDict):
    """An amount with its currency and the date that fixes its exchange rate.

    ``currency`` is None only where neither the value nor the activity states one.
    """

    amount: str
    currency: NotRequired[str | None]
    value_date: NotRequired[str | None]


class Forecast(TypedDict):
    """Spending forecast of one year."""

    value: MoneyInput
    year: str


class ForwardSpending(TypedDict):
    """Answers to the OECD forward spending survey."""

    extraction_date: str
    forecasts: NotRequired[list[Forecast]]
    phaseout_year: NotRequired[str | None]
    priority: NotRequired[bool | None]


class PeriodBudget(TypedDict):
    """A budget of a period; type 1 original or 2 revised, status 1 indicative or 2 committed."""

    period_end: str
    period_start: str
    status: NotRequired[str | None]
    type: NotRequired[str | None]
    value: MoneyInput


class TransactionOrganisation(TypedDict):
    """Provider or receiver of money, with the activity at that end of the transaction."""

    activity_id: NotRequired[str | None]
    names: NotRequired[list[Narrative]]
    ref: NotRequired[str | None]
    type: NotRequired[str | None]


class PlannedDisbursement(TypedDict):
    """A disbursement planned for a period, between named organisations where known."""

    period_end: NotRequired[str | None]
    period_start: str
    provider: NotRequired[TransactionOrganisation | None]
    receiver: NotRequired[TransactionOrganisation | None]
    type: NotRequired[str | None]
    value: MoneyInput


class VocabularyCode(TypedDict):
    """A code of a vocabulary, with the narratives that a publisher's own vocabulary needs."""

    code: str
    narratives: NotRequired[list[Narrative]]
    vocabulary: NotRequired[str | None]
    vocabulary_uri: NotRequired[str | None]


class Transaction(TypedDict):
    """Money that was committed, pledged or moved; ``type`` is the IATI TransactionType (1 to 13)."""

    aid_types: NotRequired[list[AidType]]
    date: str
    descriptions: NotRequired[list[Narrative]]
    disbursement_channel: NotRequired[str | None]
    earmarking: NotRequired[Earmarking | None]
    finance_type: NotRequired[str | None]
    flow_type: NotRequired[str | None]
    humanitarian: NotRequired[bool | None]
    provider: NotRequired[TransactionOrganisation | None]
    receiver: NotRequired[TransactionOrganisation | None]
    recipient_country: NotRequired[VocabularyCode | None]
    recipient_region: NotRequired[VocabularyCode | None]
    ref: NotRequired[str | None]
    sectors: NotRequired[list[VocabularyCode]]
    tied_status: NotRequired[str | None]
    type: str
    value: MoneyInput


class ActivityFinance(TypedDict):
    """The money of an IATI activity: the part that ``funding`` owns.

    ``earmarking`` here and on a transaction is derived by the service from the aid types; what a
    caller sends there is ignored.
    """

    budgets: NotRequired[list[PeriodBudget]]
    capital_spend: NotRequired[str | None]
    country_budget_items: NotRequired[CountryBudgetItems | None]
    crs_additions: NotRequired[CrsAdditions | None]
    default_aid_types: NotRequired[list[AidType]]
    default_currency: NotRequired[str | None]
    default_finance_type: NotRequired[str | None]
    default_flow_type: NotRequired[str | None]
    default_tied_status: NotRequired[str | None]
    earmarking: NotRequired[Earmarking | None]
    forward_spending: NotRequired[ForwardSpending | None]
    iati_identifier: str
    planned_disbursements: NotRequired[list[PlannedDisbursement]]
    transactions: NotRequired[list[Transaction]]
