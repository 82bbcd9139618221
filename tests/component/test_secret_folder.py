"""The folder of secrets: whole, closed to others, kept as it is, and taken by those who read it."""

import argparse
import json
import stat
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local.embedded import NATS_SERVER
from deploy.nats_access import USERS, new_seed
from deploy.ops import secrets
from deploy.secret_folder import NAMES, RANDOM, fill
from shared.chassis import safety

EXPECTED = {
    *("postgres-superuser", "postgres-replication", "postgres-projects", "postgres-funding"),
    *("postgres-monitoring", "postgres-gateway", "nats-projects", "nats-funding", "nats-monitoring"),
    *("nats-gateway", "nats-operator", "nats-accounts.conf", "nats-routes", "nats-routes.conf", "cursor"),
    *("cursor-former", "issuer", "metrics", "tls.crt", "tls.key", "grafana-admin"),
}


async def command(capsys, *arguments):
    parser = argparse.ArgumentParser()
    secrets.add_arguments(parser)
    status = await secrets.run(parser.parse_args([str(each) for each in arguments]))
    return status, capsys.readouterr()


def contents(folder):
    return {path.name: (path.read_text(), path.stat().st_mtime_ns) for path in folder.iterdir()}


async def test_all_that_is_needed_is_made_for_its_owner_alone_and_never_printed(tmp_path, capsys):
    folder = tmp_path / "secrets"
    status, printed = await command(capsys, folder)
    assert status == 0
    made = contents(folder)
    assert set(made) == set(NAMES) == EXPECTED
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}
    assert {line.removeprefix("made: ") for line in printed.out.splitlines()} == EXPECTED
    assert [name for name, (value, _) in made.items() if value in printed.out + printed.err] == []
    assert len({value for value, _ in made.values()}) == len(EXPECTED)


def test_what_is_made_is_safe_by_the_rules_of_settings(tmp_path):
    fill(tmp_path / "secrets")
    for name in RANDOM:
        value = safety.SecretStr((tmp_path / "secrets" / name).read_text())
        assert list(safety.weak(name, value)) == []
    for user in USERS:
        assert safety.is_seed((tmp_path / "secrets" / f"nats-{user}").read_text())


async def test_a_second_run_changes_nothing(tmp_path, capsys):
    await command(capsys, tmp_path)
    before = contents(tmp_path)
    status, printed = await command(capsys, tmp_path)
    assert (status, printed.out) == (0, "nothing was missing\n")
    assert contents(tmp_path) == before


async def test_what_is_missing_is_made_beside_what_is_there(tmp_path, capsys):
    await command(capsys, tmp_path)
    before = contents(tmp_path)
    (tmp_path / "cursor").unlink()
    (tmp_path / "issuer").write_text("chosen by its operator, and kept")
    status, printed = await command(capsys, tmp_path, "--json")
    assert (status, json.loads(printed.out)) == (0, {"made": ["cursor"], "unknown_to_nats": []})
    after = contents(tmp_path)
    assert after["cursor"] != before["cursor"]
    assert after["issuer"][0] == "chosen by its operator, and kept"
    same = EXPECTED - {"cursor", "issuer"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


async def test_a_user_whom_nats_does_not_know_is_told(tmp_path, capsys):
    await command(capsys, tmp_path)
    (tmp_path / "nats-funding").write_text(new_seed())
    status, printed = await command(capsys, tmp_path)
    assert status == 1
    assert "nats-accounts.conf does not have the key of funding" in printed.out


@pytest.mark.parametrize("lost", ["tls.crt", "tls.key"])
async def test_no_certificate_is_made_for_another_key(tmp_path, capsys, lost):
    await command(capsys, tmp_path)
    (tmp_path / lost).unlink()
    status, printed = await command(capsys, tmp_path)
    assert status == 1
    assert "tls.crt" in printed.err
    assert not (tmp_path / lost).exists()


async def test_the_certificate_is_for_the_names_that_are_told(tmp_path, capsys):
    await command(capsys, tmp_path, "--name", "results.example.org", "--name", "10.0.0.7")
    certificate = x509.load_pem_x509_certificate((tmp_path / "tls.crt").read_bytes())
    key = load_pem_private_key((tmp_path / "tls.key").read_bytes(), None)
    assert certificate.public_key() == key.public_key()
    assert key.curve.name == "secp256r1"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "results.example.org"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.0.0.7"]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=397)
    assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc
    certificate.verify_directly_issued_by(certificate)


def test_the_configuration_of_nats_is_taken_by_its_server(tmp_path):
    fill(tmp_path)
    config = tmp_path / "nats.conf"
    config.write_text(f'jetstream {{ store_dir: "{tmp_path}/store" }}\ninclude nats-accounts.conf\n')
    words = [NATS_SERVER, "-t", "-c", config]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "valid" in done.stderr
    accounts = tmp_path / "nats-accounts.conf"
    accounts.write_text(accounts.read_text().replace("nkey: U", "nkey: X"))
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode != 0
