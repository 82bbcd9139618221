"""Lists: filters, pages in order of identifier, and parameters that are not taken."""

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import pytest

from shared.testing.documents import ACTIVITY, FINANCE, FRAMEWORK, PARTNER


async def listed(client, path, **parameters):
    """Return the identifiers of a list, page by page until its end."""
    identifiers, cursor = [], None
    while True:
        answer = await client.get(path, params=parameters | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= int(parameters.get("limit", 50))
        identifiers += [item["identifier"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return identifiers


async def stored(client, kind, *documents):
    """Store documents under new identifiers of one prefix and return the identifiers."""
    prefix = f"XM-{uuid4().hex[:8]}"
    identifiers = [f"{prefix}-{place}" for place in range(len(documents))]
    for identifier, members in zip(identifiers, documents, strict=True):
        answer = await client.post(kind.path, json=kind.document(identifier, **members))
        assert answer.status_code == 201, answer.text
    return identifiers


@pytest.mark.parametrize(
    ("kind", "one", "other", "filters"),
    [
        (ACTIVITY, {"status": "3"}, {"status": "4"}, {"status": "3"}),
        (
            ACTIVITY,
            {"reporting_organisation": {"ref": "XM-A/B &c"}},
            {"reporting_organisation": {}},
            {"reporting_organisation": "XM-A/B &c"},
        ),
        (
            ACTIVITY,
            {"recipient_countries": [{"code": "KE"}, {"code": "UG"}, {"code": "KE"}]},
            {"recipient_countries": [{"code": "TZ"}]},
            {"country": "KE"},
        ),
        (
            FINANCE,
            {"default_aid_types": [{"code": "1", "vocabulary": "2"}]},
            {},
            {"earmarking_category": "1"},
        ),
        (PARTNER, {"type": "40"}, {"type": "60"}, {"type": "40"}),
        (
            FRAMEWORK,
            {"results": [{"type": "1", "indicators": [{"measure": "1"}]}]},
            {"results": [{"type": "1"}]},
            {"has_indicators": "true"},
        ),
        (
            FRAMEWORK,
            {"results": [{"type": "1"}]},
            {"results": [{"type": "1", "indicators": [{"measure": "1"}]}]},
            {"has_indicators": "false"},
        ),
    ],
)
async def test_a_filter_lists_what_it_names_and_nothing_else(clients, kind, one, other, filters):
    client = clients[kind.owner]
    wanted, unwanted = await stored(client, kind, one, other)
    found = await listed(client, kind.path, limit=500, **filters)
    assert wanted in found
    assert unwanted not in found


async def test_a_list_since_a_moment_holds_what_changed_at_or_after_it(client, kind):
    (before,) = await stored(client, kind, {})
    (after,) = await stored(client, kind, {})
    moment = (await client.get(kind.address(after))).json()["updated_at"]
    found = await listed(client, kind.path, updated_since=moment, limit=500)
    assert after in found
    assert before not in found


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_hold_every_item_once_and_in_order(client, kind, limit):
    moment = datetime.now(UTC).isoformat()
    identifiers = await stored(client, kind, *[{}] * 7)
    assert await listed(client, kind.path, updated_since=moment, limit=limit) == identifiers


async def test_pages_go_on_behind_what_was_inserted_meanwhile(clients):
    client, moment = clients["projects"], datetime.now(UTC).isoformat()
    identifiers = await stored(client, ACTIVITY, {}, {}, {})
    first = (await client.get(ACTIVITY.path, params={"updated_since": moment, "limit": 2})).json()
    await client.post(ACTIVITY.path, json=ACTIVITY.document(f"{identifiers[0]}-inserted"))
    rest = await listed(client, ACTIVITY.path, updated_since=moment, limit=2, cursor=first["next"])
    assert rest == identifiers[2:]


async def test_pages_hold_identifiers_of_any_spelling(clients):
    client, moment = clients["projects"], datetime.now(UTC).isoformat()
    prefix = uuid4().hex
    odd = [f"{prefix}{end}" for end in (" blank", "%2F", "/", "\\", '"', "ä", "Z", "a", "活" * 200, "🌍")]
    for identifier in odd:
        answer = await client.put(ACTIVITY.address(identifier), json=ACTIVITY.document(identifier))
        assert answer.status_code == 201
    found = await listed(client, ACTIVITY.path, updated_since=moment, limit=1)
    assert sorted(found) == sorted(odd)


async def test_a_cursor_that_was_tampered_with_is_refused(client, kind):
    await stored(client, kind, {}, {})
    cursor = (await client.get(kind.path, params={"limit": 1})).json()["next"]
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "Q")
    for wrong in (flipped, cursor[1:], cursor + "AAAA", "", "ä", "not a cursor", "A" * 2000):
        answer = await client.get(kind.path, params={"cursor": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor"), wrong


@pytest.mark.parametrize("query", ["statos=2", "status=2&Limit=1", "%00=1", "a%2Fb=1", "=1"])
async def test_a_parameter_that_is_not_known_is_refused(clients, query):
    answer = await clients["projects"].get(f"{ACTIVITY.path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-parameter")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/v1/activities/XM-1"])
async def test_routes_without_parameters_take_none(clients, path):
    answer = await clients["projects"].get(path, params={"verbose": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-parameter")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "many"),
        ("limit", "9" * 5000),
        ("updated_since", "yesterday"),
        ("updated_since", "2026-01-01T00:00:00"),
        ("cursor", "A" * 2001),
    ],
)
async def test_a_wrong_value_is_refused_by_the_name_of_its_parameter(client, kind, name, value):
    answer = await client.get(kind.path, params={name: value})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid-parameter")
    assert [fault["pointer"] for fault in problem["errors"]] == [f"/{name}"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_at_the_edge_of_time_is_answered(client, kind, moment):
    answer = await client.get(f"{kind.path}?updated_since={quote(moment)}")
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ACTIVITY, "status"),
        (ACTIVITY, "reporting_organisation"),
        (ACTIVITY, "country"),
        (FINANCE, "earmarking_category"),
        (PARTNER, "type"),
    ],
)
async def test_a_filter_by_a_nul_character_is_refused(clients, kind, name):
    answer = await clients[kind.owner].get(f"{kind.path}?{name}=a%00b")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{name}"]
