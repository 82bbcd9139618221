"""Folders of the host: the secrets, and the disk that data are on."""

import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.doctor.findings import Finding, fault, ok, warning
from deploy.secret_folder import ACCOUNTS, CERTIFICATE, KEY, NAMES, SEEDS, strangers

SOON = timedelta(days=30)
LITTLE, TOO_LITTLE = 0.2, 0.05
"""Shares of a disk that are free, below which it is told."""
PART = "secrets"


def secrets(folder: Path, now: datetime | None = None) -> Sequence[Finding]:
    """Look at the folder of secrets."""
    if not folder.is_dir():
        return [fault("secrets-missing", PART, f"{folder} is not there.", "run `devcoop ops secrets`.")]
    found = [*_files(folder), *_accounts(folder), *_certificate(folder, now or datetime.now(UTC))]
    return found or [ok("secrets", PART, f"{folder} has all, for its owner alone.")]


def _files(folder: Path) -> Iterator[Finding]:
    missing = [name for name in NAMES if not (folder / name).is_file()]
    if missing:
        what = f"{', '.join(missing)} missing."
        yield fault("secrets-missing", PART, what, f"run `devcoop ops secrets {folder}`.")
    if stat.S_IMODE(folder.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        yield fault("secrets-open", PART, "others of the machine get into the folder.", f"chmod 700 {folder}")
    for name in NAMES:
        path = folder / name
        if path.is_file() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield fault("secrets-open", PART, f"others may write {name}.", f"chmod 644 {path}")


def _accounts(folder: Path) -> Iterator[Finding]:
    if not all((folder / name).is_file() for name in (*SEEDS, ACCOUNTS)):
        return
    unknown = strangers(folder)
    if unknown:
        what = f"{ACCOUNTS} does not have the key of {', '.join(unknown)}, who cannot connect."
        yield fault("secrets-accounts", PART, what, "remove it, run `devcoop ops secrets`, let NATS read it.")


def _certificate(folder: Path, now: datetime) -> Iterator[Finding]:
    if not all((folder / name).is_file() for name in (CERTIFICATE, KEY)):
        return
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        key = load_pem_private_key((folder / KEY).read_bytes(), None)
    except ValueError:
        mend = "put certificate and key there as PEM."
        yield fault("certificate", PART, f"{CERTIFICATE} or {KEY} cannot be read.", mend)
        return
    if certificate.public_key() != key.public_key():
        mend = "put the key there that belongs to it."
        yield fault("certificate", PART, f"{KEY} is not the key of {CERTIFICATE}.", mend)
    ends = certificate.not_valid_after_utc
    if ends < now:
        yield fault("certificate", PART, f"{CERTIFICATE} ended on {ends:%Y-%m-%d}.", "renew it.")
    elif ends < now + SOON:
        yield warning("certificate", PART, f"{CERTIFICATE} ends on {ends:%Y-%m-%d}.", "renew it.")


def disk(folder: Path) -> Sequence[Finding]:
    """Look at how much of the disk under a folder is free."""
    usage = shutil.disk_usage(folder)
    return [space(f"disk of {folder}", usage.free / usage.total)]


def space(part: str, free: float) -> Finding:
    """Return whether a disk has space, by the share of it that is free."""
    what, mend = f"{free:.0%} of it is free.", "make room: when it is full, nothing is stored any more."
    if free < TOO_LITTLE:
        return fault("disk", part, what, mend)
    return warning("disk", part, what, mend) if free < LITTLE else ok("disk", part, what)
