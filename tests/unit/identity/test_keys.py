"""Keys and revocations of an issuer: fetched, changed, kept, and there while the issuer is away."""

import asyncio
import gzip
import json

import pytest

from shared.chassis.errors import Unavailable
from shared.chassis.http import Client, NotFetched
from shared.chassis.identity.keys import KeySet, keys_check
from shared.chassis.identity.tokens import InvalidToken, TokenVerifier
from shared.chassis.workers import Supervisor

NOW = 1_790_000_000
JWKS = "/jwks"
REVOCATIONS = "/revocations"


async def refusal(verifier, token):
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    return caught.value.code


async def refresh(keyset):
    """Fetch whatever is due, as the worker does."""
    for source in keyset.sources:
        if source.rest == 0:
            await source.fetch()


@pytest.fixture
def keyset(office):
    return office.keyset()


@pytest.fixture
def verifier(office, keyset):
    return TokenVerifier([keyset], clock=office.clock)


@pytest.fixture
def revoking(office):
    """Return the keys of an issuer that tells what it revoked."""
    office.provider.documents[REVOCATIONS] = "{}"
    return office.keyset(revocations_url=f"{office.provider.address}{REVOCATIONS}")


def revoke(office, **lists):
    office.provider.documents[REVOCATIONS] = json.dumps(lists)


async def test_keys_are_fetched_once_for_many_tokens(office, verifier, signer):
    made = [signer.token(jti=f"token-{number}") for number in range(20)]
    await asyncio.gather(*[verifier.verify(token) for token in made])
    assert office.provider.asked == [JWKS]


async def test_keys_overlap_while_they_are_changed(office, keyset, verifier, signer, other):
    old = signer.token()
    await verifier.verify(old)
    office.provider.publish(signer, other)
    office.clock.now += 10
    assert await verifier.verify(other.token())
    assert await verifier.verify(old)
    office.provider.publish(other)
    assert await verifier.verify(old)
    office.clock.now += 300
    await refresh(keyset)
    assert await refusal(verifier, old) == "token-unknown-key"
    assert await verifier.verify(other.token())


async def test_a_key_with_the_name_of_another_replaces_it(office, keyset, verifier, signer, make_signer):
    token = signer.token()
    await verifier.verify(token)
    office.provider.publish(make_signer(signer.kid))
    office.clock.now += 300
    await refresh(keyset)
    assert await refusal(verifier, token) == "token-bad-signature"


async def test_all_keys_can_be_withdrawn(office, keyset, verifier, signer):
    await verifier.verify(signer.token())
    office.provider.publish()
    office.clock.now += 300
    await refresh(keyset)
    assert await refusal(verifier, signer.token()) == "token-unknown-key"


async def test_strangers_cannot_make_us_hammer_the_issuer(office, verifier, signer, make_signer):
    await verifier.verify(signer.token())
    office.clock.now += 10
    stranger = make_signer("stranger", "ES256")
    tokens = [stranger.token(headers={"kid": f"made-up-{number}"}) for number in range(30)]
    office.provider.gate.clear()
    refused = [asyncio.create_task(refusal(verifier, token)) for token in tokens]
    while len(office.provider.asked) < 2:
        await asyncio.sleep(0)
    assert await verifier.verify(signer.token(jti="meanwhile"))
    office.provider.gate.set()
    assert set(await asyncio.gather(*refused)) == {"token-unknown-key"}
    assert office.provider.asked == [JWKS] * 2
    office.clock.now += 9.9
    assert await refusal(verifier, tokens[0]) == "token-unknown-key"
    assert office.provider.asked == [JWKS] * 2
    office.clock.now += 0.1
    assert await refusal(verifier, tokens[0]) == "token-unknown-key"
    assert office.provider.asked == [JWKS] * 3


