"""Where a request to an address that somebody else chose may go: pure rules about the address and what it leads to.

Servers are tricked into asking their own network (SSRF) by addresses that two readers understand differently. So there is
one reader here, of a grammar that is narrower than RFC 3986, and what it does not know is refused rather than mended: the
parts that it returns are what is connected to, and nobody reads the address again. A host is a name of letters, digits and
hyphens; no notation of an IP address is one.

What a name leads to is allowed if it is unicast that the whole world routes. The networks that are not are listed here by
the special-purpose registries of IANA (RFC 6890), and not asked of the standard library, whose list differs by version.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

HTTPS_PORT, HTTP_PORT = 443, 80
LEAST_FREE_PORT, MOST_PORT = 1024, 65535
MOST_CHARACTERS = 2000
MOST_NAME = 253

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(#.*)?", re.DOTALL)
_TARGET = re.compile(
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_TOP_LABEL = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an IPv4 address to some readers (URL Standard, section 3.5)."""

_INNER_NAMES = frozenset(
    {
        *("localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home", "corp"),
        *("arpa", "test", "example", "invalid", "onion", "alt"),
    }
)
"""Last labels that lead nowhere in the public DNS (RFC 6761, RFC 6762, RFC 7686, RFC 9476, and ICANN's reserved ones)."""


def _networks(*written: str) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(each) for each in written)


_NOT_GLOBAL_V4 = _networks(
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",
    "100.64.0.0/10",  # shared, behind carrier-grade NAT; 100.100.100.200 tells secrets in one cloud
    "127.0.0.0/8",
    "168.63.129.16/32",  # public by number, and the host of the machine in one cloud
    "169.254.0.0/16",  # link-local, and the metadata of most clouds
    "172.16.0.0/12",
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # AMT
    "192.88.99.0/24",  # relays of 6to4
    "192.168.0.0/16",
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)
_GLOBAL_V6 = ip_network("2000::/3")
_NOT_GLOBAL_V6 = _networks(
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4: an IPv4 address in disguise
    "2620:4f:8000::/48",  # AS112
    "3ffe::/16",  # 6bone
    "3fff::/20",  # documentation
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
_LOW_32 = 0xFFFFFFFF


class NotAllowed(Exception):
    """A request may not go there; ``code`` is a stable word for why, and the text is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rules:
    """What an installation allows beyond, or below, the rule.

    ``insecure`` is for development and tests: http, and this machine itself. ``ports`` are the ones that are allowed, where
    any are named. ``denied`` are networks that are not to be asked although the world routes them.
    """

    insecure: bool = False
    ports: frozenset[int] = frozenset()
    denied: tuple[IPNetwork, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was read: the parts that are connected to and asked for, and nothing else of it."""

    is_secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the header ``Host`` tells them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.is_secure else HTTP_PORT) else f"{host}:{self.port}"


@lru_cache(maxsize=4096)
def read_address(url: str, rules: Rules) -> Target:
    """Return the parts of an address.

    Raises:
        NotAllowed: it is none of those that a request may go to.

    """
    parts = _PARTS.fullmatch(url) if len(url) <= MOST_CHARACTERS else None
    if parts is None:
        raise NotAllowed(
            "malformed", f"It is no address with a host of at most {MOST_CHARACTERS} characters."
        )
    scheme, authority, target = parts[1].lower(), parts[2], parts[3]
    is_secure = scheme == "https"
    if not (is_secure or (rules.insecure and scheme == "http")):
        raise NotAllowed("not-https", "The address has to begin with https.")
    if parts[4] is not None:
        raise NotAllowed("fragment", "The address has a fragment.")
    if "@" in authority:
        raise NotAllowed("userinfo", "The address has a name or password in it.")
    if not _TARGET.fullmatch(target):
        raise NotAllowed("malformed", "Path or query have characters that have to be percent-encoded.")
    host, port = _split(authority)
    port = port or (HTTPS_PORT if is_secure else HTTP_PORT)
    _require_port(port, rules)
    _require_name(host, rules)
    return Target(is_secure, host.strip("[]"), port, target if target.startswith("/") else f"/{target}")


def require_allowed(addresses: Collection[str], rules: Rules) -> None:
    """Check that every address that a name leads to may be connected to.

    Raises:
        NotAllowed: one of them may not, or there is none.

    """
    if not addresses:
        raise NotAllowed("address", "The name leads to no address.")
    for each in addresses:
        if not is_allowed(each, rules):
            raise NotAllowed("address", "The name leads to an address that is not on the public internet.")


def is_allowed(address: str, rules: Rules) -> bool:
    """Tell whether an IP address may be connected to."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if rules.insecure and found.is_loopback:
        return True
    return is_global(found) and not _within(found, rules.denied)


def is_global(address: IPAddress) -> bool:
    """Tell whether an address is unicast that the whole world routes, and stands for no other address that is not."""
    if isinstance(address, IPv4Address):
        return not _within(address, _NOT_GLOBAL_V4)
    if address.scope_id is not None:
        return False
    low = int(address) & _LOW_32
    if address in _NAT64:
        return is_global(IPv4Address(low))
    if address not in _GLOBAL_V6 or _within(address, _NOT_GLOBAL_V6):
        return False
    return (int(address) >> 32) & _LOW_32 not in _ISATAP or is_global(IPv4Address(low))


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _split(authority: str) -> tuple[str, int | None]:
    """Return host and port of an authority, which has no userinfo."""
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority.lower(), None
    if not _PORT.fullmatch(port) or int(port) > MOST_PORT:
        raise NotAllowed("port", f"A port is a number from 1 to {MOST_PORT}.")
    return host.lower(), int(port)


def _require_port(port: int, rules: Rules) -> None:
    allowed = port in rules.ports if rules.ports else port == HTTPS_PORT or port >= LEAST_FREE_PORT
    if not allowed and not rules.insecure:
        raise NotAllowed("port", f"Port {port} is not asked.")


def _require_name(host: str, rules: Rules) -> None:
    if rules.insecure and (host == "localhost" or _is_loopback(host)):
        return
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        raise NotAllowed("ip-literal", "The host is an IP address; give its name.")
    if (
        len(host) > MOST_NAME
        or not all(map(_LABEL.fullmatch, labels))
        or not _TOP_LABEL.fullmatch(labels[-1])
    ):
        detail = (
            "The host is no name of letters, digits and hyphens; write others in their ASCII form (xn--)."
        )
        raise NotAllowed("malformed-name", detail)
    if len(labels) == 1 or labels[-1] in _INNER_NAMES:
        raise NotAllowed("inner-name", "The host is no name of the public DNS.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
