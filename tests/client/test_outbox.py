"""Commands wait with their keys, on the versions that the office knows, and in the order that they need."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from devcoop_client import Documents, Draft, Outbox, Outcome, Unusable
from devcoop_client.keys import new_key
from devcoop_client.outbox import address_of_path, line_of

ADDRESS = "/v1/frameworks/P-1"


def actual(value: str = "1") -> Draft:
    return Draft("POST", f"{ADDRESS}/actuals", {"value": value}, f"actual {value}")


def transaction() -> Draft:
    return Draft("POST", "/v1/finances/P-1/transactions", {"ref": "T"}, "transaction")


def pulled(documents: Documents, version: int) -> None:
    told = {"aggregate": "framework", "id": "1", "identifier": "P-1", "version": version, "document": {}}
    documents.apply([{"change": "upsert", **told}], "1", complete=True)


def done(outbox: Outbox, key: str, version: int) -> None:
    outbox.record([Outcome(key, 200, version, {})])


def test_keys_are_of_version_7_and_in_order():
    with ThreadPoolExecutor(4) as pool:
        keys = [key for part in pool.map(lambda _: [new_key() for _ in range(500)], range(4)) for key in part]
    assert len({*keys}) == 2000
    assert {key.version for key in keys} == {7}
    made = [new_key() for _ in range(10_000)]
    assert made == sorted(made)
    assert abs((made[-1].int >> 80) / 1000 - time.time()) < 60


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/v1/frameworks/P-1", "/v1/frameworks/P-1"),
        ("/v1/frameworks/P%2F1/actuals", "/v1/frameworks/P%2F1"),
        ("/v1/agreements/A/allocations/B/withdrawals", "/v1/agreements/A"),
        ("/v1/reports/R?rationale=a/b/c", "/v1/reports/R"),
    ],
)
def test_a_command_is_for_the_document_of_its_path(path: str, address: str):
    assert address_of_path(path) == address


def test_a_queued_command_has_its_key_before_anything_is_sent(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    (command,) = outbox.queue([actual()])
    assert UUID(command.key).version == 7
    assert (command.base_version, command.state, command.guarded, command.if_match) == (
        7,
        "pending",
        True,
        None,
    )


def test_all_or_none_are_queued(outbox: Outbox):
    with pytest.raises(TypeError):
        outbox.queue([transaction(), Draft("PUT", "/v1/reports/R", {"not": {1, 2}}, "no JSON")])
    assert outbox.counts()["pending"] == 0


def test_only_the_first_on_a_document_goes_out(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    first, second = outbox.queue([actual("1"), actual("2")])
    assert [each.key for each in outbox.ready(10)] == [first.key]
    assert outbox.mark_sent([first])[0]["if_match"] == '"7"'
    assert [each.key for each in outbox.ready(10)] == [first.key]
    done(outbox, first.key, 8)
    assert [each.base_version for each in outbox.ready(10)] == [8]
    assert outbox.get(second.key).base_version == 8


def test_what_adds_waits_for_nothing_and_is_not_guarded(outbox: Outbox):
    outbox.queue([transaction()] * 3)
    lines = outbox.mark_sent(outbox.ready(10))
    assert len(lines) == 3
    assert not any("if_match" in line for line in lines)


def test_what_adds_waits_until_its_document_is_made(outbox: Outbox):
    made, *added = outbox.queue(
        [Draft("PUT", "/v1/finances/P-1", {}, "finance"), transaction(), transaction()]
    )
    assert [each.key for each in outbox.ready(10)] == [made.key]
    outbox.mark_sent([made])
    done(outbox, made.key, 1)
    assert [each.key for each in outbox.ready(10)] == [each.key for each in added]


def test_a_change_by_others_in_between_is_not_taken_for_known(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    first, second = outbox.queue([actual("1"), actual("2")])
    outbox.mark_sent([first])
    done(outbox, first.key, 9)
    assert outbox.get(second.key).base_version == 7
    assert outbox.known_version(ADDRESS) == 7


def test_what_was_sent_stays_as_it_was_whatever_is_pulled(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    (command,) = outbox.queue([actual()])
    before = outbox.mark_sent([command])
    pulled(documents, 9)
    assert outbox.mark_sent(outbox.ready(10)) == before
    assert line_of(outbox.get(command.key))["if_match"] == '"7"'


def test_what_waits_keeps_its_base_whatever_is_pulled(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    outbox.queue([actual("1")])
    pulled(documents, 9)
    outbox.queue([actual("2")])
    assert [each.base_version for each in outbox.of("pending")] == [7, 9]


def test_own_changes_are_known_before_they_are_pulled(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    (first,) = outbox.queue([actual("1")])
    outbox.mark_sent([first])
    done(outbox, first.key, 8)
    (second,) = outbox.queue([actual("2")])
    assert second.base_version == 8
    pulled(documents, 7)
    assert outbox.known_version(ADDRESS) == 8


def test_an_outcome_that_comes_twice_counts_once(outbox: Outbox, documents: Documents):
    pulled(documents, 7)
    (first,) = outbox.queue([actual("1")])
    outbox.mark_sent([first])
    done(outbox, first.key, 8)
    outbox.record([Outcome(first.key, 412, 9, {"code": "precondition-failed"})])
    outbox.record([Outcome("none of ours", 200, 9, {})])
    assert outbox.get(first.key).state == "done"


@pytest.mark.parametrize("status", [401, 408, 425, 429, 500, 502, 503, 504])
def test_a_status_that_says_nothing_of_the_command_leaves_it_to_be_sent(outbox: Outbox, status: int):
    (command,) = outbox.queue([transaction()])
    outbox.mark_sent([command])
    ((_, state),) = outbox.record([Outcome(command.key, status, None, {"code": "x"})])
    assert state is None
    assert [each.key for each in outbox.ready(10)] == [command.key]


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (409, "idempotency-key-in-flight", "sent"),
        (409, "concurrent-change", "sent"),
        (409, "illegal-transition", "refused"),
        (422, "invalid", "refused"),
        (404, "not-found", "refused"),
        (403, "forbidden", "refused"),
        (412, "precondition-failed", "conflict"),
        (428, "precondition-required", "conflict"),
        (201, "", "done"),
        (200, "", "done"),
    ],
)
def test_an_outcome_is_a_state(outbox: Outbox, status: int, code: str, state: str):
    (command,) = outbox.queue([transaction()])
    outbox.mark_sent([command])
    outbox.record([Outcome(command.key, status, 1, {"code": code})])
    assert outbox.get(command.key).state == state


def test_an_upload_has_so_many_lines_and_bytes(outbox: Outbox):
    outbox.queue(Draft("POST", "/v1/finances/P/transactions", {"ref": "x" * 1000}, "t") for _ in range(10))
    assert len(outbox.ready(4)) == 4
    assert len(outbox.ready(10, most_bytes=5000)) == 4
    assert len(outbox.ready(10, most_bytes=1)) == 1


def test_a_key_may_be_told_by_its_beginning(outbox: Outbox):
    one, _ = outbox.queue([transaction(), transaction()])
    assert outbox.get(one.key) == one
    assert outbox.get(one.key[:-1].upper()).key == one.key
    for wrong in ("", one.key[:4], "zz", "%", "*"):
        with pytest.raises(Unusable):
            outbox.get(wrong)


def test_what_was_not_sent_can_be_given_up_and_what_was_cannot(outbox: Outbox):
    one, other = outbox.queue([transaction(), transaction()])
    outbox.drop(one)
    assert outbox.get(one.key).state == "dropped"
    outbox.mark_sent([other])
    with pytest.raises(Unusable, match="sent"):
        outbox.drop(outbox.get(other.key))


def test_several_on_one_document_cost_no_time(outbox: Outbox, documents: Documents):
    pulled(documents, 1)
    outbox.queue(actual(str(number)) for number in range(3000))
    began = time.monotonic()
    for version in range(2, 12):
        (command,) = outbox.ready(100)
        outbox.mark_sent([command])
        done(outbox, command.key, version)
    assert time.monotonic() - began < 5
