"""Manifests of Kubernetes as a cluster would get them, and what is wrong with them.

What kustomize does of them is little enough to be done here: resources, components, names of images, and patches that
replace a value. Anything else in a kustomization is refused.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.ops.settings import OpsSettings
from gateway.settings import Settings as GatewaySettings
from services.funding.settings import Settings as FundingSettings
from services.monitoring.settings import Settings as MonitoringSettings
from services.projects.settings import Settings as ProjectsSettings
from shared.chassis.app import GRACE_SECONDS
from shared.chassis.telemetry import PROBES
from shared.chassis.workers import STOP_SECONDS

Document = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
SETTINGS: Mapping[str, type[ProjectsSettings] | type[OpsSettings]] = {
    "projects": ProjectsSettings,
    "funding": FundingSettings,
    "monitoring": MonitoringSettings,
    "gateway": GatewaySettings,
    "projector": GatewaySettings,
    "importer": GatewaySettings,
    "webhooks": GatewaySettings,
    "ops": OpsSettings,
    "migrate": OpsSettings,
}
"""What each component reads its settings by."""
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
_KNOWN = {"apiVersion", "kind", "resources", "components", "images", "patches"}
_REPLACED = {"op", "path", "value"}
_SIZES = {"Gi": 2**30, "Mi": 2**20}


def kustomization(folder: Path) -> Document:
    """Return the kustomization of a folder."""
    (document,) = documents(folder / "kustomization.yaml")
    return document


def documents(file: Path) -> list[Document]:
    """Return the documents of a file."""
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def built(folder: Path) -> list[Document]:
    """Return the documents that `kubectl apply -k` would send of a folder."""
    told = kustomization(folder)
    assert set(told) <= _KNOWN, f"{folder.name}: more than is checked here: {set(told) - _KNOWN}"
    found: list[Document] = []
    for resource in told.get("resources", ()):
        path = (folder / resource).resolve()
        found += built(path) if path.is_dir() else documents(path)
    for each in (told, *(kustomization((folder / name).resolve()) for name in told.get("components", ()))):
        _name_images(found, each.get("images", ()))
        for patch in each.get("patches", ()):
            _patch(found, patch)
    return found


def _name_images(found: Sequence[Document], images: Sequence[Mapping[str, str]]) -> None:
    assert all(isinstance(each["newTag"], str) for each in images), "kustomize takes no number for a tag"
    named = {each["name"]: f"{each['newName']}:{each['newTag']}" for each in images}
    for workload in workloads(found):
        for container in pod(workload)["spec"]["containers"]:
            container["image"] = named.get(container["image"], container["image"])


def _patch(found: Sequence[Document], patch: Document) -> None:
    kind, name = patch["target"]["kind"], patch["target"]["name"]
    for document in (each for each in found if (each["kind"], each["metadata"]["name"]) == (kind, name)):
        for operation in yaml.safe_load(patch["patch"]):
            assert set(operation) == _REPLACED, "only replacements are checked here"
            assert operation["op"] == "replace", "only replacements are checked here"
            *way, last = (part.replace("~1", "/") for part in operation["path"].split("/")[1:])
            at: Any = document
            for part in way:
                at = at[int(part) if isinstance(at, list) else part]
            last_key = int(last) if isinstance(at, list) else last
            at[last_key]
            at[last_key] = operation["value"]


def of_kind(found: Sequence[Document], *kinds: str) -> list[Document]:
    """Return the documents of some kinds."""
    return [document for document in found if document["kind"] in kinds]


def workloads(found: Sequence[Document]) -> list[Document]:
    """Return what makes pods."""
    return of_kind(found, "Deployment", "Job")


def pod(workload: Document) -> Document:
    """Return the template of a workload's pods."""
    template: Document = workload["spec"]["template"]
    return template


def component(workload: Document) -> str:
    """Return which part a workload runs."""
    name: str = pod(workload)["metadata"]["labels"][COMPONENT]
    return name


def selects(selector: Document, labels: Mapping[str, str]) -> bool:
    """Return whether a selector, or the plain labels of a Service, selects a pod of these labels."""
    plain = (
        selector
        if not selector.keys() & {"matchLabels", "matchExpressions"}
        else selector.get("matchLabels", {})
    )
    return all(labels.get(key) == value for key, value in plain.items()) and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", ())
    )


