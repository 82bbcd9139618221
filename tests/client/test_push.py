"""What waits is pushed: once each, in the order that it needs, over a link that is cut at any place."""

import itertools
import random
from typing import Any

import pytest
from devcoop_client import Draft, LinkDown, LoginRefused, Outbox, Pusher, ServerRefused, Store
from devcoop_client.chunks import ChunkSize
from devcoop_client.resolve import resolve, settle

from tests.client.server import Cut, Office

FINANCE, REPORT = "/v1/finances/P-1", "/v1/reports/R-1"


def added(number: int, finance: str = FINANCE) -> Draft:
    return Draft("POST", f"{finance}/transactions", {"ref": f"T-{number}"}, f"transaction {number}")


def put(body: dict[str, Any], address: str = REPORT) -> Draft:
    return Draft("PUT", address, body, "report")


def patch(body: dict[str, Any], address: str = REPORT) -> Draft:
    return Draft("PATCH", address, body, "patch")


def refs(office: Office, finance: str = FINANCE) -> list[str]:
    return [each["ref"] for each in office.documents[finance][1]["transactions"]]


def found(office: Office):
    """Return what finds documents as the server has them."""
    return lambda address, _: office.documents[address]


def know(store: Store, address: str, version: int) -> None:
    with store.transaction() as connection:
        connection.execute("INSERT INTO standing VALUES (?, ?)", (address, version))


def test_what_waits_is_done_in_order(office: Office, outbox: Outbox, pusher: Pusher):
    office.write(FINANCE, {"currency": "USD"})
    outbox.queue(added(number) for number in range(120))
    report = pusher.push()
    assert report.states == {"done": 120}
    assert refs(office) == [f"T-{number}" for number in range(120)]
    assert outbox.counts()["done"] == 120
    assert [len(lines) for lines in office.batches] == [50, 70]


def test_a_document_is_made_and_changed_step_by_step(office: Office, outbox: Outbox, pusher: Pusher):
    outbox.queue(
        [put({"text": "a"}), patch({"rating": "red"}), Draft("POST", f"{REPORT}/actions", {"n": 1}, "step")]
    )
    assert pusher.push().states == {"done": 3}
    assert [[line.get("if_match") for line in lines] for lines in office.batches] == [
        [None],
        ['"1"'],
        ['"2"'],
    ]
    assert office.documents[REPORT] == (3, {"text": "a", "rating": "red", "actions": [{"n": 1}]})


def test_commands_on_other_documents_share_an_upload(
    office: Office, outbox: Outbox, store: Store, pusher: Pusher
):
    addresses = [f"/v1/reports/R-{number}" for number in range(5)]
    for address in addresses:
        office.write(address, {"text": "a"})
        know(store, address, 1)
    outbox.queue(patch({"n": number}, address) for number in (1, 2) for address in addresses)
    pusher.push()
    assert [len(lines) for lines in office.batches] == [5, 5]
    assert {office.documents[address] for address in addresses if office.documents[address][0] != 3} == set()


def test_a_command_that_changes_nothing_leaves_the_version_for_the_next(
    office: Office, outbox: Outbox, store: Store, pusher: Pusher
):
    office.write(REPORT, {"text": "a"})
    know(store, REPORT, 1)
    outbox.queue([patch({"text": "a"}), patch({"text": "b"})])
    assert pusher.push().states == {"done": 2}
    assert office.documents[REPORT] == (2, {"text": "b"})


@pytest.mark.parametrize("seed", range(4))
def test_cuts_at_any_place_double_and_lose_nothing(office: Office, outbox: Outbox, pusher: Pusher, seed: int):
    draw = random.Random(seed)  # noqa: S311
    office.write(FINANCE, {"currency": "USD"})
    drafts = [added(number) for number in range(60)]
    for number in range(20):
        address = f"/v1/reports/R-{number}"
        drafts += [put({"n": number}, address), patch({"rating": "red"}, address)]
    outbox.queue(drafts)

    def cuts():
        while True:
            executed = draw.randrange(40)
            yield None if draw.random() < 0.3 else Cut(executed, draw.randint(0, executed))

    office.cuts = cuts()
    pusher.backoff.most = 40
    report = pusher.push()
    assert report.states == {"done": 100}
    assert report.cuts > 0
    assert office.effects == 100
    assert sorted(refs(office)) == sorted(f"T-{number}" for number in range(60))
    assert all(office.documents[f"/v1/reports/R-{number}"][0] == 2 for number in range(20))


