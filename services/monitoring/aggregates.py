"""The aggregate that the monitoring service keeps."""

from services.monitoring.domain import framework_columns, with_readings
from services.monitoring.faults import faults_of_framework
from services.monitoring.models import FrameworkRow
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import FRAMEWORK
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import ResultsFramework

FRAMEWORKS = Aggregate(
    noun="framework",
    model=FrameworkRow,
    contract=ResultsFramework,
    facts=FRAMEWORK,
    identifier=lambda framework: framework.iati_identifier,
    id_of=activity_id,
    columns=framework_columns,
    derive=with_readings,
    faults=faults_of_framework,
)