def environment(workload: Document, found: Sequence[Document]) -> dict[str, str]:
    """Return the variables that the pods of a workload get."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(found, "ConfigMap")}
    (container,) = pod(workload)["spec"]["containers"]
    given: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        given |= maps[source["configMapRef"]["name"]]
    return given | {each["name"]: each["value"] for each in container.get("env", ())}


def secret_files(workload: Document) -> dict[str, str]:
    """Return the key of the secret by the name of the file that it is in."""
    return {
        item["path"]: item["key"]
        for volume in pod(workload)["spec"]["volumes"]
        if "secret" in volume
        for item in volume["secret"]["items"]
    }


def _variables(settings: type[ProjectsSettings] | type[OpsSettings]) -> set[str]:
    return {f"DEVCOOP_{name}".upper() for name in settings.model_fields}


def pod_faults(found: Sequence[Document]) -> Iterator[str]:
    """Yield what pods may that they need not, or lack."""
    for workload in workloads(found):
        spec = pod(workload)["spec"]
        (container,) = spec["containers"]
        wanted = {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001}
        own = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        checks = {
            "runs as somebody else": spec["securityContext"]
            == {**wanted, "seccompProfile": {"type": "RuntimeDefault"}},
            "may more than it needs": container.get("securityContext") == own,
            "has a token of the cluster": spec.get("automountServiceAccountToken") is False,
            "is on the host": not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(),
            "has no bounds": {"cpu", "memory"} <= container["resources"]["limits"].keys()
            and {"cpu", "memory"} <= container["resources"]["requests"].keys(),
            "cannot write to /tmp": {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"],  # noqa: S108
            "keeps more on disk than it may": _kept(spec)
            <= _size(container["resources"]["limits"]["ephemeral-storage"]),
            "mounts a host's files": all(
                volume.keys() & {"emptyDir", "secret"} for volume in spec["volumes"]
            ),
        }
        yield from (f"{component(workload)} {fault}" for fault, is_well in checks.items() if not is_well)


def _size(text: str) -> int:
    return int(text[:-2]) * _SIZES[text[-2:]]


def _kept(spec: Document) -> int:
    return sum(_size(volume["emptyDir"]["sizeLimit"]) for volume in spec["volumes"] if "emptyDir" in volume)


def process_faults(found: Sequence[Document]) -> Iterator[str]:
    """Yield what is wrong with how processes are started, probed, replaced and stopped."""
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]
        for each in of_kind(found, "HorizontalPodAutoscaler")
    }
    for workload in (each for each in of_kind(found, "Deployment") if component(each) != "ops"):
        name, spec = component(workload), pod(workload)["spec"]
        (container,) = spec["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        least = scaled[name]["minReplicas"] if name in scaled else workload["spec"].get("replicas")
        paths = {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
        checks = {
            "is asked where it does not answer": {kind: each["path"] for kind, each in probes.items()}
            == paths
            and set(paths.values()) <= set(PROBES)
            and all(each["port"] in ports for each in probes.values()),
            "listens elsewhere": str(ports["http"]) == environment(workload, found)["DEVCOOP_PORT"],
            "is not there twice": least is not None and least >= 2,
            "has two who say how many": name not in scaled or "replicas" not in workload["spec"],
            "goes before the next is there": workload["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]
            == 0,
            "is killed while it ends": spec["terminationGracePeriodSeconds"]
            > int(container["lifecycle"]["preStop"]["exec"]["command"][1]) + GRACE_SECONDS + STOP_SECONDS,
            "runs another": container["args"]
            == ["serve", "gateway" if SETTINGS[name] is GatewaySettings else name],
        }
        yield from (f"{name} {fault}" for fault, is_well in checks.items() if not is_well)


def selector_faults(found: Sequence[Document]) -> Iterator[str]:
    """Yield selectors that select no pod, or another's, and targets that are not there."""
    labels = {component(each): pod(each)["metadata"]["labels"] for each in workloads(found)}
    for document in found:
        name, spec = document["metadata"]["name"], document.get("spec", {})
        what = f"{document['kind']} {name}"
        if document["kind"] in ("Deployment", "Service", "PodDisruptionBudget"):
            chosen = {part for part, each in labels.items() if selects(spec["selector"], each)}
            if chosen != {name}:
                yield f"{what} selects {sorted(chosen)}"
        if document["kind"] == "Deployment":
            spreads = pod(document)["spec"].get("topologySpreadConstraints", ())
            if not all(selects(each["labelSelector"], labels[name]) for each in spreads):
                yield f"{what} is spread among others"
        if document["kind"] == "HorizontalPodAutoscaler" and spec["scaleTargetRef"]["name"] not in labels:
            yield f"{what} scales nothing"