def test_what_is_sent_again_is_the_same_to_the_byte(office: Office, outbox: Outbox, pusher: Pusher):
    office.write(FINANCE, {"currency": "USD"})
    outbox.queue([put({"text": "caf\u00e9 \u2028 line"}), added(1)])
    office.cuts = iter([Cut(2, 0), Cut(0, 0)])
    pusher.push()
    assert office.batches[0] == office.batches[1] == office.batches[2]
    assert office.effects == 2


def test_chunks_shrink_on_cuts_and_grow_on_what_holds(office: Office, outbox: Outbox, pusher: Pusher):
    office.write(FINANCE, {"currency": "USD"})
    outbox.queue(added(number) for number in range(200))
    office.cuts = iter([Cut(0, 0), Cut(0, 0), Cut(0, 0)])
    pusher.push()
    assert [len(lines) for lines in office.batches] == [50, 25, 12, 8, 16, 32, 64, 80]


def test_one_that_is_refused_costs_no_other(office: Office, outbox: Outbox, store: Store, pusher: Pusher):
    office.write(FINANCE, {"currency": "USD"})
    office.write(REPORT, {"text": "a"})
    know(store, REPORT, 1)
    outbox.queue([patch({"wrong": True}), added(1), patch({"text": "b"})])
    assert pusher.push().states == {"refused": 1, "done": 2}
    (refused,) = outbox.of("refused")
    assert refused.answer["errors"][0]["pointer"] == "/wrong"
    assert office.documents[REPORT] == (2, {"text": "b"})


def test_a_change_of_somebody_else_is_a_conflict_and_holds_those_after_it(
    office: Office, outbox: Outbox, store: Store, pusher: Pusher
):
    office.write(REPORT, {"text": "a", "rating": "red"})
    office.write(FINANCE, {"currency": "USD"})
    know(store, REPORT, 1)
    first, _, _ = outbox.queue([patch({"text": "mine"}), patch({"due": "2026"}), added(1)])
    office.write(REPORT, {"text": "a", "rating": "green"})
    assert pusher.push().states == {"conflict": 1, "done": 1}
    (conflict,) = outbox.of("conflict")
    assert conflict.key == first.key
    assert {each["pointer"]: each["conflict"] for each in conflict.answer["difference"]} == {
        "/text": False,
        "/rating": False,
    }
    assert outbox.counts()["pending"] == 1
    resolve(outbox, conflict, "merge", found(office))
    pusher.push()
    assert office.documents[REPORT][1] == {"text": "mine", "rating": "green"}
    (follower,) = outbox.of("conflict")
    resolve(outbox, follower, "merge", found(office))
    assert pusher.push().states == {"done": 1}
    assert office.documents[REPORT][1] == {"text": "mine", "rating": "green", "due": "2026"}


def test_what_does_not_meet_can_be_merged_while_pushing(
    office: Office, outbox: Outbox, store: Store, pusher: Pusher
):
    office.write(REPORT, {"text": "a", "rating": "red"})
    know(store, REPORT, 1)
    outbox.queue(patch({f"member{number}": number}) for number in range(4))
    office.write(REPORT, {"text": "theirs", "rating": "red"})
    pusher.settle = lambda outbox: settle(outbox, found(office))
    pusher.push()
    assert office.documents[REPORT][1] == {
        "text": "theirs",
        "rating": "red",
        **{f"member{number}": number for number in range(4)},
    }
    assert outbox.counts() == {"pending": 0, "sent": 0, "done": 4, "refused": 0, "conflict": 0, "dropped": 4}


