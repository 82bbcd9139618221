"""The manifests of Kubernetes: taken by its schemas, and right for the processes that they start.

No cluster and no kubectl is needed. Each kind of fault is also made on purpose, to see that it is found.
"""

import copy
import json
import re
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.nats_access import USERS
from gateway.main import SERVICE as GATEWAY
from gateway.settings import Settings as GatewaySettings
from shared.chassis.app import create_app
from shared.chassis.bus import MAX_PAYLOAD_BYTES
from shared.chassis.telemetry import PROBES
from tests.contract.manifests import (
    FOLDER,
    NAME,
    ROOT,
    SETTINGS,
    Document,
    built,
    component,
    documents,
    environment,
    faults,
    kustomization,
    of_kind,
    pod,
    pod_faults,
    secret_files,
    selects,
    setting_faults,
    workloads,
)

VERSIONS = ("1.29", "1.33", "1.37")
PROCESSES = ("projects", "funding", "monitoring", "gateway", "projector", "importer", "webhooks")
PAGE = ROOT / "docs" / "deployment.md"
KUSTOMIZED = sorted(path.parent for path in FOLDER.rglob("kustomization.yaml"))
APPLIED = ("base", "migrate", "production", "production/migrate")
RESERVED_CONNECTIONS = 20
"""For the superuser, replication, ops commands and whoever looks."""
OTHER_DEFINITIONS = {"postgresql.cnpg.io/v1"}
"""Kinds of an operator, which the schemas of Kubernetes do not know."""


@pytest.fixture(scope="module")
def production() -> list[Document]:
    return built(FOLDER / "production")


