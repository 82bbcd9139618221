"""The aggregate that the projects service keeps."""

from services.projects.domain import faults_of_activity, filter_columns
from services.projects.models import ActivityRow
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import ACTIVITY
from shared.contracts.ids import activity_id
from shared.contracts.projects.v1 import Activity

ACTIVITIES = Aggregate(
    noun="activity",
    model=ActivityRow,
    contract=Activity,
    facts=ACTIVITY,
    identifier=lambda activity: activity.iati_identifier,
    id_of=activity_id,
    columns=filter_columns,
    faults=faults_of_activity,
)
