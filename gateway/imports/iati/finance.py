"""The money of an ``iati-activity``: budgets, planned disbursements, transactions and the additions of the OECD."""

from lxml.etree import _Element as Element

from gateway.imports.iati import parts
from gateway.imports.iati.findings import Findings
from gateway.imports.iati.shapes import (
    Fields,
    Many,
    One,
    Shape,
    attribute,
    code_attribute,
    code_or_none_attribute,
    coded_text,
    date_attribute,
    narratives,
    number,
)
from gateway.imports.iati.values import boolean, code, code_or_none, day, decimal, string_or_none

_AID_TYPE = Shape({**parts.CODE, "vocabulary": ("vocabulary", code_or_none)})
_PERIOD = {
    "period-start": One("period_start", date_attribute),
    "period-end": One("period_end", date_attribute),
    "value": One("value", parts.money),
}


def _check_planned(element: Element, fields: Fields, findings: Findings) -> None:
    parts.check_period(element, fields["period_start"], fields.get("period_end"), findings)


def _check_transaction(element: Element, fields: Fields, findings: Findings) -> None:
    """Flag a transaction that is dated later than today."""
    told = fields["date"]
    if told is not None and told > findings.today:
        findings.notice("future-transaction-date", f"The transaction is dated {told}.", element)


_transaction = Shape(
    {"ref": ("ref", string_or_none), "humanitarian": ("humanitarian", boolean)},
    {
        "transaction-type": One("type", code_attribute),
        "transaction-date": One("date", date_attribute),
        "value": One("value", parts.money),
        "description": One("descriptions", narratives),
        "provider-org": One("provider", parts.provider),
        "receiver-org": One("receiver", parts.receiver),
        "disbursement-channel": One("disbursement_channel", code_or_none_attribute),
        "sector": Many("sectors", parts.vocabulary_code),
        "recipient-country": One("recipient_country", parts.vocabulary_code),
        "recipient-region": One("recipient_region", parts.vocabulary_code),
        "flow-type": One("flow_type", code_or_none_attribute),
        "finance-type": One("finance_type", code_or_none_attribute),
        "aid-type": Many("aid_types", _AID_TYPE),
        "tied-status": One("tied_status", code_or_none_attribute),
    },
    check=_check_transaction,
)
_loan_terms = Shape(
    {"rate-1": ("rate_1", decimal), "rate-2": ("rate_2", decimal)},
    {
        "repayment-type": One("repayment_type", code_or_none_attribute),
        "repayment-plan": One("repayment_plan", code_or_none_attribute),
        "commitment-date": One("commitment_date", date_attribute),
        "repayment-first-date": One("repayment_first_date", date_attribute),
        "repayment-final-date": One("repayment_final_date", date_attribute),
    },
)
_loan_status = Shape(
    {"year": ("year", decimal), "currency": ("currency", parts.currency), "value-date": ("value_date", day)},
    {
        "interest-received": One("interest_received", number),
        "principal-outstanding": One("principal_outstanding", number),
        "principal-arrears": One("principal_arrears", number),
        "interest-arrears": One("interest_arrears", number),
    },
)


def _loan_status_in_currency(element: Element, findings: Findings) -> Fields:
    """Return the state of a loan, its amounts in its own currency or else the default one."""
    fields = _loan_status(element, findings)
    if fields.get("currency") is None:
        fields["currency"] = findings.currency
    return fields


def _forecast(element: Element, findings: Findings) -> Fields:
    """Return a forecast: the element is its own value."""
    return {
        "year": attribute("year", decimal)(element, findings),
        "value": parts.money(element, findings),
    }


_forward_spending = Shape(
    {
        "extraction-date": ("extraction_date", day),
        "priority": ("priority", boolean),
        "phaseout-year": ("phaseout_year", decimal),
    },
    {"forecast": Many("forecasts", _forecast)},
)
_budget_item = Shape(
    {**parts.CODE, "percentage": ("percentage", decimal)}, {"description": One("descriptions", narratives)}
)

CHILDREN: dict[str, One | Many] = {
    "default-flow-type": One("default_flow_type", code_or_none_attribute),
    "default-finance-type": One("default_finance_type", code_or_none_attribute),
    "default-aid-type": Many("default_aid_types", _AID_TYPE),
    "default-tied-status": One("default_tied_status", code_or_none_attribute),
    "budget": Many(
        "budgets",
        Shape(
            {"type": ("type", code_or_none), "status": ("status", code_or_none)},
            _PERIOD,
            check=parts.check_budget,
        ),
    ),
    "planned-disbursement": Many(
        "planned_disbursements",
        Shape(
            {"type": ("type", code_or_none)},
            {
                **_PERIOD,
                "provider-org": One("provider", parts.provider),
                "receiver-org": One("receiver", parts.receiver),
            },
            check=_check_planned,
        ),
    ),
    "capital-spend": One("capital_spend", attribute("percentage", decimal)),
    "transaction": Many("transactions", _transaction),
    "country-budget-items": One(
        "country_budget_items",
        Shape({"vocabulary": ("vocabulary", code)}, {"budget-item": Many("items", _budget_item)}),
    ),
    "crs-add": One(
        "crs_additions",
        Shape(
            {},
            {
                "other-flags": Many(
                    "other_flags", Shape({**parts.CODE, "significance": ("significance", boolean)})
                ),
                "loan-terms": One("loan_terms", _loan_terms),
                "loan-status": One("loan_status", _loan_status_in_currency),
                "channel-code": One("channel_code", coded_text),
            },
        ),
    ),
    "fss": One("forward_spending", _forward_spending),
}