async def test_what_was_fetched_holds_while_the_issuer_is_away(office, keyset, verifier, signer, make_signer):
    await verifier.verify(signer.token())
    await office.provider.stop()
    office.clock.now += 300
    await refresh(keyset)
    token = signer.token(iat=NOW + 300, exp=NOW + 900, jti="later")
    assert await verifier.verify(token)
    assert await refusal(verifier, make_signer("new").token()) == "token-unknown-key"
    assert (await keys_check([keyset])()).detail == {"unknown": 0, "failing": 1}
    assert (await keys_check([keyset])()).state == "degraded"
    await office.provider.start()
    office.clock.now += 10
    await refresh(keyset)
    assert (await keys_check([keyset])()).state == "ok"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        ("500 Internal Server Error", '{"keys": []}', {}),
        ("404 Not Found", '{"keys": []}', {}),
        ("204 No Content", "", {}),
        ("302 Found", "", {"Location": "/elsewhere"}),
        ("200 OK", "<html>", {}),
        ("200 OK", "[]", {}),
        ("200 OK", "{}", {}),
        ("200 OK", '{"keys": {}}', {}),
        ("200 OK", '{"keys": null}', {}),
        ("200 OK", json.dumps({"keys": [{}] * 101}), {}),
        ("200 OK", " " * 1024**2 + '{"keys": []}', {}),
        ("200 OK", '{"keys": []}', {"Content-Encoding": "gzip"}),
    ],
)
async def test_an_answer_that_is_no_set_of_keys_changes_nothing(
    office, keyset, verifier, signer, status, body, headers
):
    await verifier.verify(signer.token())
    office.provider.documents = {JWKS: body, "/elsewhere": '{"keys": []}'}
    office.provider.status, office.provider.headers = status, headers
    office.clock.now += 300
    await refresh(keyset)
    assert office.provider.asked == [JWKS] * 2
    assert (await keys_check([keyset])()).detail == {"unknown": 0, "failing": 1}
    assert await verifier.verify(signer.token(iat=NOW + 300, exp=NOW + 900))


async def test_without_any_keys_nobody_can_tell_whether_a_token_holds(office, verifier, signer):
    await office.provider.stop()
    with pytest.raises(Unavailable) as caught:
        await verifier.verify(signer.token())
    assert caught.value.code == "issuer-unavailable"
    await office.provider.start()
    office.clock.now += 1
    assert await verifier.verify(signer.token())


async def test_keys_are_kept_over_a_restart(office, verifier, signer):
    await verifier.verify(signer.token())
    office.provider.gate.clear()
    assert await office.verifier().verify(signer.token())
    assert office.provider.asked == [JWKS]
    office.provider.gate.set()
    await office.provider.stop()
    elsewhere = office.verifier(jwks_url=f"{office.provider.address}/other")
    with pytest.raises(Unavailable):
        await elsewhere.verify(signer.token())
    await office.provider.start()


async def test_keys_that_were_kept_are_looked_at_again_at_once(office, verifier, signer, other):
    await verifier.verify(signer.token())
    office.provider.publish(other)
    assert await office.verifier().verify(other.token())


async def test_what_was_kept_and_is_garbage_now_is_no_obstacle(office, signer):
    office.store.kept[f"{office.provider.address}{JWKS}"] = "garbage"
    assert await office.verifier().verify(signer.token())


async def test_a_store_that_is_away_is_no_obstacle(office, signer):
    class Away:
        async def load(self, _source):
            raise ConnectionRefusedError

        async def save(self, _source, _document):
            raise ConnectionRefusedError

    office.store = Away()
    assert await office.verifier().verify(signer.token())


async def test_keys_come_from_a_file_too(office, signer, other, tmp_path):
    file = tmp_path / "jwks.json"
    keyset = office.keyset(jwks_file=file)
    verifier = TokenVerifier([keyset], clock=office.clock)
    with pytest.raises(Unavailable):
        await verifier.verify(signer.token())
    office.clock.now += 1
    file.write_text(json.dumps({"keys": [signer.jwk()]}))
    assert await verifier.verify(signer.token())
    file.write_text(json.dumps({"keys": [other.jwk()]}))
    office.clock.now += 300
    await refresh(keyset)
    assert await verifier.verify(other.token(iat=NOW + 300, exp=NOW + 900))
    assert await refusal(verifier, signer.token()) == "token-unknown-key"
    file.write_text(" " * 1024**2 + file.read_text())
    office.clock.now += 300
    await refresh(keyset)
    assert (await keys_check([keyset])()).detail == {"unknown": 0, "failing": 1}
    assert office.provider.asked == []
    assert office.store.kept == {}


