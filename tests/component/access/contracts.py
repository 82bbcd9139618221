"""The contract of the documents of each resource."""

from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.contracts.base import Contract

OWNERS = (PROJECTS, FUNDING, MONITORING)
_CONTRACTS: dict[str, type[Contract]] = {
    aggregate.noun: aggregate.contract for service in OWNERS for aggregate in service.aggregates
}


def contract_of(resource: str) -> type[Contract]:
    """Return the contract of a resource's documents."""
    return _CONTRACTS[resource]