def _own(folder: Path) -> list[Document]:
    return [
        document
        for file in sorted(folder.rglob("*.yaml"))
        if file.name not in ("kustomization.yaml", "nats-values.yaml")
        for document in documents(file)
        if document["apiVersion"] not in OTHER_DEFINITIONS
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_document_is_valid(version: str):
    for document in [*_own(FOLDER), *built(FOLDER / "production")]:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_member_that_kubernetes_does_not_know_is_noticed(version: str):
    (deployment, *_) = documents(FOLDER / "base" / "projects.yaml")
    deployment["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, version, strict=True)


@pytest.mark.parametrize("folder", KUSTOMIZED, ids=lambda folder: folder.relative_to(FOLDER).as_posix())
def test_a_kustomization_lists_every_file_beside_it_and_no_other(folder: Path):
    listed = {name for name in kustomization(folder).get("resources", ()) if name.endswith(".yaml")}
    there = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml", "nats-values.yaml"}
    assert listed == there


@pytest.mark.parametrize("folder", APPLIED)
def test_no_name_is_given_twice(folder: str):
    names = [(each["kind"], each["metadata"]["name"]) for each in built(FOLDER / folder)]
    assert len(names) == len(set(names))


def test_each_process_is_deployed_with_its_service_and_budget(production: list[Document]):
    deployed = {component(each) for each in of_kind(production, "Deployment")}
    assert deployed == {*PROCESSES, "ops"}
    for kind in ("Service", "PodDisruptionBudget"):
        assert {each["metadata"]["name"] for each in of_kind(production, kind)} == set(PROCESSES)
    roles = [
        json.loads(environment(each, production).get("DEVCOOP_ROLES", "[]")) for each in workloads(production)
    ]
    assert sorted(role for each in roles for role in each) == ["api", "importer", "projector", "webhooks"]


@pytest.mark.parametrize("folder", ["base", "production"])
def test_nothing_is_wrong(folder: str):
    assert faults(built(FOLDER / folder)) == []


@pytest.mark.parametrize("folder", ["migrate", "production/migrate"])
def test_nothing_is_wrong_with_the_migration(folder: str):
    found = built(FOLDER / folder)
    assert [*pod_faults(found), *setting_faults(found)] == []
    assert pod(workloads(found)[0])["spec"]["containers"][0]["args"] == ["ops", "migrate"]


def _container(found: Sequence[Document], name: str) -> Any:
    return next(pod(each)["spec"]["containers"][0] for each in workloads(found) if component(each) == name)


def _spec(found: Sequence[Document], kind: str, name: str) -> Any:
    return next(each["spec"] for each in of_kind(found, kind) if each["metadata"]["name"] == name)


def _data(found: Sequence[Document], name: str) -> dict[str, str]:
    data: dict[str, str] = next(
        each["data"] for each in of_kind(found, "ConfigMap") if each["metadata"]["name"] == name
    )
    return data


SPOILT: dict[str, tuple[Callable[[Sequence[Document]], Any], str]] = {
    "root": (
        lambda found: _spec(found, "Deployment", "funding")["template"]["spec"]["securityContext"].update(
            runAsUser=0
        ),
        "funding runs as somebody else",
    ),
    "writable": (
        lambda found: _container(found, "importer")["securityContext"].update(readOnlyRootFilesystem=False),
        "importer may more than it needs",
    ),
    "unbounded": (
        lambda found: _container(found, "projector")["resources"]["limits"].pop("memory"),
        "projector has no bounds",
    ),
    "wrong-probe": (
        lambda found: _container(found, "projects")["readinessProbe"]["httpGet"].update(path="/ready"),
        "projects is asked where it does not answer",
    ),
    "wrong-port": (
        lambda found: _data(found, "settings").update(DEVCOOP_PORT="8001"),
        "gateway listens elsewhere",
    ),
    "short-grace": (
        lambda found: _spec(found, "Deployment", "webhooks")["template"]["spec"].update(
            terminationGracePeriodSeconds=15
        ),
        "webhooks is killed while it ends",
    ),
    "unknown-setting": (
        lambda found: _data(found, "gateway").update(DEVCOOP_WEBHOOK_PORT="443"),
        "gateway does not read DEVCOOP_WEBHOOK_PORT",
    ),
    "setting-of-another": (
        lambda found: _data(found, "settings").update(DEVCOOP_SEED_RATES="false"),
        "projects does not read DEVCOOP_SEED_RATES",
    ),
    "required-setting-lacks": (
        lambda found: _spec(found, "Deployment", "monitoring")["template"]["spec"]["volumes"][1]["secret"][
            "items"
        ].pop(2),
        "monitoring lacks DEVCOOP_CURSOR_KEY",
    ),
    "password-in-the-open": (
        lambda found: _data(found, "funding").update(
            DEVCOOP_DATABASE_URL="postgresql+asyncpg://funding:word@postgres/funding"
        ),
        "funding has a secret in DEVCOOP_DATABASE_URL",
    ),
    "database-of-another": (
        lambda found: _data(found, "funding").update(_data(found, "projects")),
        "funding reaches projects as projects",
    ),
    "selects-another": (
        lambda found: _spec(found, "PodDisruptionBudget", "importer")["selector"]["matchLabels"].pop(
            "app.kubernetes.io/component"
        ),
        "PodDisruptionBudget importer selects",
    ),
    "leads-nowhere": (
        lambda found: _data(found, "gateway").update(DEVCOOP_FUNDING_URL="http://funding:80"),
        "ConfigMap gateway leads to http://funding:80",
    ),
    "public-owner": (
        lambda found: _spec(found, "Ingress", "gateway")["rules"][0]["http"]["paths"][0]["backend"][
            "service"
        ].update(name="projects"),
        "Ingress leads to",
    ),
    "counted-twice": (
        lambda found: _spec(found, "Deployment", "gateway").update(replicas=2),
        "gateway has two who say how many",
    ),
}


@pytest.mark.parametrize("spoil", SPOILT, ids=str)
def test_a_fault_is_found(production: list[Document], spoil: str):
    found = copy.deepcopy(production)
    change, fault = SPOILT[spoil]
    change(found)
    assert any(each.startswith(fault) for each in faults(found)), faults(found)


@pytest.mark.parametrize("name", [*PROCESSES, "ops"])
def test_settings_are_read_as_they_are_given(
    production: list[Document], name: str, monkeypatch: pytest.MonkeyPatch
):
    workload = next(each for each in workloads(production) if component(each) == name)
    for variable, value in environment(workload, production).items():
        monkeypatch.setenv(variable, value)
    for file in secret_files(workload):
        monkeypatch.setenv(file.upper(), "a secret of more than thirty-two characters")
    settings = SETTINGS[name]()
    assert settings.stream_replicas == 3


def test_secrets_are_those_that_the_page_tells_how_to_make(production: list[Document]):
    found = [*production, *of_kind(built(FOLDER / "migrate"), "Job")]
    used = {key for each in workloads(found) for key in secret_files(each).values()}
    recipe = re.search(r"create secret generic devcoop \\\n(.*?)\n *kubectl", PAGE.read_text(), re.DOTALL)
    assert recipe is not None
    assert set(re.findall(r"--from-file=([a-z-]+)=", recipe[1])) == used
    assert of_kind(found, "Secret") == []


def test_images_are_of_one_version(production: list[Document]):
    found = [*production, *of_kind(built(FOLDER / "production" / "migrate"), "Job")]
    (image,) = {
        container["image"] for each in workloads(found) for container in pod(each)["spec"]["containers"]
    }
    assert re.fullmatch(r".+/devcoop:[0-9][0-9A-Za-z.-]*", image)


def test_the_way_in_leads_to_all_but_probes(production: list[Document]):
    settings = GatewaySettings(
        database_url="postgresql+asyncpg://gateway@localhost/gateway",
        nats_url="nats://localhost",
        cursor_key="a secret of more than thirty-two characters",
    )
    routes = [*create_app(GATEWAY, settings).openapi()["paths"], "/docs", "/openapi.json"]
    (rule,) = _spec(production, "Ingress", "gateway")["rules"]
    paths = [(each["path"], each["pathType"]) for each in rule["http"]["paths"]]
    outside = {
        route
        for route in routes
        if not any(
            route == path or (kind == "Prefix" and route.startswith(f"{path}/")) for path, kind in paths
        )
    }
    assert outside == set(PROBES)
    assert all(any(route == path or route.startswith(f"{path}/") for route in routes) for path, _ in paths)


REACHED = {
    "projects": {"gateway"},
    "funding": {"gateway"},
    "monitoring": {"gateway"},
    "projector": {"gateway"},
    "gateway": {"projects", "funding", "monitoring", "gateway"},
    "importer": {"projects", "funding", "monitoring", "gateway"},
    "webhooks": {"projects", "funding", "monitoring", "gateway"},
    "ops": set(PROCESSES),
}
"""Whom each part asks: owners are asked by who passes writes on, the gateway for the keys of its issuer."""


def _lets(policies: Sequence[Document], way: str, here: dict[str, str], there: dict[str, str]) -> bool:
    """Return whether policies let pods of these labels talk, within the namespace."""
    side = {"Ingress": "from", "Egress": "to"}[way]
    return any(
        selects(peer["podSelector"], there)
        for policy in policies
        if way in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], here)
        for rule in policy["spec"].get(way.lower(), ())
        for peer in rule[side]
        if "podSelector" in peer and "namespaceSelector" not in peer
    )


