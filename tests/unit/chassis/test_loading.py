"""How settings are taken at a start: from variables and files, whole and safe, with every fault told at once."""

import json

import pytest

from gateway.settings import Settings as GatewaySettings
from services.projects.settings import Settings
from shared.chassis.loading import EX_CONFIG, Misconfigured, load, load_or_exit
from shared.chassis.sources import FOLDER

NEEDED = {
    "DEVCOOP_DATABASE_URL": "postgresql+asyncpg://h/d",
    "DEVCOOP_NATS_URL": "nats://h",
    "DEVCOOP_CURSOR_KEY": "k" * 32,
}


@pytest.fixture
def environment(monkeypatch):
    def set_all(**stated):
        for name, value in {**NEEDED, **stated}.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path


def faults(kind=Settings):
    with pytest.raises(Misconfigured) as refused:
        load(kind, "projects")
    return {fault.variable: fault for fault in refused.value.faults}


def test_a_secret_is_read_from_its_file_without_the_end_of_the_line(environment, folder):
    environment()
    (folder / "devcoop_database_password").write_text(" of a file \r\n")
    (folder / "another").write_text("not ours")
    (folder / "devcoop_nats_seed").mkdir()
    settings = Settings()
    assert settings.database_password.get_secret_value() == " of a file "
    assert settings.nats_seed is None


def test_any_setting_may_be_a_file_lists_too(environment, folder):
    environment()
    issuers = [{"issuer": "https://id.example.org", "jwks_url": "https://id.example.org/jwks"}]
    (folder / "devcoop_issuers").write_text(json.dumps(issuers))
    assert [each.issuer for each in Settings().issuers] == ["https://id.example.org"]


def test_a_variable_wins_over_a_file(environment, folder):
    environment(DEVCOOP_DATABASE_PASSWORD="of a variable")  # noqa: S106
    (folder / "devcoop_database_password").write_text("of a file")
    assert Settings().database_password.get_secret_value() == "of a variable"


def test_a_folder_that_is_not_there_is_told(environment, monkeypatch, tmp_path):
    environment()
    monkeypatch.setenv(FOLDER, str(tmp_path / "none"))
    assert set(faults()) == {FOLDER}


def test_a_file_that_is_no_text_is_told(environment, folder):
    environment()
    (folder / "devcoop_nats_seed").write_bytes(b"\xff\xfe")
    assert "no text" in faults()[FOLDER].what


def test_what_is_missing_or_does_not_hold_is_told_with_what_is_unsafe(environment, monkeypatch):
    environment(DEVCOOP_ISSUERS='[{"issuer": 1}', DEVCOOP_PORT="70000", DEVCOOP_RATE_LIMIT="0")
    monkeypatch.delenv("DEVCOOP_DATABASE_URL")
    told = faults()
    assert set(told) == {
        "DEVCOOP_DATABASE_URL",
        "DEVCOOP_DATABASE_PASSWORD",
        "DEVCOOP_NATS_SEED",
        "DEVCOOP_CURSOR_KEY",
        "DEVCOOP_ISSUERS",
        "DEVCOOP_PORT",
        "DEVCOOP_RATE_LIMIT",
    }
    assert "devcoop_database_url" in told["DEVCOOP_DATABASE_URL"].mend
    assert "JSON" in told["DEVCOOP_ISSUERS"].what


def test_a_fault_within_a_list_tells_its_place(environment):
    environment(DEVCOOP_ENVIRONMENT="development", DEVCOOP_ISSUERS='[{"issuer": "x", "jwks_url": "nowhere"}]')
    assert " at 0/jwks_url:" in faults()["DEVCOOP_ISSUERS"].what


def test_a_url_for_another_driver_is_refused(environment):
    environment(DEVCOOP_ENVIRONMENT="development", DEVCOOP_DATABASE_URL="postgresql://u:hidden@h/d")
    told = faults()
    assert set(told) == {"DEVCOOP_DATABASE_URL"}
    assert "asyncpg" in told["DEVCOOP_DATABASE_URL"].what
    assert "hidden" not in str(told)


def test_the_url_of_a_standby_is_for_the_same_driver(environment):
    environment(DEVCOOP_ENVIRONMENT="development", DEVCOOP_READ_DATABASE_URL="postgresql://u:hidden@h/d")
    told = faults(GatewaySettings)
    assert set(told) == {"DEVCOOP_READ_DATABASE_URL"}
    assert "hidden" not in str(told)


def test_development_starts_with_what_production_refuses(environment):
    environment(DEVCOOP_ENVIRONMENT="development")
    assert load(Settings, "projects").environment == "development"
    environment(DEVCOOP_ENVIRONMENT="production")
    assert "DEVCOOP_NATS_SEED" in faults()


def test_production_is_what_nobody_chose(environment):
    environment()
    assert Settings().environment == "production"
    environment(DEVCOOP_ENVIRONMENT="staging")
    assert "DEVCOOP_ENVIRONMENT" in faults()


def test_a_process_that_may_not_start_tells_every_fault_and_exits_as_misconfigured(environment, capsys):
    environment(DEVCOOP_WEBHOOK_INSECURE="true", DEVCOOP_DATABASE_PASSWORD="hunter-two")  # noqa: S106
    with pytest.raises(SystemExit) as left:
        load_or_exit(GatewaySettings, "gateway")
    assert left.value.code == EX_CONFIG == 78
    first, *lines = capsys.readouterr().err.splitlines()
    assert first.startswith("gateway does not start")
    assert {line.split(":")[0].removeprefix("- ") for line in lines} >= {
        "DEVCOOP_WEBHOOK_INSECURE",
        "DEVCOOP_NATS_SEED",
        "DEVCOOP_DATABASE_PASSWORD",
    }
    assert all(" Mend: " in line for line in lines)
    assert "hunter" not in "".join(lines)
