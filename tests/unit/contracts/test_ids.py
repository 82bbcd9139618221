import uuid

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.ids import Identifier, activity_id, partner_id

IDENTIFIER = TypeAdapter(Identifier)


def test_ids_are_the_same_for_ever():
    assert activity_id("XM-DAC-41301-1") == uuid.UUID("7db2d9d9-d5c6-588e-a909-be2f0fa69d90")
    assert partner_id("XM-DAC-41301") == uuid.UUID("4aff3a56-d4ba-5589-8759-08063baa4952")


def test_ids_tell_identifiers_and_kinds_apart():
    assert activity_id("XM-DAC-41301-1") != activity_id("xm-dac-41301-1")
    assert activity_id("XM-DAC-41301") != partner_id("XM-DAC-41301")


@pytest.mark.parametrize("text", ["XM-DAC-41301-1", "  XM-DAC-41301-1\n", "\tXM-DAC-41301-1 "])
def test_outer_blanks_are_no_part_of_an_identifier(text: str):
    assert IDENTIFIER.validate_python(text) == "XM-DAC-41301-1"


@pytest.mark.parametrize("text", ["GB-1 2/3", "Ω-é-项目", "x" * 250, "a.*>b"])
def test_an_identifier_is_kept_as_published(text: str):
    assert IDENTIFIER.validate_python(text) == text


@pytest.mark.parametrize("text", ["", "  ", "x" * 251, "a\nb", "a\x00b", "a\x7fb", 7, None])
def test_what_is_no_identifier_is_refused(text: object):
    with pytest.raises(ValidationError):
        IDENTIFIER.validate_python(text)
