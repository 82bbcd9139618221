"""The processes: whether they answer, are ready, and have the right time."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from deploy.doctor.clocks import clock
from deploy.doctor.findings import Finding, fault, ok, warning
from shared.chassis.http import Client, Response, TransportError

READ_SECONDS = 5
Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Return the addresses of a host; OSError if it has none."""


async def resolve(host: str) -> Sequence[str]:
    """Return the addresses of a host, as this machine knows them.

    Raises:
        OSError: it is not known.

    """
    loop = asyncio.get_running_loop()
    return [str(told[4][0]) for told in await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Process:
    """A process by the name that it is known by, and where it is asked; of several replicas also the host of them all."""

    name: str
    address: str
    host: str | None = None

    @property
    def part(self) -> str:
        """What the findings are about."""
        return f"process {self.name}" if self.host is None else f"process {self.name} at {self.address}"


async def replicas(name: str, address: str, resolve: Resolve = resolve) -> Sequence[Process]:
    """Return the process at an address, or one for each address of its host, which is a replica.

    A host with addresses of both families has each replica twice, of which IPv4 is taken. Over TLS there is one, since its
    certificate is for the name.

    Raises:
        OSError: the host is not known.
        ValueError: the address is none.

    """
    url = urlsplit(address)
    if url.scheme != "http" or url.hostname is None:
        return [Process(name, address)]
    told = {ip_address(each) for each in await resolve(url.hostname)}
    hosts = [str(each) for each in sorted(each for each in told if isinstance(each, IPv4Address))]
    hosts = hosts or [f"[{each}]" for each in sorted(each for each in told if isinstance(each, IPv6Address))]
    if len(hosts) == 1:
        return [Process(name, address)]
    rest = f"{f':{url.port}' if url.port else ''}{url.path}"
    return [Process(name, f"http://{host}{rest}", url.netloc) for host in hosts]


async def examine(process: Process) -> Sequence[Finding]:
    """Look at a process."""
    part, before = process.part, time.time()
    headers = {} if process.host is None else {"Host": process.host}
    try:
        async with Client(process.address, read_seconds=READ_SECONDS) as client:
            answer = await client.request("GET", "/readyz", headers=headers)
    except TransportError as error:
        what = f"it does not answer at {process.address} ({type(error).__name__})."
        mend = "see whether it runs; by faulty settings it ends with status 78 and says in its log what is wrong."
        return [fault("process-away", part, what, mend)]
    return [_state(part, answer), *_clock(part, answer, before)]


def _state(part: str, answer: Response) -> Finding:
    mend = "ask /metrics of the process for devcoop_check_state, which tells the check."
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return fault("process-down", part, "it says that it is down.", mend)
    status = answer.json().get("status") if answer.status_code == HTTPStatus.OK else None
    if status not in ("ok", "degraded"):
        what = f"something else answers at its address, with {answer.status_code}."
        return fault("process-other", part, what, "correct the address in DEVCOOP_PARTS.")
    if status == "degraded":
        return warning("process-degraded", part, "it says that it is degraded.", mend)
    return ok("process", part, "it is ready.")


def _clock(part: str, answer: Response, before: float) -> Sequence[Finding]:
    """Return whether the time of the answer's header, which is in whole seconds, is ours."""
    stated = answer.headers.get("date")
    if stated is None:
        return []
    theirs = parsedate_to_datetime(stated).timestamp()
    return [clock(part, theirs, before, time.time(), exact_to=2.0)]
