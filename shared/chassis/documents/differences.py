"""What became of a document on two sides since a version that both began with, so that a person can merge.

Objects are compared member by member. Items of a list that each have a natural key are compared by it, in whatever order they
stand; a list that one side alone changed, and lists that kept their places on both, item by item. Where both sides
inserted or took away items, nobody can tell which item is which: from the first to the last that differs, each is told
whole and as a conflict. A list of plain values is one value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from pydantic_core import to_json

from shared.chassis.errors import Difference

MOST = 200
MOST_BYTES = 256 * 1024
KEYS = ("identifier", "id", "reference", "code", "number")
"""Members that tell an item of a list from the others, if they do."""


class _Absent:
    """Stands for what is not there."""


ABSENT: Final = _Absent()
"""There is nothing; null would be something."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One place of a document three times: as both began, as the caller has it, and as it is stored."""

    base: Any
    yours: Any
    theirs: Any

    @property
    def all(self) -> tuple[Any, Any, Any]:
        """The three."""
        return self.base, self.yours, self.theirs

    @property
    def is_settled(self) -> bool:
        """Whether nobody changed anything."""
        return bool(self.base == self.yours == self.theirs)

    @property
    def is_contested(self) -> bool:
        """Whether both sides changed it, and not to the same."""
        return self.yours not in (self.base, self.theirs) and self.theirs != self.base

    def map(self, part: Any) -> "Sides":  # noqa: ANN401
        """Return what a function makes of each."""
        return Sides(*map(part, self.all))


def difference(base: Any, yours: Any, theirs: Any) -> Iterator[Difference]:  # noqa: ANN401
    """Yield each place where a side is not as both began.

    Pointers (RFC 6901) are into ``theirs``, the document as it is stored; ``-`` stands for an item that it does not have. Who
    puts into it what ``yours`` says at all places that are no conflict has the edits of both.

    Args:
        base: JSON value that both began with.
        yours: what the caller has.
        theirs: what is stored.

    """
    return _compare("", Sides(base, yours, theirs))


def bounded(entries: Iterator[Difference]) -> tuple[list[Difference], bool]:
    """Return differences as far as they are told in one answer, and whether that is all."""
    told: list[Difference] = []
    size = 0
    for entry in entries:
        size += len(to_json(entry))
        if len(told) == MOST or size > MOST_BYTES:
            return told, False
        told.append(entry)
    return told, True


def _compare(pointer: str, sides: Sides) -> Iterator[Difference]:
    if sides.is_settled:
        return
    present = [side for side in sides.all if side is not ABSENT]
    if len(present) == len(sides.all) or (sides.base is ABSENT and len(present) > 1):
        if all(isinstance(side, dict) for side in present):
            yield from _members(pointer, sides)
            return
        if all(_is_of_objects(side) for side in present):
            yield from _items(pointer, sides)
            return
    yield _told(pointer, sides, is_conflict=sides.is_contested)


def _told(pointer: str, sides: Sides, *, is_conflict: bool) -> Difference:
    told = zip(("base", "yours", "theirs"), sides.all, strict=True)
    return Difference(
        pointer=pointer,
        conflict=is_conflict,
        **{name: side for name, side in told if side is not ABSENT},
    )


def _is_of_objects(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _members(pointer: str, sides: Sides) -> Iterator[Difference]:
    objects = [{} if side is ABSENT else side for side in sides.all]
    for name in dict.fromkeys(chain(objects[2], objects[1], objects[0])):
        at = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        yield from _compare(at, Sides(*(each.get(name, ABSENT) for each in objects)))


def _items(pointer: str, sides: Sides) -> Iterator[Difference]:
    lists = sides.map(lambda side: [] if side is ABSENT else side)
    key = next((name for name in KEYS if all(_tells_apart(name, items) for items in lists.all)), None)
    if key is not None:
        yield from _by_key(pointer, lists, key)
    elif lists.base in (lists.yours, lists.theirs) or _kept_places(lists):
        yield from _by_place(pointer, lists, 0)
    else:
        yield from _unaligned(pointer, lists)


def _tells_apart(name: str, items: Sequence[dict[str, Any]]) -> bool:
    """Whether every item has a member, and no two have the same."""
    told = [item.get(name) for item in items]
    return all(isinstance(each, str | int) for each in told) and len(set(told)) == len(told)


def _by_key(pointer: str, lists: Sides, key: str) -> Iterator[Difference]:
    items = [{item[key]: item for item in side} for side in lists.all]
    places = {item[key]: place for place, item in enumerate(lists.theirs)}
    for name in dict.fromkeys(chain(items[2], items[1], items[0])):
        found = Sides(*(side.get(name, ABSENT) for side in items))
        yield from _compare(f"{pointer}/{places.get(name, '-')}", found)


def _by_place(pointer: str, lists: Sides, offset: int) -> Iterator[Difference]:
    for place in range(max(map(len, lists.all))):
        found = lists.map(lambda items, place=place: items[place] if place < len(items) else ABSENT)
        at = offset + place if place < len(lists.theirs) else "-"
        yield from _compare(f"{pointer}/{at}", found)


def _kept_places(lists: Sides) -> bool:
    """Whether items stand where they stood: lists are as long as before, and no item moved to where another was."""
    if len({len(items) for items in lists.all}) > 1:
        return False
    before = {to_json(item): place for place, item in enumerate(lists.base)}
    for side in (lists.yours, lists.theirs):
        for place, item in enumerate(side):
            if item != lists.base[place] and to_json(item) in before:
                return False
    return True


def _unaligned(pointer: str, lists: Sides) -> Iterator[Difference]:
    """Tell whole what is between the first and the last item that is not the same on all sides."""
    shortest = min(map(len, lists.all))
    start = next((at for at in range(shortest) if not _same(lists, at)), shortest)
    end = next((at for at in range(1, shortest - start + 1) if not _same(lists, -at)), shortest - start + 1)
    middles = lists.map(lambda items: items[start : len(items) - end + 1])
    for place in range(max(map(len, middles.all))):
        found = middles.map(lambda items, place=place: items[place] if place < len(items) else ABSENT)
        at = start + place if place < len(middles.theirs) else "-"
        if not found.is_settled:
            yield _told(f"{pointer}/{at}", found, is_conflict=found.yours != found.theirs)


def _same(lists: Sides, place: int) -> bool:
    first, *others = (items[place] for items in lists.all)
    return all(other == first for other in others)
