"""A field office on a bad link: a week of commands arrives once each, whatever is cut and whoever is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from devcoop_client import Backoff, Credentials, Documents, Draft, Link, Outbox, Puller, Pusher, Store, Wanted
from devcoop_client.credentials import SECRET, keep
from devcoop_client.documents import address_of
from devcoop_client.resolve import can_merge, resolve, settle

from deploy.local.system import LocalSystem
from tests.flow.client import Gateway, await_until
from tests.flow.fault_proxy import FaultProxy, faulty_link

CLIENT = Path(__file__).parents[2] / "client"
COMMANDS = int(os.environ.get("DEVCOOP_TEST_COMMANDS", "1000"))
"""`make week` takes the 5,000 of a busy office, which last for minutes."""
PROJECTS = COMMANDS // 20
COMPARED = PROJECTS // 10
"""Projects whose commands are carried out over a clean link too."""
KILLS = 4
CUT_SECONDS = 2.0
PATIENCE_SECONDS = 300
COUNTRY = "TV"
"""Of no other test, so that little is pulled."""

Office = tuple[Path, Store]


def client_of(system: LocalSystem, address: str) -> Credentials:
    told = json.loads(system.credentials.read_text())
    return Credentials(address, told["client_id"], told["client_secret"])


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[list[Office]]:
    """Return two offices, each with a store of its own."""
    made = [(tmp_path / name, Store(tmp_path / name / "devcoop.db")) for name in ("clean", "cut")]
    yield made
    for _, store in made:
        store.close()


def identifiers(prefix: str, count: int = PROJECTS) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def framework(identifier: str) -> dict[str, Any]:
    periods = [{"start": f"2026-{month:02}-01", "end": f"2026-{month:02}-28"} for month in range(1, 5)]
    indicator = {"measure": "1", "titles": [{"text": "Trained"}], "periods": periods}
    return {"iati_identifier": identifier, "results": [{"type": "1", "indicators": [indicator]}]}


def load_projects(gateway: Gateway, names: list[str]) -> None:
    """Store projects with their money and results, and wait until the feed knows them."""
    activities = [
        {
            "iati_identifier": each,
            "reporting_organisation": {"ref": "X"},
            "titles": [{"text": each}],
            "status": "2",
            "recipient_countries": [{"code": COUNTRY}],
        }
        for each in names
    ]
    finances = [{"iati_identifier": each, "default_currency": "USD"} for each in names]
    for path, documents in (
        ("activities", activities),
        ("finances", finances),
        ("frameworks", [framework(each) for each in names]),
    ):
        lines = "".join(f"{json.dumps(each)}\n" for each in documents)
        answer = gateway.http.post(
            f"/v1/{path}/upserts", content=lines, headers={"Content-Type": "application/x-ndjson"}
        )
        outcomes = [json.loads(line) for line in answer.text.splitlines()]
        assert {each["outcome"] for each in outcomes} == {"created"}, outcomes[:2]
        gateway.get("/v1/results/projects?limit=1", **{"DevCoop-After": outcomes[-1]["write"]})


def week(prefix: str, count: int = PROJECTS) -> list[Draft]:
    """Return a week of commands of the first projects: money, actuals, and reports that are written, rated and submitted."""
    draw = random.Random(2026)  # noqa: S311  (the same week each time)
    drafts: list[tuple[int, Draft]] = []
    while len(drafts) < COMMANDS:
        number, kind, place = len(drafts), draw.random(), draw.randrange(PROJECTS)
        project = f"{prefix}-{place}"
        made = [draft_of_money(project, number, draw)]
        if kind > 0.97:
            made = drafts_of_report(f"{project}-R{number}", project, number)
        elif kind > 0.82:
            made = [draft_of_actual(project, draw)]
        drafts += [(place, each) for each in made]
    return [draft for place, draft in drafts[:COMMANDS] if place < count]


def draft_of_money(project: str, number: int, draw: random.Random) -> Draft:
    value = {"amount": f"{draw.randrange(1, 10**6)}.{draw.randrange(1, 10)}", "value_date": "2026-01-31"}
    body = {"type": "4", "date": "2026-01-31", "ref": f"PV-{number}", "value": value}
    return Draft("POST", f"{address_of('finances', project)}/transactions", body, "money")


def draft_of_actual(project: str, draw: random.Random) -> Draft:
    raw = str(draw.randrange(1000))
    value = {"raw": raw, "number": raw, "reading": "plain"}
    body = {"result": 1, "indicator": 1, "period": draw.randint(1, 4), "actual": {"value": value}}
    return Draft("POST", f"{address_of('frameworks', project)}/actuals", body, "actual")


def drafts_of_report(identifier: str, project: str, number: int) -> list[Draft]:
    day = f"{2000 + number % 20}-{1 + number % 12:02}-{1 + number % 28:02}"
    body = {
        "identifier": identifier,
        "iati_identifier": project,
        "period_start": day,
        "period_end": f"{2020 + number % 20}-{1 + number // 20 % 12:02}-{1 + number // 240 % 28:02}",
        "due_on": day,
        "narratives": [{"text": f"Report {number}"}],
        "written_by": ["Ann Field"],
    }
    address = address_of("reports", identifier)
    return [
        Draft("PUT", address, body, "report"),
        Draft("PATCH", address, {"rating": "green"}, "rating"),
        Draft("POST", f"{address}/actions", {"action": "submit", "by": "Ann Field"}, "submission"),
    ]


def stands(gateway: Gateway, prefix: str, count: int = PROJECTS) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return versions and documents of the first projects as owners have them, without what tells them from others."""
    names, found = {*identifiers(prefix, count)}, {}
    for path in ("finances", "frameworks", "reports"):
        for item in gateway.pages(f"/v1/{path}"):
            if item["document"]["iati_identifier"] in names:
                document = json.loads(json.dumps(item["document"]).replace(prefix, "P"))
                document.get("transactions", []).sort(key=lambda each: each["ref"])
                for step in document.get("history", ()):
                    step.pop("at")
                found[f"{path}/{item['identifier'].replace(prefix, 'P')}"] = (item["version"], document)
    return found


