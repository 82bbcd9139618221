"""The names of one person: finding them in what is kept, and putting a pseudonym in their place.

A person goes by several names: spellings, user names, e-mail addresses. A whole name is told without regard to case,
blanks and forms of letters. In words it is told by its own letters, where it stands as words of its own.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from shared.contracts.ids import known_as
from shared.contracts.personal import Part, Personal

FORMS: tuple[Literal["NFC", "NFD", "NFKC"], ...] = ("NFC", "NFD", "NFKC")
_ESCAPED = re.compile(r'[\s"\\\x00-\x1f]+')
"""What parts a name into pieces that stand in JSON text as they are."""


@dataclass(frozen=True, slots=True)
class Place:
    """A text that holds a name: its JSON pointer, what marks it, and the text."""

    pointer: str
    marker: Personal
    text: str


class Names:
    """The names of a person, and the pseudonym that takes their place.

    Raises:
        ValueError: none of the names has letters.

    """

    def __init__(self, names: Iterable[str], pseudonym: str = "") -> None:
        told = [name for name in names if known_as(name)]
        if not told:
            raise ValueError("a person has a name")
        self._known = {known_as(name) for name in told}
        self._pieces = [[each for each in _ESCAPED.split(known) if each] for known in self._known]
        self._words = _words(told)
        self._pseudonym = pseudonym

    def is_one(self, text: str) -> bool:
        """Whether a text is one of the names."""
        return known_as(text) in self._known

    def without(self, words: str) -> str:
        """Return words with the pseudonym in place of the names."""
        return self._words.sub(self._pseudonym, words)

    def may_be_in(self, json_text: str) -> bool:
        """Whether JSON text may hold one of the names; false is certain."""
        folded = unicodedata.normalize("NFKC", json_text).casefold()
        return any(all(piece in folded for piece in pieces) for pieces in self._pieces)

    def erased(self, value: Any, part: Part, pointer: str = "") -> tuple[Any, list[Place]]:  # noqa: ANN401
        """Return a JSON value with the pseudonym in place of the names, and where they were.

        Args:
            value: of the part.
            part: of a contract.
            pointer: to the value.

        """
        places: list[Place] = []
        return self._without(value, part, pointer, places), places

    def _without(self, value: Any, part: Part, pointer: str, places: list[Place]) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [
                self._without(item, part, f"{pointer}/{index}", places) for index, item in enumerate(value)
            ]
        if part.marker is not None:
            return self._unnamed(value, part.marker, pointer, places, everything=False)
        if not isinstance(value, dict):
            return value
        is_of_person = self._is_contact(value, part)
        changed = dict(value)
        for name, member in part.members.items():
            if name not in value:
                continue
            at = f"{pointer}/{name}"
            if member.marker is not None:
                goes = is_of_person and member.marker.kind == "contact"
                changed[name] = self._unnamed(value[name], member.marker, at, places, everything=goes)
            else:
                changed[name] = self._without(value[name], member, at, places)
        return changed

    def _is_contact(self, value: dict[str, Any], part: Part) -> bool:
        """Whether the contact members of an object are of the person."""
        contacts = (
            value.get(name)
            for name, member in part.members.items()
            if member.marker is not None and member.marker.kind == "contact"
        )
        return any(self.is_one(text) for texts in contacts for text in _texts(texts))

    def _unnamed(
        self,
        value: Any,  # noqa: ANN401
        marker: Personal,
        pointer: str,
        places: list[Place],
        *,
        everything: bool,
    ) -> Any:  # noqa: ANN401
        """Return a marked value without the names, or without any text if everything goes."""
        if isinstance(value, list):
            return [
                self._unnamed(item, marker, f"{pointer}/{index}", places, everything=everything)
                for index, item in enumerate(value)
            ]
        if isinstance(value, dict):
            text = self._unnamed(value.get("text"), marker, f"{pointer}/text", places, everything=everything)
            return {**value, "text": text}
        if not isinstance(value, str) or not value:
            return value
        if everything or (marker.kind != "text" and self.is_one(value)):
            changed = self._pseudonym
        else:
            changed = self.without(value) if marker.kind == "text" else value
        if everything or changed != value:
            places.append(Place(pointer, marker, value))
        return changed


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the texts of a marked value: of a text, of narratives, and of lists of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(value.get("text"))


def _words(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds names in words, longer ones first; any blanks may part their words."""
    forms = {unicodedata.normalize(form, name) for name in names for form in FORMS}
    alternatives = (
        r"\s+".join(map(re.escape, form.split()))
        for form in sorted(forms, key=lambda form: (-len(form), form))
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)
