"""The base of every contract, and the two ways in which a contract becomes JSON.

Contracts are immutable. Amounts and numbers are ``Decimal`` and travel as JSON strings, because a JSON
number is a float to most readers. Fields at their default are left out on the wire: an IATI activity
uses a small part of what the standard allows, and the default of each field stands in its schema.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""Largest document of an aggregate as JSON text, bounded by what one event may carry."""


class Contract(BaseModel):
    """An immutable value that crosses a boundary: a request, a response, an event."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def to_json(self) -> str:
        """Return the canonical JSON text: fields in order of declaration, defaults left out."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read the JSON text of this contract.

        Raises:
            pydantic.ValidationError: the text is not JSON or breaks the contract.

        """
        return cls.model_validate_json(text)

    @classmethod
    def from_event(cls, text: str | bytes) -> Self:
        """Read the JSON text of an event's data, passing over members that a newer owner may have added.

        Raises:
            pydantic.ValidationError: the text is not JSON or breaks the contract.

        """
        return cls.model_validate_json(text, extra="ignore")
