"""Tokens that were verified lately: each costs one signature, and holds no longer than it would without."""

import pytest

from shared.chassis.identity.jwk import Key
from shared.chassis.identity.tokens import InvalidToken, TokenVerifier

NOW = 1_790_000_000


@pytest.fixture
def verifier(office):
    return office.verifier()


async def test_a_token_costs_one_signature(verifier, signer, monkeypatch):
    verified = []
    verifies = Key.verifies

    def count(key, *arguments):
        verified.append(key)
        return verifies(key, *arguments)

    monkeypatch.setattr(Key, "verifies", count)
    token = signer.token()
    assert await verifier.verify(token) is await verifier.verify(token)
    assert len(verified) == 1
    await verifier.verify(signer.token(jti="token-2"))
    assert len(verified) == 2


async def test_a_remembered_token_expires(office, signer):
    verifier, token = office.verifier(), signer.token()
    await verifier.verify(token)
    office.clock.now = NOW + 629
    await verifier.verify(token)
    office.clock.now = NOW + 630
    for _ in range(2):
        with pytest.raises(InvalidToken) as caught:
            await verifier.verify(token)
        assert caught.value.code == "token-expired"


async def test_those_that_were_used_last_are_remembered(office, signer):
    verifier = TokenVerifier([office.keyset()], clock=office.clock, most_remembered=2)
    made = [signer.token(jti=f"token-{number}") for number in range(3)]
    first, second = [await verifier.verify(token) for token in made[:2]]
    assert await verifier.verify(made[0]) is first
    third = await verifier.verify(made[2])
    assert await verifier.verify(made[0]) is first
    assert await verifier.verify(made[2]) is third
    again = await verifier.verify(made[1])
    assert again is not second
    assert again == second
