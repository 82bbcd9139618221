"""Examples of documents, made of the JSON Schemas of their contracts: what is required, and what tells something. Pure."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

BY_PATTERN = {
    r"^-?[0-9]+(\.[0-9]+)?(E[+-][0-9]+)?$": "1200",
    r"^(19|20)[0-9]{2}-[0-9]{2}$": "2026-27",
    r"^[A-Z]{2}$": "KE",
    r"^[A-Z]{3}$": "USD",
    r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}$": "ECB",
    r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$": "2026-03",
}
BY_FORMAT = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T12:00:00Z",
    "uuid": "018f3f1e-7c1b-7d3a-9a55-3f6f1d2c4b5a",
}
BY_NAME = {
    "iati_identifier": "XM-DAC-41302-KEN-101",
    "activity": "XM-DAC-41302-KEN-101",
    "activities": "XM-DAC-41302-KEN-101",
    "organisation_identifier": "XM-DAC-41302",
    "number": "AGR-2026-001",
    "ref": "XM-DAC-41302",
    "identifier": "EXAMPLE-1",
    "currency": "USD",
    "reason": "Agreed with the donor",
    "name": "A. Author",
    "source": "ECB",
    "text": "Decent work for young people",
    "lang": "en",
    "by": "programme.manager",
    "country": "KE",
    "countries": "KE",
    "recipient_countries": "KE",
    "outcome": "3",
    "period_end": "2026-12-31",
    "end": "2026-03-05",
    "monitoring_share": "5",
    "weight": "100",
    "from_amount": "0",
    "weighted_score": "0",
}
"""What a text is that only its member tells, or that a rule of the contract bounds, by the name of the member."""
TELLING = ("ref", "state", "recipient_countries", "participating_organisations", "amount", "currency", "role")
"""Members that an example has although they are not required."""
ANY_TEXT = "1"


class UnknownSchema(Exception):
    """No example can be made of a schema: it says what this module does not know."""


def example_of(schema: Schema) -> Any:  # noqa: ANN401
    """Return a value that a schema describes.

    Raises:
        UnknownSchema: it has a pattern or a type that is not known here.

    """
    return _Examples(schema.get("$defs", {})).of(schema, "")


class _Examples:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def of(self, schema: Schema, name: str) -> Any:  # noqa: ANN401
        if "$ref" in schema:
            return self.of(self._definitions[schema["$ref"].rpartition("/")[2]], name)
        for alternatives in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
            if alternatives:
                told = [each for each in alternatives if each.get("type") != "null"]
                return self.of(told[0], name)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        return self._of_type(schema, name)

    def _of_type(self, schema: Schema, name: str) -> Any:  # noqa: ANN401
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [
                _told_apart(self.of(schema["items"], name), number)
                for number in range(max(schema.get("minItems", 1), 1))
            ]
        if kind == "integer":
            return max(int(schema.get("minimum", 1)), 1)
        if kind == "boolean":
            return not schema.get("default", False)
        if kind == "string":
            return _text(schema, name)
        raise UnknownSchema(f"{name}: {dict(schema)}")

    def _object(self, schema: Schema) -> dict[str, Any]:
        shown = {*schema.get("required", ()), *TELLING}
        members = schema.get("properties", {})
        return {name: self.of(member, name) for name, member in members.items() if name in shown}


def _told_apart(item: Any, number: int) -> Any:  # noqa: ANN401
    """Return an item of a list with a code of its own."""
    if number and isinstance(item, dict) and "code" in item:
        return {**item, "code": f"{item['code']}.{number}"}
    return item


def _text(schema: Schema, name: str) -> str:
    if name in BY_NAME:
        return BY_NAME[name]
    pattern = schema.get("pattern")
    if pattern is not None:
        if pattern not in BY_PATTERN:
            raise UnknownSchema(f"{name} has the pattern {pattern}")
        return BY_PATTERN[pattern]
    if "format" in schema:
        return BY_FORMAT[schema["format"]]
    return ANY_TEXT
