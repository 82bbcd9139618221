"""The aggregate that the monitoring service keeps."""

from dataclasses import replace

from services.monitoring.domain import framework_columns, with_readings
from services.monitoring.faults import faults_of_framework
from services.monitoring.locks.held import faults_of_locked_values
from services.monitoring.models import Copy, FrameworkRow
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import FRAMEWORK
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import ResultsFramework

REPORTED_FRAMEWORKS = Aggregate(
    noun="framework",
    model=FrameworkRow,
    contract=ResultsFramework,
    facts=FRAMEWORK,
    identifier=lambda framework: framework.iati_identifier,
    id_of=activity_id,
    columns=framework_columns,
    derive=with_readings,
    faults=faults_of_framework,
    projects=Copy,
)
"""Frameworks as use cases change them that look at locks themselves, because somebody may have leave."""

FRAMEWORKS = replace(REPORTED_FRAMEWORKS, faults_beside=faults_of_locked_values)
