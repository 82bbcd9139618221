"""The aggregates that the funding service keeps."""

from services.funding.domain import finance_columns, partner_columns, with_earmarking
from services.funding.models import FinanceRow, PartnerRow
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import FINANCE, PARTNER
from shared.contracts.funding.v1 import ActivityFinance, Partner
from shared.contracts.ids import activity_id, partner_id

FINANCES = Aggregate(
    noun="finance",
    model=FinanceRow,
    contract=ActivityFinance,
    facts=FINANCE,
    identifier=lambda finance: finance.iati_identifier,
    id_of=activity_id,
    columns=finance_columns,
    derive=with_earmarking,
)

PARTNERS = Aggregate(
    noun="partner",
    model=PartnerRow,
    contract=Partner,
    facts=PARTNER,
    identifier=lambda partner: partner.organisation_identifier,
    id_of=partner_id,
    columns=partner_columns,
)