async def test_a_revoked_token_is_refused(office, revoking, signer):
    verifier = TokenVerifier([revoking], clock=office.clock)
    token = signer.token()
    await verifier.verify(token)
    revoke(office, tokens=["another", "token-1"])
    await verifier.verify(token)
    office.clock.now += 30
    await refresh(revoking)
    assert await refusal(verifier, token) == "token-revoked"
    assert await verifier.verify(signer.token(jti="token-2"))
    assert office.provider.asked.count(JWKS) == 1


async def test_what_a_client_was_given_before_a_moment_is_refused(office, revoking, signer):
    revoke(
        office,
        clients=[
            {"id": "field-app", "before": NOW - 5},
            {"id": "field-app", "before": NOW - 90},
            {"id": "x", "before": 1},
        ],
    )
    verifier = TokenVerifier([revoking], clock=office.clock)
    assert await refusal(verifier, signer.token(iat=NOW - 6)) == "token-revoked"
    assert await verifier.verify(signer.token(iat=NOW - 5))
    assert await verifier.verify(signer.token(iat=NOW - 6, client_id="another-app"))


async def test_revocations_hold_while_the_issuer_is_away_and_over_a_restart(office, revoking, signer):
    revoke(office, tokens=["token-1"])
    assert await refusal(TokenVerifier([revoking], clock=office.clock), signer.token()) == "token-revoked"
    await office.provider.stop()
    office.clock.now += 30
    await refresh(revoking)
    assert await refusal(TokenVerifier([revoking], clock=office.clock), signer.token()) == "token-revoked"
    anew = office.verifier(revocations_url=f"{office.provider.address}{REVOCATIONS}")
    assert await refusal(anew, signer.token()) == "token-revoked"
    await office.provider.start()


@pytest.mark.parametrize(
    "body",
    ["", "[]", '{"tokens": 5}', '{"clients": [{"id": "x"}]}', '{"clients": [{"id": "x", "before": null}]}'],
)
async def test_who_cannot_know_what_was_revoked_takes_no_token(office, revoking, signer, body):
    office.provider.documents[REVOCATIONS] = body
    verifier = TokenVerifier([revoking], clock=office.clock)
    with pytest.raises(Unavailable):
        await verifier.verify(signer.token())


async def test_the_worker_fetches_what_is_due_until_it_is_told_to_stop(office, signer, other):
    revoke(office, tokens=["token-1"])
    issuer = office.keyset(revocations_url=f"{office.provider.address}{REVOCATIONS}").issuer
    keyset = KeySet(issuer, office.store, office.client, refresh_seconds=0.05, revocations_seconds=0.01)
    verifier = TokenVerifier([keyset], clock=office.clock)
    supervisor = Supervisor()
    supervisor.start(keyset)
    async with asyncio.timeout(20):
        assert await refusal(verifier, signer.token()) == "token-revoked"
        revoke(office)
        office.provider.publish(other)
        version = keyset.version
        while keyset.version == version or (await keyset.revocations()).tokens:
            await asyncio.sleep(0)
    assert await verifier.verify(other.token())
    await supervisor.stop()
    assert supervisor.workers[0].failures == 0
    asked = len(office.provider.asked)
    assert office.provider.asked.count(REVOCATIONS) > office.provider.asked.count(JWKS) > 1
    assert await verifier.verify(other.token(jti="after"))
    assert len(office.provider.asked) == asked


async def test_a_fetch_is_bounded_in_time(office):
    office.provider.gate.clear()
    async with Client("") as client:
        with pytest.raises(NotFetched):
            await client.fetch(f"{office.provider.address}{JWKS}", most_bytes=100, seconds=0.2)
    office.provider.gate.set()


async def test_a_packed_answer_is_not_unpacked(office):
    office.provider.documents[JWKS] = gzip.compress(b"0" * 10_000_000).decode("latin-1")
    office.provider.headers = {"Content-Encoding": "gzip"}
    async with Client("") as client:
        with pytest.raises(NotFetched, match="packed"):
            await client.fetch(f"{office.provider.address}{JWKS}", most_bytes=100)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "http://[", "ftp://127.0.0.1/", "", "http://127.0.0.1:x/"]
)
async def test_an_address_where_nothing_is_cannot_be_fetched(address):
    async with Client("") as client:
        with pytest.raises(NotFetched):
            await client.fetch(address, most_bytes=100)
