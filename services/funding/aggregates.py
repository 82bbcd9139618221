"""The aggregates that the funding service keeps."""

from datetime import UTC, datetime

from services.funding.domain import finance_columns, partner_columns, rate_sheet_columns, with_earmarking
from services.funding.faults import faults_of_finance, faults_of_partner, faults_of_rates
from services.funding.models import Copy, FinanceRow, PartnerRow, RateSheetRow
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import FINANCE, PARTNER, RATES
from shared.contracts.funding.v1 import ActivityFinance, Partner, RateSheet
from shared.contracts.ids import activity_id, partner_id, rate_sheet_id

FINANCES = Aggregate(
    noun="finance",
    model=FinanceRow,
    contract=ActivityFinance,
    facts=FINANCE,
    identifier=lambda finance: finance.iati_identifier,
    id_of=activity_id,
    columns=finance_columns,
    derive=with_earmarking,
    faults=lambda finance: faults_of_finance(finance, datetime.now(UTC).date()),
    projects=Copy,
)

PARTNERS = Aggregate(
    noun="partner",
    model=PartnerRow,
    contract=Partner,
    facts=PARTNER,
    identifier=lambda partner: partner.organisation_identifier,
    id_of=partner_id,
    columns=partner_columns,
    faults=faults_of_partner,
)

RATE_SHEETS = Aggregate(
    noun="rates",
    model=RateSheetRow,
    contract=RateSheet,
    facts=RATES,
    identifier=lambda sheet: sheet.identifier,
    id_of=rate_sheet_id,
    columns=rate_sheet_columns,
    faults=faults_of_rates,
)
