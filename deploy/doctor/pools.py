"""How many connections the pools of all processes may open; what they were counted from is told with the number."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from deploy.configuration_page import SERVICES

GATEWAY_POOLS = 3
"""Pools of a process of the gateway: its own, that of the read model, and that of a generation that is built."""
APART = 2
"""Connections of a process beside its pools, such as those of the router and the sender of webhooks."""


@dataclass(frozen=True, slots=True)
class Pools:
    """The processes that are known, how many there are by each name, and the size of a pool if it was told."""

    processes: Mapping[str, int]
    size: int | None = None

    def connections(self, service: str) -> int:
        """Return the most connections that the processes of a service open."""
        each = self._size(service) * (GATEWAY_POOLS if service == "gateway" else 1) + APART
        return each * self._counted()[service]

    def told(self, services: Collection[str]) -> str:
        """Return what the connections of services were counted from."""
        counted = self._counted()
        processes = ", ".join(f"{service} {counted[service]}" for service in SERVICES if service in services)
        sizes = sorted({self._size(service) for service in services})
        source = "by default" if self.size is None else "by DEVCOOP_DATABASE_POOL"
        return f"processes: {processes}; pool of {' or '.join(map(str, sizes))} {source}"

    def _counted(self) -> Counter[str]:
        counted = Counter[str]()
        for name, count in self.processes.items():
            counted[service_of(name)] += count
        return counted

    def _size(self, service: str) -> int:
        default: int = SERVICES[service].model_fields["database_pool"].default
        return default if self.size is None else self.size


def service_of(process: str) -> str:
    """Return the service that a process is of, by its name, as in ``funding-2``; the gateway's have many names."""
    return next((name for name in SERVICES if process.startswith(name)), "gateway")
