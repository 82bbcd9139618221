"""Every combination of Compose files is valid, and what they run is confined."""

from pathlib import Path

import pytest
import yaml

from shared.contracts.snapshots import ROOT
from tests.compose.engine import Engine
from tests.compose.installation import Installation

CLUSTER, OBSERVE = "deploy/compose.cluster.yml", "deploy/compose.observe.yml"
COMBINATIONS = [("docker-compose.override.yml",), (CLUSTER,), (OBSERVE,), (CLUSTER, OBSERVE)]
NEVER_ROOT = ("0", "root")


def config(overlays: tuple[str, ...], folder: Path) -> dict[str, dict[str, object]]:
    """Return what docker-compose makes of files; it needs no engine for that."""
    told = Installation(Engine("unix:///nowhere"), folder, "config", overlays)
    services: dict[str, dict[str, object]] = yaml.safe_load(told.compose("config").stdout)["services"]
    return services


@pytest.mark.parametrize("overlays", COMBINATIONS, ids=["alone", "cluster", "observe", "both"])
def test_files_are_valid_and_confine_what_they_run(overlays: tuple[str, ...], tmp_path: Path):
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert "USER 10001:10001" in dockerfile
    for name, service in config(overlays, tmp_path).items():
        ours = str(service["image"]).startswith("devcoop:")
        assert ours or str(service.get("user", "0")).split(":")[0] not in NEVER_ROOT, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert not service.get("privileged"), name
        assert not str(service["image"]).endswith(":latest"), name
        assert ":" in str(service["image"]), name
        told = service.get("environment", {})
        assert isinstance(told, dict)
        assert not any("PASSWORD" in variable and not variable.endswith("_FILE") for variable in told), name
