"""Earmarking of a contribution, from its aid types, and the levy that follows from it.

Source: IATI code lists AidTypeVocabulary, EarmarkingCategory and AidType; Grand Bargain annex I for the
modalities; A/RES/72/279 for the levy. Categories: 1 un-earmarked, 2 softly earmarked, 3 earmarked, 4 tightly earmarked.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from shared.contracts.funding.v1 import AidType, Earmarking
from shared.figures.exact import EXACT

Category = Literal["1", "2", "3", "4"]

DAC = "1"
CATEGORY = "2"
MODALITY = "3"

CATEGORIES: Mapping[str, Category] = {"1": "1", "2": "2", "3": "3", "4": "4"}

CATEGORY_OF_MODALITY: Mapping[str, Category] = {
    **dict.fromkeys("ABC", "1"),
    **dict.fromkeys("DEF", "2"),
    **dict.fromkeys("GH", "3"),
    **dict.fromkeys("IJKL", "4"),
}
"""Grand Bargain modalities; L (donor-initiated) is in no official category and falls under the tightest."""

CATEGORY_OF_AID_TYPE: Mapping[str, Category] = {
    "B01": "1",
    "B02": "1",
    "B021": "1",
    "B022": "1",
    "B031": "2",
    "B032": "2",
    "B033": "3",
    "C01": "4",
}
"""DAC aid types that tell by themselves how tightly the money is bound: core contributions leave it to the
receiver, a multi-donor mechanism to its purpose, a single-donor one or a window to the donor's choice, and a
project holds it to the project. Others, such as budget support or experts, tell nothing of it."""

LEVY_RATE = Decimal("0.01")
"""The UN coordination levy (A/RES/72/279)."""

LEVIED: Category = "4"
"""Tightly earmarked, the only category that is levied."""


def earmarking_of(aid_types: Sequence[AidType], default: Sequence[AidType] = ()) -> Earmarking | None:
    """Return how tightly a contribution is earmarked (IATI code lists), None where no code says it.

    A category (vocabulary 2) goes before a modality (3), a modality before the aid type itself (1).
    Contradicting codes of one vocabulary say nothing.

    Args:
        aid_types: aid types of the transaction or the activity.
        default: aid types of the activity, asked where the transaction's own do not say it.

    """
    return _earmarking(aid_types) or (_earmarking(default) if default else None)


def _earmarking(aid_types: Sequence[AidType]) -> Earmarking | None:
    modalities = {t.code.upper() for t in aid_types if t.vocabulary == MODALITY} & CATEGORY_OF_MODALITY.keys()
    modality = min(modalities) if len(modalities) == 1 else None
    if category := _category((t.code for t in aid_types if t.vocabulary == CATEGORY), CATEGORIES):
        return Earmarking(category=category, modality=modality, basis="category")
    if category := _category(modalities, CATEGORY_OF_MODALITY):
        return Earmarking(category=category, modality=modality, basis="modality")
    if category := _category(
        (t.code for t in aid_types if t.vocabulary in (None, DAC)), CATEGORY_OF_AID_TYPE
    ):
        return Earmarking(category=category, basis="aid-type")
    return None


def _category(codes: Iterable[str], categories: Mapping[str, Category]) -> Category | None:
    found = {categories[code] for code in codes if code in categories}
    return found.pop() if len(found) == 1 else None


def coordination_levy(
    amount: Decimal,
    category: Category | None,
    *,
    third_party: bool | None = True,
    development: bool | None = True,
) -> Decimal | None:
    """Return the coordination levy on a contribution (A/RES/72/279), not rounded.

    It is 1 % of tightly earmarked non-core contributions that a third party makes to development activities. One
    fact that speaks against it makes it 0, whatever else is not known.

    Args:
        amount: the contribution; a reduction gives a negative levy.
        category: how tightly it is earmarked, from ``earmarking_of``.
        third_party: false where a government pays for a programme in its own country.
        development: false for humanitarian and other activities.

    Returns:
        None where the earmarking, or another fact that decides, is not known.

    """
    if category not in (None, LEVIED) or third_party is False or development is False:
        return Decimal(0)
    if category is None or third_party is None or development is None:
        return None
    return EXACT.multiply(amount, LEVY_RATE)
