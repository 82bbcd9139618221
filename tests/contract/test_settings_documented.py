"""Every setting of every service is in the table of docs/operations.md, and the table tells of no other."""

import re
from pathlib import Path

import pytest

from gateway.settings import Settings as GatewaySettings
from services.funding.settings import Settings as FundingSettings
from services.monitoring.settings import Settings as MonitoringSettings
from services.projects.settings import Settings as ProjectsSettings
from shared.chassis.settings import ServiceSettings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
SETTINGS: tuple[type[ServiceSettings], ...] = (
    ProjectsSettings,
    FundingSettings,
    MonitoringSettings,
    GatewaySettings,
)


def _documented() -> set[str]:
    return set(re.findall(r"^\| `(DEVCOOP_[A-Z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def _names(settings: type[ServiceSettings]) -> set[str]:
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper() for name in settings.model_fields}


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda each: each.__module__)
def test_each_setting_of_a_service_is_documented(settings: type[ServiceSettings]):
    assert _names(settings) - _documented() == set()


def test_nothing_is_documented_that_no_service_reads():
    assert _documented() - set().union(*(_names(settings) for settings in SETTINGS)) == set()
