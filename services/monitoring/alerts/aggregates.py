"""The alerts of the monitoring service."""

from services.monitoring.alerts.domain import alert_columns
from services.monitoring.models import AlertRow, Copy
from shared.chassis.documents import Aggregate
from shared.contracts.alerts import Alert
from shared.contracts.catalog import MONITORING_ALERT
from shared.contracts.ids import alert_id

ALERTS = Aggregate(
    noun="alert",
    model=AlertRow,
    contract=Alert,
    facts=MONITORING_ALERT,
    identifier=lambda alert: alert.identifier,
    id_of=alert_id,
    columns=alert_columns,
    projects=Copy,
)
