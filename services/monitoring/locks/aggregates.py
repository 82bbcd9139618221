"""The aggregate of locks."""

from services.monitoring.locks.domain import faults_of_lock, period_lock_columns
from services.monitoring.models import Copy, PeriodLockRow
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import PERIOD_LOCK
from shared.contracts.ids import period_lock_id
from shared.contracts.monitoring.v1 import PeriodLock

PERIOD_LOCKS = Aggregate(
    noun="period-lock",
    model=PeriodLockRow,
    contract=PeriodLock,
    facts=PERIOD_LOCK,
    identifier=lambda lock: lock.identifier,
    id_of=period_lock_id,
    columns=period_lock_columns,
    faults=faults_of_lock,
    projects=Copy,
)
