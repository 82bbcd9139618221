"""Everything that the rules and the dashboards of deploy/observe ask Prometheus for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.observe.promql import groupings, selectors

ROOT = Path(__file__).resolve().parents[2]
OBSERVE = ROOT / "deploy" / "observe"
RULES = OBSERVE / "rules" / "devcoop.yml"
CASES = OBSERVE / "rules" / "devcoop.test.yml"
DASHBOARDS = sorted((OBSERVE / "grafana" / "dashboards").glob("*.json"))

OF_PROMETHEUS = {"up", "ALERTS"}
"""Metrics that Prometheus makes itself."""
TARGET_LABELS = {"job", "instance"}
"""Labels that Prometheus gives to all that it scrapes."""


@dataclass(frozen=True, slots=True)
class Query:
    """An expression and where it stands."""

    place: str
    expression: str


def load(path: Path) -> Any:
    """Return what a file of YAML or JSON holds."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def rules(kind: str) -> list[dict[str, Any]]:
    """Return the rules that make an ``alert`` or a ``record``."""
    return [rule for group in load(RULES)["groups"] for rule in group["rules"] if kind in rule]


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Return the panels of all dashboards, each with its place."""
    return [
        (f"{path.stem}: {panel['title']}", panel) for path in DASHBOARDS for panel in load(path)["panels"]
    ]


def queries() -> list[Query]:
    """Return every expression of PromQL: those of the rules, and those of the panels that ask Prometheus."""
    found = [
        Query(f"{kind} {rule[kind]}", rule["expr"]) for kind in ("record", "alert") for rule in rules(kind)
    ]
    for place, panel in panels():
        if panel["datasource"]["uid"] == "prometheus":
            found += [Query(place, target["expr"]) for target in panel["targets"]]
    return found


def scraped() -> dict[str, set[str]]:
    """Return the metrics that processes have to export, with the labels that queries choose or group them by."""
    recorded = {rule["record"] for rule in rules("record")}
    found: dict[str, set[str]] = {}
    for query in queries():
        for name, labels in selectors(query.expression):
            if name not in OF_PROMETHEUS | recorded:
                found.setdefault(name, set()).update(labels - TARGET_LABELS)
    return found


def ungrouped(query: Query, labels: dict[str, set[str]]) -> set[str]:
    """Return the labels that a query groups by and none of its metrics has; ``labels`` are those that metrics have."""
    named = {name for name, _ in selectors(query.expression)}
    if not named & labels.keys():
        return set()
    known = set().union(*(labels.get(name, set()) for name in named)) | TARGET_LABELS
    return groupings(query.expression) - known
