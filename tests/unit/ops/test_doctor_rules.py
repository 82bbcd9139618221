"""Rules of the doctor that need no server: clocks, connections, space, and what a stream is to be."""

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from nats.js.api import ClusterInfo, PeerInfo, RetentionPolicy, StorageType, StreamInfo, StreamState
from pydantic import SecretStr
from rich.console import Console

from deploy.doctor.broker import stream
from deploy.doctor.clocks import clock
from deploy.doctor.databases import Slot, Target, connections, standbys
from deploy.doctor.findings import Level, fault, ok
from deploy.doctor.folders import space
from deploy.doctor.pools import Pools, service_of
from deploy.doctor.processes import Process, replicas
from deploy.ops.doctor import show
from shared.chassis.bus import stream_configuration


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [(100.0, "ok"), (98.0, "ok"), (103.0, "ok"), (97.9, "fault"), (103.1, "fault")],
)
def test_a_clock_agrees_within_two_seconds_of_the_time_that_it_took(theirs, expected):
    assert clock("a", theirs, before=100.0, after=101.0).level == expected


def test_what_a_clock_leaves_out_is_no_difference():
    assert clock("a", 96.5, before=100.0, after=101.0).level == "fault"
    assert clock("a", 96.5, before=100.0, after=101.0, exact_to=2.0).level == "ok"


@pytest.mark.parametrize(("needed", "expected"), [(90, "ok"), (91, "warning")])
def test_pools_leave_some_connections_to_others(needed, expected):
    assert connections("a", 100, needed, "").level == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("//projects@postgres/projects", "postgres"),
        ("//projects@postgres:5433/projects", "postgres:5433"),
        ("//projects@/projects?host=/run/postgres", "/run/postgres"),
        ("//projects@/projects?host=a:5432&host=b:5432", "a:5432,b:5432"),
    ],
)
def test_databases_are_of_one_server_by_its_address(url, expected):
    target = Target("projects", SecretStr(f"postgresql+asyncpg:{url}"), None, Path())
    assert target.server == expected


@pytest.mark.parametrize(("free", "expected"), [(0.2, "ok"), (0.19, "warning"), (0.04, "fault")])
def test_a_disk_has_space(free, expected):
    assert space("a", free).level == expected


def test_the_name_of_a_process_tells_its_service():
    assert [
        service_of(name) for name in ("funding-2", "monitoring", "projects", "projector", "webhooks")
    ] == [*("funding", "monitoring", "projects", "gateway", "gateway")]


def test_connections_are_counted_of_every_replica_by_the_size_of_its_pool():
    pools = Pools({"projects": 2, "projects-3": 1, "gateway": 1, "projector": 1}, 5)
    assert pools.connections("projects") == 3 * (5 + 2)
    assert pools.connections("gateway") > 2 * 2 * 5
    assert pools.connections("funding") == 0
    assert pools.told(["gateway", "projects"]) == (
        "processes: projects 3, gateway 2; pool of 5 by DEVCOOP_DATABASE_POOL"
    )
    assert Pools({"funding": 1}).told(["funding"]) == "processes: funding 1; pool of 10 by default"


@pytest.mark.parametrize(
    ("address", "known", "expected"),
    [
        ("http://projects:8000", ["10.0.0.7"], [Process("p", "http://projects:8000")]),
        (
            "http://projects:8000/x",
            ["10.0.0.7", "fd00::7", "10.0.0.12", "10.0.0.7"],
            [
                Process("p", "http://10.0.0.7:8000/x", "projects:8000"),
                Process("p", "http://10.0.0.12:8000/x", "projects:8000"),
            ],
        ),
        (
            "http://projects",
            ["fd00::7", "fd00::8"],
            [Process("p", "http://[fd00::7]", "projects"), Process("p", "http://[fd00::8]", "projects")],
        ),
        ("https://projects", ["10.0.0.7", "10.0.0.8"], [Process("p", "https://projects")]),
    ],
    ids=["one", "two", "IPv6", "TLS"],
)
async def test_a_name_with_several_addresses_is_of_several_replicas(address, known, expected):
    async def resolve(host):
        assert host == "projects"
        return known

    assert await replicas("p", address, resolve) == expected
    assert len({each.part for each in expected}) == len(expected)


@pytest.mark.parametrize(
    ("active", "kept", "expected"),
    [
        (True, "reserved", []),
        (True, "extended", []),
        (False, "reserved", [("warning", "standby-away")]),
        (False, "extended", [("warning", "standby-away")]),
        (True, "unreserved", [("fault", "standby-lost")]),
        (False, "unreserved", [("fault", "standby-lost")]),
        (False, "lost", [("fault", "standby-lost")]),
    ],
)
def test_a_server_keeps_what_its_standbys_have_not_taken_in(active, kept, expected):
    first, *found = standbys("server a", [Slot("standby", active, kept)], int(active))
    assert ("none" in first.what) is not active
    assert [(each.level, each.code) for each in found] == expected


CURRENT, BEHIND = PeerInfo(name="nats-2", current=True), PeerInfo(name="nats-3", current=False)
STATE = StreamState(messages=3, bytes=1, first_seq=1, last_seq=3, consumer_count=0)


def info(cluster=None, **changed):
    config = replace(stream_configuration("projects", 3), **changed)
    return StreamInfo(config=config, state=STATE, cluster=cluster)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (info(), set()),
        (info(ClusterInfo(leader="nats", replicas=[CURRENT])), set()),
        (info(duplicate_window=1), {"stream-duplicates"}),
        (info(num_replicas=1), {"stream-replicas"}),
        (info(subjects=["projects.>", "funding.>"]), {"stream-configuration"}),
        (info(storage=StorageType.MEMORY), {"stream-configuration"}),
        (info(retention=RetentionPolicy.WORK_QUEUE), {"stream-configuration"}),
        (info(max_msg_size=1000), {"stream-configuration"}),
        (info(max_age=3600), {"stream-configuration"}),
        (info(max_bytes=1000), {"stream-configuration"}),
        (info(max_msgs=1000), {"stream-configuration"}),
        (info(ClusterInfo(leader=None)), {"stream-leader"}),
        (info(ClusterInfo(leader="nats", replicas=[CURRENT, BEHIND])), {"stream-replica"}),
    ],
)
def test_a_stream_is_as_this_version_wants_it(given, expected):
    found = list(stream("stream PROJECTS", given, "projects", 3))
    assert {each.code for each in found if each.level is not Level.OK} == expected
    assert all(each.mend for each in found if each.level is not Level.OK)


def test_people_at_a_terminal_are_told_in_a_table():
    seen = Console(file=StringIO(), width=160, force_terminal=True, color_system=None)
    found = [
        ok("nats", "NATS", "it lets [the] operator in."),
        fault("disk", "disk of /", "full.", "make room."),
    ]
    show(found, seen)
    printed = seen.file.getvalue()
    assert re.search(r"ok +│ nats +│ NATS +│ it lets \[the\] operator in\. +│", printed)
    assert re.search(r"fault +│ disk +│ disk of / +│ full\. +│ make room\.", printed)
