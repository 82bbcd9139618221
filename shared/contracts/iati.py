"""Values that several parts of an IATI 2.03 activity share.

Names follow https://iatistandard.org/en/iati-standard/203/; a code is kept as the publisher wrote it,
whether or not a code list knows it.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.base import Contract

MAX_DIGITS = 38
"""Digits of an amount or a number; beyond that no publisher means it, and it is refused."""

Amount = Annotated[Decimal, Field(max_digits=MAX_DIGITS, decimal_places=18, allow_inf_nan=False)]
Code = Annotated[str, Field(max_length=500)]


class Narrative(Contract):
    """Text in one language; ``lang`` is None where the publisher's default language applies."""

    text: str
    lang: str | None = None


Narratives = tuple[Narrative, ...]


class Description(Contract):
    """A description of a DescriptionType (1 general, 2 objectives, 3 target groups)."""

    type: Code | None = None
    narratives: Narratives = ()


class Organisation(Contract):
    """An organisation as an activity names it; ``ref`` is its IATI organisation identifier."""

    ref: Code | None = None
    type: Code | None = None
    names: Narratives = ()


class ReportingOrganisation(Organisation):
    """The publisher of the data, who may be a secondary reporter of another's activity."""

    secondary_reporter: bool | None = None


class TransactionOrganisation(Organisation):
    """Provider or receiver of money, with the activity at that end of the transaction."""

    activity_id: Code | None = None


class Money(Contract):
    """An amount with its currency and the date that fixes its exchange rate.

    ``currency`` is None only where neither the value nor the activity states one.
    """

    amount: Amount
    currency: Code | None = None
    value_date: date | None = None


class VocabularyCode(Contract):
    """A code of a vocabulary, with the narratives that a publisher's own vocabulary needs."""

    code: Code
    vocabulary: Code | None = None
    vocabulary_uri: str | None = None
    narratives: Narratives = ()


class Share(VocabularyCode):
    """A country, region or sector with its percentage of the whole (0 to 100, None if not given)."""

    percentage: Amount | None = None


class Document(Contract):
    """A document link."""

    url: str
    format: str | None = None
    titles: Narratives = ()
    descriptions: Narratives = ()
    categories: tuple[Code, ...] = ()
    languages: tuple[Code, ...] = ()
    document_date: date | None = None
    recipient_countries: tuple[VocabularyCode, ...] = ()


class Reading(Contract):
    """A value that IATI types as text, kept verbatim beside the number it unambiguously states.

    ``reading`` tells how the number came about: ``plain`` (the text is a decimal number), ``grouped``
    (thousands separators that admit one reading only), ``blank`` (nothing but blanks) or ``unreadable``
    (a person may understand it; no number is guessed).
    """

    raw: str
    number: Amount | None = None
    reading: Literal["plain", "grouped", "blank", "unreadable"]
