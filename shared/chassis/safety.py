"""What is unsafe in a setting: pure rules on single values. Which of them holds for a process, its settings say."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import nkeys
from pydantic import SecretStr

EVERYBODY = "*"
LEAST_PASSWORD = 16
LEAST_DISTINCT = 8
WIDEST = {4: 8, 6: 7}
"""Shortest prefix of a network of proxies, by the version of IP: that of the largest private networks."""

_SAMPLES = re.compile(
    r"change.?me|example|insecure|password|passw0rd|secret|sample|tests? only|dummy|placeholder|qwerty|letmein|"
    r"0123456789|1234567890|abcdefgh",
    re.IGNORECASE,
)
_INSIDE = (".localhost", ".local", ".internal", ".svc", ".lan", ".home.arpa", ".test")
"""Ends of names that the public internet has no hosts by (RFC 6761, RFC 8375, and those of clusters)."""
_CLEAR = ("http", "ws", "nats")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a setting, by its variable, and how to mend it; no value is told."""

    variable: str
    what: str
    mend: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.variable}: {self.what} Mend: {self.mend}"


def weak(variable: str, value: SecretStr | None) -> Iterator[Fault]:
    """Yield why a secret can be guessed: it is short, made of little, or a sample."""
    if value is None:
        return
    told, mend = value.get_secret_value(), "let `devcoop ops secrets` make it, or take 32 random bytes."
    if len(told) < LEAST_PASSWORD:
        yield Fault(variable, f"it is shorter than {LEAST_PASSWORD} characters.", mend)
    elif len(set(told)) < LEAST_DISTINCT or told in (told + told)[1:-1]:
        yield Fault(variable, "it repeats a few characters.", mend)
    elif _SAMPLES.search(told):
        yield Fault(variable, "it is a sample, which others know too.", mend)


def shared(values: Iterable[tuple[str, SecretStr | None]]) -> Iterator[Fault]:
    """Yield which secrets are equal to one before them: who learns one has the other."""
    known: dict[str, str] = {}
    for variable, value in values:
        if value is None:
            continue
        first = known.setdefault(value.get_secret_value(), variable)
        if first != variable:
            yield Fault(variable, f"it is the same as {first}.", "give each its own secret.")


def password_within(variable: str, url: SecretStr, apart: str) -> Iterator[Fault]:
    """Yield that a password stands in an address, or in one of a list, which is shown in places where no password is."""
    told = url.get_secret_value()
    if any(_parts(each)[1] for each in (told, *told.split(","))):
        yield Fault(variable, "it has a password in it.", f"take it out, and set {apart}.")


def no_seed(variable: str, seed: SecretStr | None) -> Iterator[Fault]:
    """Yield that nobody is known by this seed of a user of NATS."""
    mend = "give the seed of the service's user, which begins with SU; `devcoop ops secrets` makes one."
    if seed is None:
        yield Fault(variable, "it is not set, so that the connection to NATS is anonymous.", mend)
    elif not is_seed(seed.get_secret_value()):
        yield Fault(variable, "it is no seed of a user.", mend)


def is_seed(text: str) -> bool:
    """Whether a text is the seed of a user's nkey, checksum included."""
    try:
        prefix, raw = nkeys.decode_seed(text.encode())
        whole = nkeys.encode_seed(raw, nkeys.PREFIX_BYTE_USER)
    except (nkeys.NkeysError, ValueError):
        return False
    return bool(prefix == nkeys.PREFIX_BYTE_USER and whole == text.encode())


def in_the_clear(variable: str, url: str | None, danger: str) -> Iterator[Fault]:
    """Yield that an address leads over the public internet without TLS."""
    if url is None:
        return
    scheme, _, host = _parts(url)
    if scheme in _CLEAR and is_public(host):
        secure = "tls" if scheme == "nats" else f"{scheme}s"
        yield Fault(variable, f"it is plain {scheme} to {host}: {danger}", f"take {secure}.")


def is_public(host: str) -> bool:
    """Whether a host may be on the public internet, by its name or address alone.

    Names of one word, and those of networks of one's own, are beside the process.
    """
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_INSIDE)


def is_loopback(url: str) -> bool:
    """Whether an address is one of the machine itself."""
    host = _parts(url)[2]
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def believed(variable: str, proxies: Iterable[str]) -> Iterator[Fault]:
    """Yield which networks of proxies are so wide that anybody is in them, and may claim any address."""
    mend = "name the addresses of your reverse proxies, or the network that they alone are in."
    for proxy in proxies:
        try:
            network = ip_network(proxy, strict=False)
        except ValueError:
            wide = proxy == EVERYBODY
        else:
            wide = network.prefixlen < WIDEST[network.version]
        if wide:
            yield Fault(variable, f"{proxy} lets everybody claim any address.", mend)


def unbounded(variable: str, limit: int) -> Iterator[Fault]:
    """Yield that a limit of a rate is none."""
    if not limit:
        yield Fault(variable, "0 is no limit.", "set a limit, or leave it out to have the default.")


def _parts(url: str) -> tuple[str, str | None, str]:
    """Return scheme, password and host of an address, which may have no scheme; of what is none, nothing."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:
        return "", None, ""
    return parts.scheme, parts.password, (parts.hostname or "").rstrip(".")
