"""The command line, from login to a resolved conflict, as a field officer meets it."""

import io
import json
import stat
import sys
from pathlib import Path

import pytest
from devcoop_client import Draft, Outbox, Store, cli
from devcoop_client.credentials import SECRET as VARIABLE

from tests.client.samples import FRAMEWORK, PROJECT
from tests.client.server import CLIENT_ID, SECRET, Office

FRAMEWORK_ADDRESS, FINANCE_ADDRESS = "/v1/frameworks/P-1", "/v1/finances/P-1"
TRAINED = ("--result", "1", "--indicator", "1", "--period", "1", "--value")


@pytest.fixture
def devcoop(home: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)

    def run(*words: str, code: int = 0):
        assert cli.main([*words, "--home", str(home)]) == code, capsys.readouterr()
        return capsys.readouterr()

    return run


@pytest.fixture
def logged_in(devcoop, address: str, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SECRET}\n"))
    devcoop("login", address, "--client-id", CLIENT_ID)
    framework = json.loads(json.dumps(FRAMEWORK).replace(PROJECT, "P-1"))
    office.write(FRAMEWORK_ADDRESS, framework)
    office.write(FINANCE_ADDRESS, {"default_currency": "USD"})


@pytest.mark.usefixtures("logged_in")
def test_the_secret_is_kept_for_the_user_alone(home: Path):
    for name in ("credentials.json", "token.json", "devcoop.db"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert json.loads((home / "credentials.json").read_text())["client_secret"] == SECRET
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    store = b"".join(path.read_bytes() for path in home.glob("devcoop.db*"))
    assert SECRET.encode() not in store
    assert b"token-1" not in store


def test_a_secret_of_the_environment_is_not_kept(devcoop, address: str, home: Path, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    devcoop("login", address, "--client-id", CLIENT_ID)
    assert SECRET not in (home / "credentials.json").read_text()
    devcoop("pull")
    monkeypatch.delenv(VARIABLE)
    assert VARIABLE in devcoop("pull", code=4).err


@pytest.mark.usefixtures("logged_in")
def test_a_token_is_kept_between_commands_and_is_of_its_client(devcoop, office: Office, home: Path):
    devcoop("pull")
    devcoop("pull")
    assert office.tokens == 1
    kept = json.loads((home / "token.json").read_text())
    (home / "token.json").write_text(json.dumps({**kept, "client_id": "dcc_another"}))
    devcoop("pull")
    assert office.tokens == 2


@pytest.mark.parametrize(
    "wrong",
    [
        "http://devcoop.example.org",
        "devcoop.example.org",
        "ftp://127.0.0.1",
        "https://user:secret@example.org",
        "http://localhost.example.org",
        "https://example.org?x=1",
    ],
)
def test_an_address_that_would_give_the_secret_away_is_refused(devcoop, home: Path, wrong: str):
    devcoop("login", wrong, "--client-id", CLIENT_ID, code=2)
    assert not (home / "credentials.json").exists()


def test_a_secret_is_no_argument(address: str, capsys):
    with pytest.raises(SystemExit):
        cli.main(["login", address, "--client-id", CLIENT_ID, "--client-secret", SECRET])
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.usefixtures("logged_in")
def test_a_week_offline(devcoop, office: Office, tmp_path: Path):
    assert "2 changed" in devcoop("pull").out
    devcoop("report", "P-1", "actual", *TRAINED, "620", "--dimension", "sex=female")
    devcoop("report", "P-1", "expenditure", "--date", "2026-01-31", "--amount", "1250.50", "--ref", "PV-1")
    table = tmp_path / "week.csv"
    table.write_text("date,amount\n2026-01-30,1\n2026-01-31,2\n")
    assert "2 kept" in devcoop("report", "P-1", "file", str(table)).out
    told = json.loads(devcoop("status", "--json").out)
    assert told["outbox"]["pending"] == 4
    assert told["documents"] == {"finance": 1, "framework": 1}
    pushed = devcoop("push")
    assert "4 done" in pushed.out
    assert "pushed: " in pushed.err
    status = devcoop("status").out
    assert "To be pushed  0" in status
    assert "Last pushed   20" in status
    assert office.effects == 4
    assert len(office.documents[FINANCE_ADDRESS][1]["transactions"]) == 3


@pytest.mark.usefixtures("logged_in")
def test_a_conflict_is_told_and_resolved(devcoop, office: Office):
    devcoop("pull")
    devcoop("report", "P-1", "actual", *TRAINED, "620")
    version, framework = office.documents[FRAMEWORK_ADDRESS]
    office.write(FRAMEWORK_ADDRESS, {**framework, "note": "theirs"})
    assert "1 in conflict" in devcoop("push", code=1).out
    told = devcoop("conflicts").out
    assert "differs /note" in told
    assert "--merge keeps both" in told
    (conflict,) = json.loads(devcoop("conflicts", "--json").out)["unresolved"]
    assert conflict["mergeable"]
    assert conflict["answer"]["current_version"] == version + 1
    assert "1 in conflict" in devcoop("status", code=1).out
    assert "sent anew" in devcoop("resolve", conflict["key"], "--merge").out
    devcoop("push")
    assert office.documents[FRAMEWORK_ADDRESS][1]["note"] == "theirs"
    assert office.documents[FRAMEWORK_ADDRESS][1]["actuals"][0]["actual"]["value"]["raw"] == "620"
    assert "can be merged" in devcoop("resolve", "--all", "--merge").out


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("how", ["pulled", "asked for", "while pushing"])
def test_content_is_merged_with_what_is_stored(devcoop, office: Office, home: Path, how: str):
    address = "/v1/reports/R-1"
    office.write(address, {"text": "a", "rating": "red", "due": "2026"})
    devcoop("pull")
    store = Store(home / "devcoop.db")
    Outbox(store).queue([Draft("PUT", address, {"text": "mine", "rating": "red", "due": "2026"}, "report")])
    store.close()
    office.write(address, {"text": "a", "rating": "green"})
    if how == "while pushing":
        devcoop("push", "--merge")
    else:
        devcoop("push", code=1)
        if how == "pulled":
            devcoop("pull")
            office.busy = [(503, {})]
        devcoop("resolve", "--all", "--merge")
        office.busy.clear()
        devcoop("push")
    assert office.documents[address] == (3, {"text": "mine", "rating": "green"})


@pytest.mark.usefixtures("logged_in")
def test_a_merge_that_has_to_ask_a_server_that_is_away_changes_nothing(devcoop, office: Office, home: Path):
    address = "/v1/reports/R-1"
    office.write(address, {"text": "a"})
    devcoop("pull")
    store = Store(home / "devcoop.db")
    Outbox(store).queue([Draft("PATCH", address, {"text": "mine"}, "report")])
    office.write(address, {"text": "a", "rating": "green"})
    devcoop("push", code=1)
    office.busy = [(503, {})]
    assert "the server has to be asked" in devcoop("resolve", "--all", "--merge", code=3).err
    assert Outbox(store).counts()["conflict"] == 1
    store.close()


@pytest.mark.usefixtures("logged_in")
def test_what_was_refused_is_told_and_mended(devcoop, office: Office, home: Path, tmp_path: Path):
    devcoop("pull")
    devcoop("report", "P-1", "actual", *TRAINED, "620")
    with_store(home, "UPDATE command SET body = '{\"wrong\": true}'")
    assert "1 refused" in devcoop("push", code=1).out
    told = devcoop("conflicts").out
    assert "/wrong: It is wrong." in told
    key = told.split()[0]
    edited = tmp_path / "edited.json"
    edited.write_text('{"right": true}')
    devcoop("resolve", key, "--edit", str(edited))
    devcoop("push")
    assert office.documents[FRAMEWORK_ADDRESS][1]["actuals"] == [{"right": True}]
    assert "Nothing is in conflict" in devcoop("conflicts").out


def with_store(home: Path, statement: str) -> None:
    store = Store(home / "devcoop.db")
    store.connection.execute(statement)
    store.close()


@pytest.mark.usefixtures("logged_in")
def test_what_was_typed_wrong_can_be_dropped_before_it_is_sent(devcoop, office: Office):
    devcoop("pull")
    queued = json.loads(devcoop("report", "P-1", "actual", *TRAINED, "6200", "--json").out)["queued"]
    devcoop("drop", queued[0]["key"])
    devcoop("push")
    assert office.effects == 0


def test_nothing_goes_before_a_login(devcoop):
    assert "Log in first" in devcoop("pull", code=4).err
    assert json.loads(devcoop("push", "--json", code=4).out)["error"] == "NotReady"


@pytest.mark.usefixtures("logged_in")
def test_a_server_that_is_away_is_told_so(devcoop, office: Office):
    devcoop("pull")
    devcoop("report", "P-1", "actual", *TRAINED, "620")
    office.busy = [(503, {})] * 2
    assert "cannot be reached" in devcoop("pull", "--tries", "0", code=3).err
    assert "What waits is kept" in devcoop("push", "--tries", "0", code=3).err
    devcoop("push")
    assert office.effects == 1


@pytest.mark.usefixtures("logged_in")
def test_what_cannot_be_taken_is_told(devcoop):
    devcoop("pull")
    assert (
        "no result '9'" in devcoop("report", "P-1", "actual", "--result", "9", *TRAINED[2:], "1", code=2).err
    )
    assert "sex=female" in devcoop("report", "P-1", "actual", *TRAINED, "1", "--dimension", "sex", code=2).err
    assert "No command begins" in devcoop("conflicts", "zz", code=2).err
    assert "yours to decide" in devcoop("resolve", "--all", "--mine", code=2).err
    assert "Name one key" in devcoop("resolve", "--mine", code=2).err
