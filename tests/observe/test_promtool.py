"""Prometheus' own tool takes its configuration, the rules, their cases, and what the dashboards ask for."""

import subprocess
from pathlib import Path

import yaml

from tests.observe.queries import CASES, OBSERVE, RULES, queries

SECONDS = 300


def promtool(*arguments: str) -> str:
    """Run promtool, and return what it prints."""
    done = subprocess.run(  # noqa: S603
        ["promtool", *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_and_the_rules_are_valid():
    """The key that it names is in no checkout, so what is named is not looked for; another test does."""
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", str(OBSERVE / "prometheus.yml"))
    assert "SUCCESS" in promtool("check", "rules", str(RULES))


def test_alerts_fire_when_they_should_and_not_otherwise():
    assert "SUCCESS" in promtool("test", "rules", str(CASES))


def test_what_dashboards_ask_for_is_promql(tmp_path: Path):
    asked = [{"record": f"panel:{place}", "expr": query.expression} for place, query in enumerate(queries())]
    page = tmp_path / "asked.yml"
    page.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": asked}]}), encoding="utf-8")
    assert f"{len(asked)} rules found" in promtool("check", "rules", str(page))
