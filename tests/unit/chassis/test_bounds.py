import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.documents.bounds import fault_of, require_storable
from shared.chassis.errors import Invalid
from shared.contracts.base import MAX_DOCUMENT_BYTES
from shared.contracts.iati import Narrative


@given(st.text(st.sampled_from('\0\\u0"a')))
def test_a_nul_character_is_found_whatever_stands_around_it(text):
    fault = fault_of(Narrative(text=text).to_json())
    assert (fault is not None and fault.code == "nul-character") == ("\0" in text)


@given(st.text(st.sampled_from('\0\\u0"a')))
def test_a_nul_character_is_found_in_the_json_of_others_too(text):
    assert (fault_of(json.dumps({"text": text})) is not None) == ("\0" in text)


@pytest.mark.parametrize("character", ["x", "ä", "活", "🌍"])
def test_a_document_is_measured_in_bytes(character):
    most = MAX_DOCUMENT_BYTES // len(character.encode())
    assert fault_of(character * most) is None
    fault = fault_of(character * (most + 1))
    assert fault is not None
    assert fault.code == "document-too-large"


def test_what_can_not_be_stored_is_invalid():
    with pytest.raises(Invalid) as caught:
        require_storable('"\\u0000"')
    assert caught.value.code == "nul-character"
    require_storable('"\\\\u0000"')
