"""A process of a service does not start by settings that are unsafe, and says all that is wrong with them."""

import pytest

from deploy.local.processes import run_command

REQUIRED = {
    "DEVCOOP_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/none",
    "DEVCOOP_NATS_URL": "nats://127.0.0.1:1",
    "DEVCOOP_CURSOR_KEY": "k" * 32,
}
SERVICES = {
    "projects": "services.projects.main",
    "funding": "services.funding.main",
    "monitoring": "services.monitoring.main",
    "gateway": "gateway.main",
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_does_not_start_by_unsafe_settings(service):
    done = run_command(SERVICES[service], (), REQUIRED, seconds=60)
    assert (done.status, done.output) == (78, "")
    first, *lines = done.error.splitlines()
    assert first == f"{service} does not start by these settings:"
    assert [line.split(":")[0] for line in lines] == [
        f"- DEVCOOP_{name}" for name in ("DATABASE_PASSWORD", "CURSOR_KEY", "NATS_SEED", "ISSUERS")
    ]


def test_in_development_it_gets_as_far_as_the_database():
    environment = {**REQUIRED, "DEVCOOP_ENVIRONMENT": "development"}
    done = run_command(SERVICES["projects"], (), environment, seconds=60)
    assert done.status == 3
    assert "does not start by these settings" not in done.error
