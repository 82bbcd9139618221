"""What changed is pulled, whatever becomes of the link, and the outbox stays as it is."""

import pytest
from devcoop_client import Documents, Draft, LinkDown, Outbox, Puller, Store, Wanted
from devcoop_client.link import Refused

from tests.client.server import Office


def known(documents: Documents) -> dict[str, tuple[int, dict]]:
    return {each.identifier: (each.version, each.document) for each in documents.all("report")}


def write(office: Office, count: int, text: str = "a") -> None:
    for number in range(count):
        office.write(f"/v1/reports/R-{number}", {"text": text})


def test_a_first_pull_takes_in_everything_and_the_next_what_changed(
    office: Office, documents: Documents, puller: Puller, store: Store
):
    write(office, 7)
    assert puller.pull().changed == 7
    office.write("/v1/reports/R-1", {"text": "caf\u00e9 \u2028 x"})
    office.remove("/v1/reports/R-2")
    report = puller.pull()
    assert (report.changed, report.removed) == (1, 1)
    assert [each.get("since") for each in office.asked] == [None, "7"]
    assert known(documents)["R-1"] == (2, {"text": "caf\u00e9 \u2028 x"})
    assert "R-2" not in known(documents)
    assert store.get("pulled_at")


@pytest.mark.parametrize("cut", range(7))
def test_a_pull_that_is_cut_goes_on_from_its_last_cursor(
    office: Office, documents: Documents, puller: Puller, cut: int
):
    write(office, 7)
    office.cut_changes = [cut]
    report = puller.pull()
    assert report.cuts == 1
    assert len(known(documents)) == 7
    assert office.asked[1].get("since") == (str(cut // 3 * 3) if cut >= 3 else None)


def test_less_is_asked_for_where_the_link_is_cut_before_a_cursor(
    office: Office, documents: Documents, puller: Puller
):
    write(office, 300)
    office.page = 200
    office.cut_changes = [150, 70, 40]
    puller.pull()
    assert len(known(documents)) == 300
    assert [each.get("limit") for each in office.asked] == [None, "100", "50", "25", "50", "100", None]


def test_a_cursor_that_holds_no_more_begins_anew_and_keeps_the_outbox(
    office: Office, documents: Documents, outbox: Outbox, puller: Puller
):
    write(office, 4)
    puller.pull()
    (command,) = outbox.queue([Draft("PATCH", "/v1/reports/R-0", {"text": "mine"}, "patch")])
    office.remove("/v1/reports/R-1")
    office.feed = [
        each for each in office.feed if each["change"] != "removed" and each["identifier"] != "R-1"
    ]
    office.forgotten = {"4"}
    office.cut_changes = [1]
    report = puller.pull()
    assert report.began_anew
    assert sorted(known(documents)) == ["R-0", "R-2", "R-3"]
    assert outbox.get(command.key) == command
    assert outbox.known_version("/v1/reports/R-1") is None


def test_what_is_here_stays_until_everything_was_told_anew(
    office: Office, documents: Documents, puller: Puller, slept: list[float]
):
    write(office, 4)
    puller.pull()
    office.forgotten = {"4"}
    office.cut_changes = [1] * 20
    puller.backoff.most = 2
    with pytest.raises(LinkDown):
        puller.pull()
    assert len(known(documents)) == 4
    assert len(slept) == 2


def test_other_filters_begin_anew_and_the_same_go_on(office: Office, puller: Puller):
    write(office, 4)
    puller.pull()
    puller.pull(Wanted(aggregates=["report"], countries=["KE"]))
    puller.pull()
    puller.pull(Wanted(aggregates=["report"], countries=["KE"]))
    assert [(each.get("since"), each.get("country")) for each in office.asked] == [
        (None, None),
        (None, "KE"),
        ("4", "KE"),
        ("4", "KE"),
    ]


def test_a_snapshot_that_is_refused_does_not_begin_anew_for_ever(office: Office, puller: Puller):
    office.busy = [(410, {})]
    with pytest.raises(Refused, match="410"):
        puller.pull()


def test_a_pull_may_wait_for_a_change(office: Office, puller: Puller):
    puller.pull(wait=90)
    assert office.asked[0]["wait"] == "60"
