"""The aggregate of alerts about money, which nobody writes but the watch."""

from services.funding.models import AlertRow, Copy
from shared.chassis.documents import Aggregate
from shared.contracts.alerts import Alert
from shared.contracts.catalog import FUNDING_ALERT
from shared.contracts.ids import alert_id

ALERTS = Aggregate(
    noun="alert",
    model=AlertRow,
    contract=Alert,
    facts=FUNDING_ALERT,
    identifier=lambda alert: alert.identifier,
    id_of=alert_id,
    columns=lambda alert: {
        "kind": alert.kind,
        "state": alert.state,
        "subject": alert.subject.identifier,
    },
    projects=Copy,
)