def expected(count: int) -> dict[str, tuple[int, Any]]:
    """Return what a week leaves, by the commands themselves: versions, and what tells that each was carried out once."""
    found: dict[str, tuple[int, Any]] = {}
    for name in identifiers("P", count):
        found |= {f"finances/{name}": (1, []), f"frameworks/{name}": (1, {})}
    for draft in week("P", count):
        path, identifier, *step = draft.path.removeprefix("/v1/").split("/")
        version, told = found.get(f"{path}/{identifier}", (0, "draft"))
        if draft.what == "money":
            told = sorted([*told, draft.body["ref"]])
        elif draft.what == "actual":
            after = {**told, draft.body["period"]: draft.body["actual"]["value"]["raw"]}
            version, told = version - (after == told), after
        elif step:
            told = "submitted"
        found[f"{path}/{identifier}"] = (version + 1, told)
    return found


def told_of(path: str, document: dict[str, Any]) -> Any:
    """Return what ``expected`` tells of a document."""
    if path.startswith("finances"):
        return [each["ref"] for each in document.get("transactions", [])]
    if path.startswith("reports"):
        return document.get("state", "draft")
    periods = document["results"][0]["indicators"][0]["periods"]
    actuals = {place: each.get("actuals", []) for place, each in enumerate(periods, 1)}
    assert all(len(each) <= 1 for each in actuals.values())
    return {place: each[0]["value"]["raw"] for place, each in actuals.items() if each}


def push_clean(system: LocalSystem, office: Office) -> None:
    home, store = office
    link = Link(client_of(system, system.address), home)
    report = Pusher(link, store).push()
    link.close()
    assert {*report.states} == {"done"}
    assert report.cuts == 0


