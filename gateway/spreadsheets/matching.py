"""Which recorded transaction is that of which row, where several rows may have sent the same."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet


def matched(
    told: Mapping[int, str | None], sent: Mapping[int, AbstractSet[str]], recorded: Counter[str]
) -> dict[int, str]:
    """Return of each row which of what it sent is recorded as its own.

    As many rows as possible get one, first of all what they say now. A row that sent several contents leaves to another
    what that other needs.

    Args:
        told: what each row says, by digest; None of a blank one.
        sent: what each row ever sent.
        recorded: how often each digest is recorded.

    """
    holders: dict[str, list[int]] = defaultdict(list)
    for row, now in told.items():
        if now is not None and now in sent[row] and len(holders[now]) < recorded[now]:
            holders[now].append(row)
    settled = {row for rows in holders.values() for row in rows}
    for row in told:
        if row not in settled:
            _find(row, sent, recorded, holders, set())
    return {row: digest for digest, rows in holders.items() for row in rows}


def _find(
    row: int,
    sent: Mapping[int, AbstractSet[str]],
    recorded: Counter[str],
    holders: dict[str, list[int]],
    seen: set[str],
) -> bool:
    """Find a digest for a row, letting rows that hold one go over to another (Kuhn's augmenting paths)."""
    for digest in sorted(sent[row] - seen):
        seen.add(digest)
        if len(holders[digest]) < recorded[digest]:
            holders[digest].append(row)
            return True
        for place, holder in enumerate(holders[digest]):
            if _find(holder, sent, recorded, holders, seen):
                holders[digest][place] = row
                return True
    return False
