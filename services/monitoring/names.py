"""Names of people and offices, and when two of them are the same."""

from collections.abc import Iterable

from shared.contracts.ids import known_as


def is_among(name: str, others: Iterable[str]) -> bool:
    """Tell whether a name is one of others."""
    return known_as(name) in {known_as(other) for other in others}
