"""Names of a person: found whole and in words, whatever their case, blanks and forms of letters, and nothing else."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from shared.chassis.personal.kept import places_in, without
from shared.chassis.personal.names import Names
from shared.contracts.alerts import Alert
from shared.contracts.events import Envelope, decode, is_erased
from shared.contracts.personal import personal_part
from shared.contracts.projects.v1 import Activity, Proposal
from shared.testing import proposals as sample
from shared.testing.documents import ACTIVITY as KIND

PSEUDONYM = "erased-0011aabb"
JANE = Names(["Jane Doe", "jane.doe@example.org"], PSEUDONYM)
CONTACTS = [
    {
        "person_name": [{"text": "JANE  doe", "lang": "en"}, {"text": "Джейн Доу", "lang": "ru"}],
        "organisation": [{"text": "A ministry"}],
        "job_title": [{"text": "Chief"}],
        "telephones": ["+41 22 799 00 00"],
        "emails": ["focal@example.org"],
        "mailing_addresses": [[{"text": "4, route des Morillons"}]],
    },
    {"person_name": [{"text": "Jane Doe-Smith"}], "emails": ["jane.doe-smith@example.org"]},
    {"job_title": [{"text": "Clerk"}], "emails": ["Jane.Doe@Example.org"], "telephones": ["1"]},
]


def contacts_without(names):
    document = Activity.model_validate(KIND.document("X-1", contacts=CONTACTS))
    erased, places = names.erased(from_json(document.to_json()), personal_part(Activity))
    return erased, places


def test_a_contact_goes_as_a_whole_and_its_organisation_stays():
    erased, _ = contacts_without(JANE)
    assert erased["contacts"][0] == {
        "person_name": [{"text": PSEUDONYM, "lang": "en"}, {"text": PSEUDONYM, "lang": "ru"}],
        "organisation": [{"text": "A ministry"}],
        "job_title": [{"text": PSEUDONYM}],
        "telephones": [PSEUDONYM],
        "emails": [PSEUDONYM],
        "mailing_addresses": [[{"text": PSEUDONYM}]],
    }


def test_a_contact_of_somebody_else_stays():
    erased, _ = contacts_without(JANE)
    assert erased["contacts"][1] == CONTACTS[1]


def test_a_contact_is_known_by_any_of_its_members():
    erased, _ = contacts_without(JANE)
    assert erased["contacts"][2] == {
        "job_title": [{"text": PSEUDONYM}],
        "emails": [PSEUDONYM],
        "telephones": [PSEUDONYM],
    }


def test_places_are_told_by_pointer_and_text():
    _, places = contacts_without(JANE)
    told = {place.pointer: place.text for place in places}
    assert told["/contacts/0/person_name/1/text"] == "Джейн Доу"
    assert told["/contacts/0/mailing_addresses/0/0/text"] == "4, route des Morillons"
    assert told["/contacts/2/emails/0"] == "Jane.Doe@Example.org"
    assert {pointer.split("/")[2] for pointer in told} == {"0", "2"}


def test_an_erased_document_is_valid_and_the_rest_of_it_is_the_same():
    erased, _ = contacts_without(JANE)
    document = Activity.from_json(to_json(erased))
    stored = Activity.model_validate(KIND.document("X-1", contacts=CONTACTS))
    assert document.model_copy(update={"contacts": ()}) == stored.model_copy(update={"contacts": ()})


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("By Jane Doe.", f"By {PSEUDONYM}."),
        ("by JANE\ndoe, and again jane doe", f"by {PSEUDONYM}, and again {PSEUDONYM}"),
        ("mail jane.doe@example.org now", f"mail {PSEUDONYM} now"),
        ("Jane Doering met Mary Jane Doe", f"Jane Doering met Mary {PSEUDONYM}"),
        ("janedoe", "janedoe"),
    ],
)
def test_words_lose_the_names_that_stand_in_them(words: str, left: str):
    alert = {"text": words}
    assert JANE.erased(alert, personal_part(Alert))[0] == {"text": left}


def test_a_name_is_found_in_any_form_of_its_letters():
    names = Names([unicodedata.normalize("NFC", "Zoë Müller")], PSEUDONYM)
    decomposed = unicodedata.normalize("NFD", "zoë müller")
    assert names.is_one(decomposed)
    assert names.without(f"of {decomposed}.") == f"of {PSEUDONYM}."


def test_a_conflict_of_interest_is_one_still():
    proposal = Proposal.model_validate(sample.proposal("KEN/26/01"))
    author = proposal.authors[0].name
    document = from_json(proposal.to_json())
    document["appraisals"] = [{"appraiser": {"person": author.upper()}}]
    erased, _ = Names([author], PSEUDONYM).erased(document, personal_part(Proposal))
    assert erased["authors"][0]["name"] == erased["appraisals"][0]["appraiser"]["person"] == PSEUDONYM


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(before=TEXTS, name=TEXTS.filter(lambda text: len("".join(text.split())) > 2), after=TEXTS)
@example(before='"', name='A "quoted" \\ name', after="\\")
@example(before="", name="Straße İstanbul", after="")
@example(before="", name="\u212bngstr\u00f6m \x1f x", after="")
def test_what_may_not_be_in_a_text_is_not_in_it(before: str, name: str, after: str):
    names = Names([name], PSEUDONYM)
    for text in (name, name.upper(), name.lower()):
        if names.is_one(text):
            assert names.may_be_in(to_json({"by": text}).decode())
    words = f"{before} {name} {after}"
    if names.without(words) != words:
        assert names.may_be_in(to_json({"text": words}).decode())


def envelope(**members: object) -> str:
    return Envelope.model_validate(
        {
            "id": "00000000-0000-0000-0000-000000000001",
            "type": "projects.activity.registered",
            "version": 1,
            "subject": "projects.v1.activity.registered.00000000-0000-0000-0000-000000000002",
            "aggregate_id": "00000000-0000-0000-0000-000000000002",
            "aggregate_version": 3,
            "occurred_at": "2026-01-01T00:00:00Z",
            "recorded_at": "2026-01-01T00:00:00Z",
            "actor": "clerk",
            "correlation_id": "c",
            "data": KIND.document("X-1"),
            **members,
        }
    ).to_json()


@pytest.mark.parametrize(
    "members",
    [
        {"actor": "Jane Doe"},
        {"rationale": "asked by Jane Doe"},
        {"data": KIND.document("X-1", contacts=CONTACTS)},
    ],
)
def test_an_event_without_names_says_that_it_was_erased(members: dict[str, object]):
    payload = envelope(**members)
    erased, places = without(payload, JANE)
    assert places
    assert is_erased(erased.encode())
    assert not is_erased(payload.encode())
    assert without(erased, JANE) == (erased, ())
    before, after = decode(payload.encode())[0], decode(erased.encode())[0]
    assert after.model_copy(update={"actor": "", "rationale": None, "erased": False}) == before.model_copy(
        update={"actor": "", "rationale": None}
    )
    assert "jane doe" not in erased.casefold().replace("jane doe-smith", "")


@pytest.mark.parametrize("words", ['"erased":true', '"erased":true,"data":{', ',"erased":true,"data":'])
def test_no_words_make_an_event_an_erased_one(words: str):
    payload = envelope(rationale=words, data={"text": words})
    assert not is_erased(payload.encode())


def test_an_event_that_names_somebody_else_stays_as_it_is():
    payload = envelope(rationale="asked by Jane Doering")
    assert without(payload, JANE) == (payload, ())


def test_a_document_without_the_name_is_not_looked_into():
    assert places_in("{not even JSON", personal_part(Activity), JANE) == ()


def test_a_person_has_a_name():
    with pytest.raises(ValueError, match="has a name"):
        Names([" "])
