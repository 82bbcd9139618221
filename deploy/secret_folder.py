"""The folder with all secrets of an installation that containers run: what is in it, and how each is made."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.keys import FOR_CONTAINERS, Keys
from deploy.nats_access import FOLLOWS, USERS, accounts_block, public_key, routes_block

ROLES = ("superuser", "replication", *FOLLOWS)
"""The roles of PostgreSQL that have a password."""
SEEDS = tuple(f"nats-{user}" for user in USERS)
RANDOM = (
    *(f"postgres-{role}" for role in ROLES),
    *("cursor", "cursor-former", "issuer", "metrics", "grafana-admin", "nats-routes"),
)
ACCOUNTS, ROUTES, CERTIFICATE, KEY = "nats-accounts.conf", "nats-routes.conf", "tls.crt", "tls.key"
NAMES = (*RANDOM, *SEEDS, ACCOUNTS, ROUTES, CERTIFICATE, KEY)
"""All files of the folder."""

CERTIFICATE_DAYS = 397
"""Browsers take no certificate that holds for longer."""


class HalfThere(Exception):
    """There is one of a certificate and its key, and the other cannot be made for it."""


def fill(folder: Path, names: Sequence[str] = ()) -> list[str]:
    """Make what is missing in the folder, and return the names of what was made; the rest stays as it is.

    Args:
        folder: made if it is not there, for its owner alone.
        names: of the certificate, beside ``localhost``.

    Raises:
        HalfThere: the folder has a certificate without its key, or a key without its certificate.

    """
    if (folder / CERTIFICATE).exists() != (folder / KEY).exists():
        raise HalfThere(
            f"{folder} has one of {CERTIFICATE} and {KEY} alone; put the other there, or take it away."
        )
    before = {name for name in NAMES if (folder / name).exists()}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    keys = Keys(folder, mode=FOR_CONTAINERS)
    for name in RANDOM:
        keys.secret(name)
    seeds = {user: keys.seed(user) for user in USERS}
    keys.kept(ACCOUNTS, lambda: accounts_block({user: public_key(seed) for user, seed in seeds.items()}))
    keys.kept(ROUTES, lambda: routes_block(keys.secret("nats-routes")))
    if CERTIFICATE not in before:
        certificate, key = self_signed(names)
        keys.kept(KEY, lambda: key)
        keys.kept(CERTIFICATE, lambda: certificate)
    return [name for name in NAMES if name not in before]


def strangers(folder: Path) -> list[str]:
    """Return the users of NATS whose seed is there, and whose key the configuration of the server does not have."""
    accounts = (folder / ACCOUNTS).read_text()
    return [user for user in USERS if public_key((folder / f"nats-{user}").read_text()) not in accounts]


def self_signed(names: Sequence[str], now: datetime | None = None) -> tuple[str, str]:
    """Return a certificate of our own for these names, and its key; both as PEM."""
    begun = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (*names, "localhost")[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begun - timedelta(minutes=5))  # clocks differ
        .not_valid_after(begun + timedelta(days=CERTIFICATE_DAYS) - timedelta(minutes=5))
        .add_extension(x509.SubjectAlternativeName(list(_alternatives(names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _alternatives(names: Sequence[str]) -> Iterator[x509.GeneralName]:
    for name in dict.fromkeys(("localhost", "127.0.0.1", *names)):
        try:
            yield x509.IPAddress(ip_address(name))
        except ValueError:
            yield x509.DNSName(name)