def service_faults(found: Sequence[Document]) -> Iterator[str]:
    """Yield services, and addresses of services, that lead nowhere."""
    pods = {component(each): pod(each) for each in of_kind(found, "Deployment")}
    open_ports = set()
    for service in of_kind(found, "Service"):
        name = service["metadata"]["name"]
        ports = {each["name"] for each in pods[name]["spec"]["containers"][0]["ports"]}
        for port in service["spec"]["ports"]:
            open_ports.add(f"http://{name}:{port['port']}")
            if port["targetPort"] not in ports:
                yield f"Service {name} leads to {port['targetPort']}"
    for ingress in of_kind(found, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            backends = {path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
            if backends != {"gateway"}:
                yield f"Ingress leads to {sorted(backends)}"
    for settings in of_kind(found, "ConfigMap"):
        yield from (
            f"ConfigMap {settings['metadata']['name']} leads to {address}"
            for address in _inner_addresses(settings["data"])
            if address not in open_ports
        )


def _inner_addresses(data: Mapping[str, str]) -> Iterator[str]:
    for name, value in data.items():
        if name in ("DEVCOOP_PROJECTS_URL", "DEVCOOP_FUNDING_URL", "DEVCOOP_MONITORING_URL"):
            yield value
        elif name == "DEVCOOP_PARTS":
            yield from json.loads(value).values()
        elif name == "DEVCOOP_ISSUERS":
            yield from ("/".join(each["jwks_url"].split("/")[:3]) for each in json.loads(value))


def setting_faults(found: Sequence[Document]) -> Iterator[str]:
    """Yield variables and files of secrets that no setting is read from, settings that lack, and secrets in the open."""
    for workload in workloads(found):
        name, settings = component(workload), SETTINGS[component(workload)]
        given, files = environment(workload, found), secret_files(workload)
        known = _variables(settings) | (_variables(ProjectsSettings) if settings is OpsSettings else set())
        yield from (f"{name} does not read {each}" for each in sorted(given.keys() - known))
        yield from (
            f"{name} does not read {each}"
            for each in sorted(files)
            if each.upper() not in _variables(settings)
        )
        told = given.keys() | {each.upper() for each in files}
        required = {
            f"DEVCOOP_{each}".upper() for each, field in settings.model_fields.items() if field.is_required()
        }
        yield from (f"{name} lacks {each}" for each in sorted(required - told))
        yield from (
            f"{name} has a secret in {each}"
            for each in sorted(given)
            if each.endswith(("_PASSWORD", "_SEED", "_KEY"))
            or (each.endswith("DATABASE_URL") and ":" in given[each].split("@", maxsplit=1)[0].split("//")[1])
        )
        yield from _role_faults(name, given)


def _role_faults(name: str, given: Mapping[str, str]) -> Iterator[str]:
    """Yield databases that are another's."""
    owner = name if name in ("projects", "funding", "monitoring") else "gateway"
    for variable, url in given.items():
        if variable.endswith("DATABASE_URL"):
            wanted = owner if variable == "DEVCOOP_DATABASE_URL" else variable.split("_")[1].lower()
            role, database = url.split("//")[1].split("@")[0], url.split("?")[0].rsplit("/", maxsplit=1)[1]
            if {role, database} != {wanted}:
                yield f"{name} reaches {database} as {role}"


CHECKS: tuple[Callable[[Sequence[Document]], Iterator[str]], ...] = (
    pod_faults,
    process_faults,
    selector_faults,
    service_faults,
    setting_faults,
)


def faults(found: Sequence[Document]) -> list[str]:
    """Return all that is wrong with manifests."""
    return [fault for check in CHECKS for fault in check(found)]
