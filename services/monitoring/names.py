"""Names of people and offices, and when two of them are the same."""

import unicodedata
from collections.abc import Iterable


def known_as(name: str) -> str:
    """Return a name as it is compared: neither case nor blanks nor the form of its letters tell people apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_among(name: str, others: Iterable[str]) -> bool:
    """Tell whether a name is one of others."""
    return known_as(name) in {known_as(other) for other in others}
