"""Properties of grants and permits: a restriction never widens what is seen, a further grant never narrows it."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared.policy.grants import Grant, Role, covered
from shared.policy.permits import Permit, Refused, permit
from shared.policy.places import OFFICE, Place, together
from shared.policy.principals import PUBLIC, Principal
from shared.policy.table import RULES

COUNTRIES, ORGANISATIONS, PROJECTS = ("KE", "UG", "TZ"), ("XM-1", "XM-2"), ("P-1", "P-2", "P-3")
DIMENSIONS = {"countries": COUNTRIES, "organisations": ORGANISATIONS, "projects": PROJECTS}


def some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values))


PLACES = st.builds(Place, some(COUNTRIES), some(ORGANISATIONS), some(PROJECTS))
GRANTS = st.builds(
    Grant,
    role=st.sampled_from([role for role in Role if role is not Role.PUBLIC]),
    **{name: st.none() | some(values) for name, values in DIMENSIONS.items()},
)
SETS = st.lists(GRANTS, max_size=4).map(tuple)
ASKED = st.sampled_from(sorted(RULES))


def asking(grants: tuple[Grant, ...]) -> Principal:
    return Principal("issuer", "a", "a", "a", grants)


def permitted(grants: tuple[Grant, ...], asked: tuple[str, str]) -> Permit | None:
    try:
        return permit(asking(grants), *asked)
    except Refused:
        return None


def seen(told: Permit | None, place: Place, *, is_public: bool) -> bool:
    return told is not None and told.sees(place, is_public=is_public)


@given(GRANTS, PLACES, st.sampled_from(sorted(DIMENSIONS)), st.data())
def test_a_further_restriction_never_widens_a_grant(
    grant: Grant, place: Place, name: str, data: st.DataObject
):
    stated = grant.restrictions.get(name)
    drawn = data.draw(some(DIMENSIONS[name]))
    narrower = grant.model_copy(update={name: drawn if stated is None else stated & drawn})
    assert grant.covers(place) or not narrower.covers(place)


@given(GRANTS, PLACES, PLACES)
def test_where_a_grant_holds_it_holds_for_what_is_about_more(grant: Grant, place: Place, other: Place):
    assert not grant.covers(place) or grant.covers(place | other)


@given(GRANTS)
def test_a_restricted_grant_does_not_hold_for_the_office_as_a_whole(grant: Grant):
    assert grant.covers(OFFICE) == grant.is_everywhere


@given(SETS, GRANTS, ASKED, PLACES, st.booleans())
def test_a_further_grant_never_narrows(
    grants: tuple[Grant, ...],
    further: Grant,
    asked: tuple[str, str],
    place: Place,
    is_public: bool,
):
    before, after = permitted(grants, asked), permitted((*grants, further), asked)
    assert not seen(before, place, is_public=is_public) or seen(after, place, is_public=is_public)


@given(SETS, GRANTS, PLACES)
def test_what_grants_cover_together_is_what_one_of_them_covers(
    grants: tuple[Grant, ...], other: Grant, place: Place
):
    assert covered((*grants, other), place) == (covered(grants, place) or other.covers(place))


@given(SETS, ASKED, st.randoms())
def test_those_of_one_key_see_the_same(ones: tuple[Grant, ...], asked: tuple[str, str], draw: Random):
    others = tuple(draw.sample((*ones, *ones[:1]), len((*ones, *ones[:1]))))
    assert asking(ones).grants_key == asking(others).grants_key
    one, other = permitted(ones, asked), permitted(others, asked)
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    for country in (*COUNTRIES, None):
        for project in (*PROJECTS, None):
            place = Place(*(frozenset({each} if each else ()) for each in (country, "XM-1", project)))
            assert one.covers(place) == other.covers(place)


@given(
    st.permutations(
        [Grant(role=Role.FINANCE, countries={"KE"}), Grant(role=Role.PARTNER), Grant(role=Role.FINANCE)]
    )
)
def test_the_order_of_grants_does_not_matter(grants: list[Grant]):
    told = permit(asking(tuple(grants)), "finance", "read")
    assert told.is_everywhere
    assert asking(tuple(grants)).grants_key == asking(tuple(reversed(grants))).grants_key


@given(SETS, SETS)
def test_the_key_of_grants_is_theirs_alone(ones: tuple[Grant, ...], others: tuple[Grant, ...]):
    assert (asking(ones).grants_key == asking(others).grants_key) == (set(ones) == set(others))


@given(SETS, st.lists(PLACES, max_size=3), ASKED)
def test_all_of_no_places_is_not_all(grants: tuple[Grant, ...], places: list[Place], asked: tuple[str, str]):
    told = permitted(grants, asked)
    if told is not None and told.covers_all(places):
        assert told.is_everywhere or (places and all(map(told.covers, places)))
        assert not places or told.covers(together(places))


def test_the_public_is_nobody_who_has_its_grants():
    assert not asking(PUBLIC.grants).is_anonymous
    assert permitted(PUBLIC.grants, ("proposal", "read")) is None
