"""Which faults of a document refuse it, beside those that the stored version has."""

from decimal import Decimal

import pytest

from shared.chassis.documents.faults import introduced, told
from shared.contracts.base import Contract


class Item(Contract):
    name: str
    amount: Decimal = Decimal(0)


class Group(Contract):
    items: tuple[Item, ...] = ()


class Whole(Contract):
    amount: Decimal = Decimal(0)
    groups: tuple[Group, ...] = ()


def faults(whole: Whole):
    """Refuse what is below zero, and odd items."""
    found = [("/amount", "negative", "")] if whole.amount < 0 else []
    for place, group in enumerate(whole.groups):
        for number, item in enumerate(group.items):
            at = f"/groups/{place}/items/{number}"
            if item.amount < 0:
                found.append((f"{at}/amount", "negative", ""))
            if item.amount % 2:
                found.append((f"{at}/amount", "odd", ""))
    return told(found)


def whole(*items: tuple[str, int], amount: int = 0) -> Whole:
    group = Group(items=tuple(Item(name=name, amount=Decimal(number)) for name, number in items))
    return Whole(amount=Decimal(amount), groups=(Group(), group))


@pytest.mark.parametrize(
    ("stored", "document", "refusing"),
    [
        (whole(("a", -2)), whole(("a", -2)), []),
        (whole(("a", -2)), whole(("a", -4)), []),
        (whole(("a", -2)), whole(("a", -3)), [("1/items/0", "odd")]),
        (whole(("a", -2)), whole(("a", 2)), []),
        (whole(("a", 2)), whole(("a", -2)), [("1/items/0", "negative")]),
        (whole(("a", 2), ("b", -2)), whole(("b", -2)), []),
        (whole(("a", -2), ("b", -4)), whole(("c", 2), ("a", -2), ("b", -4)), []),
        (whole(("a", -2)), whole(("a", -2), ("b", -2)), [("1/items/1", "negative")]),
        (whole(("a", -2)), whole(("a", -2), ("a", -2)), [("1/items/1", "negative")]),
        (whole(("a", 2), ("b", -2)), whole(("b", -4)), [("1/items/0", "negative")]),
        (whole(("a", -2)), whole(("b", -2), ("a", -2)), [("1/items/0", "negative")]),
        (whole(("a", -2), ("a", -2)), whole(("a", -2), ("a", -4)), []),
        (whole(("a", -2), ("a", -2)), whole(("a", -4), ("a", -2)), []),
    ],
)
def test_a_fault_that_is_stored_refuses_nothing(stored: Whole, document: Whole, refusing: list):
    found = introduced(faults(document), document, faults(stored), stored)
    assert [(fault.pointer, fault.code) for fault in found] == [
        (f"/groups/{place}/amount", code) for place, code in refusing
    ]


def test_a_fault_outside_of_lists_is_known_by_its_place():
    below, above = whole(amount=-1), whole(amount=1)
    assert introduced(faults(below), below, faults(below), below) == []
    assert introduced(faults(below), below, faults(above), above) == faults(below)