def test_policies_let_parts_talk_to_those_that_they_need_and_no_other(production: list[Document]):
    labels = {component(each): pod(each)["metadata"]["labels"] for each in workloads(production)}
    policies = of_kind(production, "NetworkPolicy")
    reached: dict[str, set[str]] = {name: set() for name in labels}
    for source, target in product(labels, PROCESSES):
        out = _lets(policies, "Egress", labels[source], labels[target])
        if out and _lets(policies, "Ingress", labels[target], labels[source]):
            reached[source].add(target)
    assert reached == REACHED


def test_nothing_is_let_through_that_no_policy_names(production: list[Document]):
    nothing = _spec(production, "NetworkPolicy", "nothing")
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_who_sends_webhooks_gets_out_by_the_port_that_webhooks_take(production: list[Document]):
    ports = set(json.loads(_data(production, "gateway")["DEVCOOP_WEBHOOK_PORTS"]))
    leaving = [
        (each["spec"]["podSelector"], {port["port"] for port in rule["ports"]})
        for each in of_kind(production, "NetworkPolicy")
        for rule in each["spec"].get("egress", ())
        if any("ipBlock" in peer for peer in rule["to"])
    ]
    ((selector, let),) = leaving
    names = {
        component(each)
        for each in workloads(production)
        if selects(selector, pod(each)["metadata"]["labels"])
    }
    assert (names, let) == ({"gateway", "webhooks"}, ports)


def test_each_policy_selects_pods(production: list[Document]):
    labels = [pod(each)["metadata"]["labels"] for each in workloads(production)]
    for policy in of_kind(production, "NetworkPolicy"):
        assert any(selects(policy["spec"]["podSelector"], each) for each in labels), policy["metadata"][
            "name"
        ]
    assert {each[NAME] for each in labels} == {"devcoop"}


def _most_connections(found: Sequence[Document]) -> int:
    """Return how many connections processes may hold while a version is replaced, by the table of docs/growth.md."""
    pool = GatewaySettings.model_fields["database_pool"].default
    held = {"gateway": 2 * pool + 1, "projector": 4 * pool, "importer": 2 * pool, "webhooks": 2 * pool + 2}
    scaled = _spec(found, "HorizontalPodAutoscaler", "gateway")["maxReplicas"]
    counted = 0
    for name in PROCESSES:
        spec = _spec(found, "Deployment", name)
        usual = spec.get("replicas") or scaled
        surge = {"100%": usual, 1: 1}[spec["strategy"]["rollingUpdate"]["maxSurge"]]
        counted += held.get(name, pool) * (usual + surge)
    return counted


def test_connections_at_the_most_are_fewer_than_postgres_takes(production: list[Document]):
    engines = documents(FOLDER / "engines" / "postgres.yaml")
    (cluster,) = of_kind(engines, "Cluster")
    most = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
    assert _most_connections(production) + RESERVED_CONNECTIONS <= most
    found = copy.deepcopy(production)
    _spec(found, "HorizontalPodAutoscaler", "gateway")["maxReplicas"] = 8
    assert _most_connections(found) > most


def test_the_engines_have_what_the_processes_ask_of_them(production: list[Document]):
    engines = documents(FOLDER / "engines" / "postgres.yaml")
    users = set(USERS) - {"operator"}
    assert {each["spec"]["owner"] for each in of_kind(engines, "Database")} == users
    (cluster,) = of_kind(engines, "Cluster")
    roles = cluster["spec"]["managed"]["roles"]
    assert {each["name"] for each in roles} == users
    assert {"name", "login", "passwordSecret"} == set().union(*roles)
    values = yaml.safe_load((FOLDER / "engines" / "nats-values.yaml").read_text())["config"]
    assert values["merge"]["max_payload"] == MAX_PAYLOAD_BYTES
    assert values["merge"]["max_pending"] == 4 * MAX_PAYLOAD_BYTES
    assert values["jetstream"]["merge"]["sync_interval"] == "always"
    assert str(values["cluster"]["replicas"]) == _data(production, "settings")["DEVCOOP_STREAM_REPLICAS"]