def test_where_both_changed_the_same_a_person_decides(
    office: Office, outbox: Outbox, store: Store, pusher: Pusher
):
    office.write(REPORT, {"text": "a"})
    know(store, REPORT, 1)
    outbox.queue([patch({"text": "mine"})])
    office.write(REPORT, {"text": "theirs"})
    pusher.settle = lambda outbox: settle(outbox, found(office))
    assert pusher.push().states == {"conflict": 1}
    (conflict,) = outbox.of("conflict")
    resolve(outbox, conflict, "mine", found(office))
    assert pusher.push().states == {"done": 1}
    assert office.documents[REPORT] == (3, {"text": "mine"})


def test_what_exists_already_is_a_conflict_too_and_can_be_left(
    office: Office, outbox: Outbox, pusher: Pusher
):
    office.write(REPORT, {"text": "theirs"})
    outbox.queue([put({"text": "mine"}), patch({"rating": "red"})])
    assert pusher.push().states == {"conflict": 1}
    (conflict,) = outbox.of("conflict")
    assert conflict.status == 428
    resolve(outbox, conflict, "theirs", found(office))
    assert pusher.push().states == {"done": 1}
    assert office.documents[REPORT] == (2, {"text": "theirs", "rating": "red"})


def test_what_the_server_puts_off_is_sent_again_after_the_others(
    office: Office, outbox: Outbox, pusher: Pusher, slept: list[float]
):
    office.write(FINANCE, {"currency": "USD"})
    other = "/v1/finances/P-2"
    office.write(other, {"currency": "USD"})
    office.put_off = {f"{FINANCE}/transactions": 3}
    outbox.queue([added(1), *(added(number, other) for number in range(3))])
    assert pusher.push().states == {"done": 4}
    assert [len(lines) for lines in office.batches] == [4, 1, 1, 1]
    assert len(slept) == 2
    assert office.effects == 4


def test_a_server_that_stays_away_ends_the_push_and_keeps_everything(
    office: Office, outbox: Outbox, pusher: Pusher, slept: list[float]
):
    office.write(FINANCE, {"currency": "USD"})
    outbox.queue([added(1)])
    office.busy = [(503, {"Retry-After": "7"})] * 20
    pusher.backoff.most = 4
    with pytest.raises(LinkDown, match="What waits is kept"):
        pusher.push()
    assert slept == [7.0] * 4
    office.busy.clear()
    assert pusher.push().states == {"done": 1}
    assert office.effects == 1


def test_a_token_that_is_taken_back_is_renewed_once(office: Office, outbox: Outbox, pusher: Pusher):
    office.write(FINANCE, {"currency": "USD"})
    outbox.queue([added(1)])
    office.void = {"token-1"}
    assert pusher.push().states == {"done": 1}
    assert office.tokens == 2
    office.void = {"token-2", "token-3"}
    outbox.queue([added(2)])
    with pytest.raises(ServerRefused, match="token-revoked"):
        pusher.push()


def test_a_refused_upload_is_told_and_nothing_is_lost(office: Office, outbox: Outbox, pusher: Pusher):
    outbox.queue([added(1)])
    office.busy = [(403, {})]
    with pytest.raises(ServerRefused, match="403"):
        pusher.push()
    assert outbox.counts()["sent"] == 1


def test_two_pushes_at_once_do_everything_once(office: Office, outbox: Outbox, store: Store, pusher: Pusher):
    office.write(FINANCE, {"currency": "USD"})
    outbox.queue(added(number) for number in range(30))
    other = Outbox(store)
    other.mark_sent(other.ready(30))
    assert pusher.push().states == {"done": 30}
    assert Pusher(pusher.link, store, chunk=ChunkSize()).push().states == {}
    assert office.effects == 30


def test_nothing_to_push_sends_nothing(office: Office, pusher: Pusher):
    assert pusher.push().uploads == 0
    assert office.batches == []
    assert list(itertools.islice(office.cuts, 1)) == [None]


def test_a_client_that_is_not_known_is_told_so(office: Office, outbox: Outbox, pusher: Pusher):
    outbox.queue([added(1)])
    office.is_known = False
    with pytest.raises(LoginRefused):
        pusher.push()