def start_push(home: Path, secret: str) -> subprocess.Popen[bytes]:
    """Start the command line as a process of its own."""
    words = [sys.executable, "-m", "devcoop_client", "push", "--home", str(home), "--json", "--tries", "100"]
    environment = {**os.environ, "PYTHONPATH": str(CLIENT), SECRET: secret}
    return subprocess.Popen(  # noqa: S603
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def push_through_faults(system: LocalSystem, office: Office, proxy: FaultProxy) -> dict[str, Any]:
    """Push, killed at some moments, and return what the last process tells."""
    home, store = office
    draw, outbox = random.Random(9), Outbox(store)  # noqa: S311
    credentials = client_of(system, proxy.address)
    keep(home, credentials, with_secret=False)
    for kill in range(1, KILLS + 1):
        pushing = start_push(home, credentials.client_secret)
        least = COMMANDS * kill // (KILLS + 3)
        await_until(
            lambda least=least: outbox.counts()["done"] >= least,
            what="some is pushed",
            seconds=PATIENCE_SECONDS,
        )
        time.sleep(draw.random() / 4)
        assert pushing.poll() is None, pushing.communicate()
        pushing.send_signal(signal.SIGKILL)
        pushing.communicate()
    last = start_push(home, credentials.client_secret)
    told, trouble = last.communicate(timeout=PATIENCE_SECONDS)
    assert last.returncode == 0, (told, trouble[-500:])
    return json.loads(told)


def pull(system: LocalSystem, office: Office, address: str) -> Documents:
    home, store = office
    link = Link(client_of(system, address), home)
    Puller(link, store, backoff=Backoff(most=50)).pull(Wanted(countries=[COUNTRY]))
    link.close()
    return Documents(store)


def test_a_week_over_a_link_that_is_cut_leaves_what_a_clean_run_leaves(
    system: LocalSystem, gateway: Gateway, offices: list[Office]
):
    clean, cut = (f"XM-WEEK-{uuid4().hex[:8]}-{name}" for name in ("A", "B"))
    load_projects(gateway, [*identifiers(clean, COMPARED), *identifiers(cut)])
    with faulty_link(system.address, seconds=CUT_SECONDS, dropping=0.01) as proxy:
        known = pull(system, offices[1], proxy.address)
        assert {each.identifier for each in known.all("finance")} >= {*identifiers(cut)}
        pull(system, offices[0], system.address)
        Outbox(offices[0][1]).queue(week(clean, COMPARED))
        Outbox(offices[1][1]).queue(week(cut))
        push_clean(system, offices[0])
        push_through_faults(system, offices[1], proxy)
        assert proxy.cuts >= KILLS
    after_clean, after_cut = stands(gateway, clean, COMPARED), stands(gateway, cut)
    assert stands(gateway, cut, COMPARED) == after_clean
    for found, count in ((after_clean, COMPARED), (after_cut, PROJECTS)):
        told = {path: (version, told_of(path, document)) for path, (version, document) in found.items()}
        assert told == expected(count)


def test_two_offices_report_on_one_period_and_both_stand(
    system: LocalSystem, gateway: Gateway, offices: list[Office]
):
    project = f"XM-TWO-{uuid4().hex[:8]}"
    load_projects(gateway, [project])
    address = address_of("frameworks", project)
    pushers = []
    for (home, store), sex in zip(offices, ("female", "male"), strict=True):
        pull(system, (home, store), system.address)
        value = {"raw": "7", "number": "7", "reading": "plain"}
        actual = {"value": value, "dimensions": [{"name": "sex", "value": sex}]}
        body = {"result": 1, "indicator": 1, "period": 1, "actual": actual}
        Outbox(store).queue([Draft("POST", f"{address}/actuals", body, sex)])
        pushers.append(Pusher(Link(client_of(system, system.address), home), store))
    assert pushers[0].push().states == {"done": 1}
    assert pushers[1].push().states == {"conflict": 1}
    outbox = Outbox(offices[1][1])
    (conflict,) = outbox.of("conflict")
    assert can_merge(conflict), conflict.answer
    resolve(outbox, conflict, "merge", lambda *_: pytest.fail("a command is merged by its owner"))
    assert pushers[1].push().states == {"done": 1}
    period = gateway.get(f"/v1/frameworks/{quote(project)}")["document"]["results"][0]["indicators"][0][
        "periods"
    ][0]
    assert [each["dimensions"][0]["value"] for each in period["actuals"]] == ["female", "male"]
    for pusher in pushers:
        pusher.link.close()


def test_two_offices_change_one_report_and_what_they_did_not_both_change_is_merged(
    system: LocalSystem, gateway: Gateway, offices: list[Office]
):
    project = f"XM-TWO-{uuid4().hex[:8]}"
    load_projects(gateway, [project])
    (written, *_) = drafts_of_report(f"{project}-R", project, 0)
    body = {**written.body, "risks": [{"narratives": [{"text": "Rain"}]}]}
    answer = gateway.http.put(written.path, json=body)
    assert answer.status_code == 201, answer.text
    gateway.get("/v1/results/projects?limit=1", **{"DevCoop-After": answer.headers["devcoop-write"]})
    changes = ({"rating": "red"}, {"narratives": [{"text": "Better words"}]})
    for office, change in zip(offices, changes, strict=True):
        pull(system, office, system.address)
        Outbox(office[1]).queue([Draft("PATCH", written.path, change, "change")])
    for home, store in offices:
        link = Link(client_of(system, system.address), home)

        def find(address: str, _: int, link: Link = link) -> tuple[int, dict[str, Any]]:
            item = link.read(address)
            return item["version"], item["document"]

        Pusher(link, store, settle=lambda outbox, find=find: settle(outbox, find)).push()
        link.close()
    document = gateway.get(written.path)["document"]
    assert (document["rating"], document["narratives"]) == ("red", [{"text": "Better words"}])
    assert document["risks"] == body["risks"]
