"""The overlay that observes the system: its files fit one another, its alerts have pages, and it runs without root."""

import re
from pathlib import Path

import pytest

from tests.observe.queries import CASES, DASHBOARDS, OBSERVE, ROOT, load, panels, rules, scraped

OVERLAY = load(ROOT / "deploy" / "compose.observe.yml")
RUNBOOKS = ROOT / "docs" / "runbooks"
SECTIONS = ["What it means", "What users notice", "Look", "Mend", "It is over when"]
ALERTS = sorted({rule["alert"] for rule in rules("alert")})
OBSERVED = {"projects", "funding", "monitoring", "gateway", "projector", "importer", "webhooks"}
ADDED = {name: service for name, service in OVERLAY["services"].items() if name not in OBSERVED}
PUBLISHED = {"grafana": "3000", "otel-collector": "24224"}


def page_of(alert: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alert).lower() + ".md"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_it_is_and_leads_to_its_page(alert: str):
    for rule in rules("alert"):
        if rule["alert"] == alert:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
            assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{page_of(alert)}"
    page = (RUNBOOKS / page_of(alert)).read_text(encoding="utf-8")
    assert page.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS


def test_every_page_is_that_of_an_alert_and_in_the_index():
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert pages == {page_of(alert) for alert in ALERTS}
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", index)) == pages


def test_every_alert_has_cases():
    checked = {
        alert
        for group in load(CASES)["tests"]
        for check in group.get("promql_expr_test", [])
        for alert in re.findall(r'alertname="(\w+)"', check["expr"])
        if check.get("exp_samples")
    }
    assert checked == set(ALERTS)


def test_names_of_what_is_recorded_are_used():
    texts = [rule["expr"] for rule in rules("alert")] + [
        target["expr"] for _, panel in panels() for target in panel["targets"]
    ]
    unused = {rule["record"] for rule in rules("record")} - set(re.findall(r"[\w:]+", " ".join(texts)))
    assert unused == set()


def test_metrics_are_those_that_are_documented():
    """Whether they are exported, with their labels, is seen in tests/flow/test_metrics_used.py."""
    page = (ROOT / "docs" / "observation.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`((?:devcoop|http)_\w+)`", page))
    used = {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in scraped() if not name.startswith("process_")
    }
    assert len(used) > 20
    assert used - documented == set()


def test_panels_tell_their_unit_and_what_they_show():
    sources = {
        each["uid"] for each in load(OBSERVE / "grafana/provisioning/datasources/devcoop.yml")["datasources"]
    }
    titles = [place for place, _ in panels()]
    assert len(titles) == len(set(titles))
    for place, panel in panels():
        assert panel["datasource"]["uid"] in sources, place
        assert panel["description"].endswith("."), place
        assert panel["type"] == "logs" or panel["fieldConfig"]["defaults"]["unit"], place


def test_datasources_name_one_another():
    listed = load(OBSERVE / "grafana/provisioning/datasources/devcoop.yml")["datasources"]
    named = set(re.findall(r"'datasourceUid': '(\w+)'", str(listed)))
    assert named == {"tempo", "loki"}
    assert named < {each["uid"] for each in listed}


def test_dashboards_have_names_of_their_own():
    loaded = [load(path) for path in DASHBOARDS]
    assert (
        len({each["uid"] for each in loaded}) == len({each["title"] for each in loaded}) == len(loaded) == 3
    )
    for each in loaded:
        ids = [panel["id"] for panel in each["panels"]]
        assert len(ids) == len(set(ids))


def test_prometheus_asks_every_process_and_every_part():
    jobs = {job["job_name"]: job for job in load(OBSERVE / "prometheus.yml")["scrape_configs"]}
    assert jobs.keys() == OBSERVED | ADDED.keys()
    for name in OBSERVED:
        (found,) = jobs[name]["dns_sd_configs"]
        assert (found["names"], found["type"], found["port"]) == ([name], "A", 8000)
        assert jobs[name]["authorization"] == {"credentials_file": "/run/secrets/metrics"}


def test_rules_know_all_jobs():
    """A job that no rule of ProcessDown names could be away unseen."""
    (down,) = (rule["expr"] for rule in rules("alert") if rule["alert"] == "ProcessDown")
    assert set(re.findall(r'absent\(up\{job="(\w+)"\}\)', down)) == OBSERVED
    assert set(re.search(r'job=~"([\w|]+)"', down)[1].split("|")) == OBSERVED


@pytest.mark.parametrize("name", sorted(OBSERVED))
def test_a_service_sends_traces_and_logs_and_waits_for_nobody(name: str):
    service = OVERLAY["services"][name]
    assert service.keys() == {"environment", "logging", "secrets"}, "the overlay only adds"
    assert service["secrets"] == [{"source": "metrics", "target": "devcoop_metrics_key"}]
    assert service["environment"] == {"DEVCOOP_TRACES_URL": "http://otel-collector:4318/v1/traces"}
    assert service["logging"]["driver"] == "fluentd"
    assert service["logging"]["options"]["fluentd-async"] == "true"


@pytest.mark.parametrize("name", sorted(ADDED))
def test_what_is_added_is_pinned_bounded_and_without_rights(name: str):
    service = ADDED[name]
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"])
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "restart"} <= service.keys()
    assert not {"privileged", "cap_add", "network_mode", "pid"} & service.keys()


def test_nothing_is_published_but_to_the_host_itself():
    published = {name: service["ports"] for name, service in ADDED.items() if "ports" in service}
    assert published.keys() == PUBLISHED.keys()
    for name, (port,) in published.items():
        assert re.fullmatch(rf"127\.0\.0\.1:\$\{{\w+:-\d+\}}:{PUBLISHED[name]}", port)


def test_what_is_mounted_is_there_and_cannot_be_written():
    for name, service in ADDED.items():
        for volume in service["volumes"]:
            source, _, target = volume.partition(":")
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert target.endswith(":ro"), f"{name}: {target}"
            else:
                assert source in OVERLAY["volumes"], f"{name}: {source}"


def test_grafana_takes_its_password_from_a_file():
    grafana = ADDED["grafana"]
    assert (
        grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"] == f"/run/secrets/{grafana['secrets'][0]}"
    )
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_secrets_are_files_of_the_folder_of_secrets():
    used = {
        each if isinstance(each, str) else each["source"]
        for service in OVERLAY["services"].values()
        for each in service.get("secrets", [])
    }
    assert OVERLAY["secrets"] == {name: {"file": f"${{DEVCOOP_SECRETS:-./secrets}}/{name}"} for name in used}


def pipelines() -> dict[str, dict[str, list[str]]]:
    return load(OBSERVE / "collector.yml")["service"]["pipelines"]


def test_the_pipelines_of_the_collector_have_all_their_parts():
    collector = load(OBSERVE / "collector.yml")
    for part in ("receivers", "processors", "exporters"):
        assert {name for each in pipelines().values() for name in each[part]} == collector[part].keys()


def test_every_part_reads_a_file_that_is_there():
    for path in Path(OBSERVE).rglob("*.yml"):
        assert isinstance(load(path), dict), path
