"""Tokens for tests: an issuer of our own, whose keys are in a file, and principals by role and place."""

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.policy.grants import Grant, Role

ISSUER = "https://issuer.test"
AUDIENCE = "devcoop"
ALL_ROLES = tuple(role for role in Role if role is not Role.PUBLIC)
SECONDS = 3600


class TestIssuer:
    """An issuer whose key is made for the tests of one run."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._id = uuid4().hex
        self._path = folder / "jwks.json"
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._path.write_text(json.dumps({"keys": [{**public, "kid": self._id, "use": "sig"}]}))

    @property
    def trusted(self) -> dict[str, Any]:
        """The issuer as a setting of those who trust it."""
        return {"issuer": ISSUER, "audience": AUDIENCE, "jwks_file": str(self._path), "may_delegate": True}

    def token(
        self,
        grants: Sequence[Grant],
        *,
        subject: str = "tests",
        client: str | None = None,
        name: str | None = None,
        seconds: float = SECONDS,
        **claims: object,
    ) -> str:
        """Return a token; without a client, the subject is a system that asks for itself."""
        now = int(time.time())
        stated = {
            "iss": ISSUER,
            "sub": subject,
            "client_id": client or subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + int(seconds),
            "jti": uuid4().hex,
            "entitlements": [grant.as_claim() for grant in grants],
            **({"name": name} if name else {}),
            **claims,
        }
        return jwt.encode(stated, self._key, algorithm="RS256", headers={"typ": "at+jwt", "kid": self._id})

    def bearer(self, *grants: Grant, **claims: Any) -> dict[str, str]:  # noqa: ANN401
        """Return the header of a request by a principal with these grants; without any, with all roles everywhere."""
        return {"Authorization": f"Bearer {self.token(grants or everywhere(ALL_ROLES), **claims)}"}


def everywhere(roles: Iterable[Role]) -> tuple[Grant, ...]:
    """Return grants of roles that are restricted to nothing."""
    return tuple(Grant(role=role) for role in roles)
