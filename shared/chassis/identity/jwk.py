"""Public keys as JSON (JWK, RFC 7517): which are taken, and the algorithms that each is good for.

What fits a key follows from its type and curve, never from what a token says. So a public key cannot be made the secret
of a symmetric algorithm, which is not in the table at all.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import get_algorithm_by_name
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError
from pydantic_core import from_json

from shared.chassis.identity.jws import encode

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures that are taken (RFC 7518, RFC 8037), all of them asymmetric."""
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

ALGORITHMS: frozenset[str] = frozenset(get_args(Algorithm))
LEAST_RSA_BITS, MOST_RSA_BITS = 2048, 8192
MOST_KEYS = 100

_OF_RSA = frozenset(name for name in ALGORITHMS if name[:2] in ("RS", "PS"))
_OF_CURVES = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
_READERS: Mapping[str, type[RSAAlgorithm | ECAlgorithm | OKPAlgorithm]] = {
    "RSA": RSAAlgorithm,
    "EC": ECAlgorithm,
    "OKP": OKPAlgorithm,
}
_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
"""What a key of each type is made of, in the order in which its thumbprint is taken (RFC 7638, section 3.2)."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class UnusableKey(ValueError):
    """The key is none that a signature is verified with here."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, the name that its set gives it, and the algorithms that it is good for."""

    id: str | None
    algorithms: frozenset[str]
    thumbprint: str
    material: PublicKey

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Tell whether a signature was made by the key's owner, with an algorithm that fits the key."""
        if algorithm not in self.algorithms:
            return False
        return get_algorithm_by_name(algorithm).verify(signed, self.material, signature)


def read_keys(text: str) -> tuple[Key, ...]:
    """Return the keys of a set (RFC 7517, section 5) that can be used; others are passed over, as it demands.

    Raises:
        ValueError: the text is no set of keys.

    """
    read = from_json(text)
    listed = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"it is no set of at most {MOST_KEYS} keys")
    return tuple(key for key in map(_read_or_pass_over, listed) if key is not None)


def read_key(jwk: Mapping[str, Any]) -> Key:
    """Return a public key for signatures.

    Raises:
        UnusableKey: it is private, symmetric, weak, for another use, or of a kind that is not taken.

    """
    kind, curve = jwk.get("kty"), jwk.get("crv")
    fitting = _OF_RSA if kind == "RSA" else _OF_CURVES.get((str(kind), str(curve)), frozenset())
    if not fitting or _PRIVATE & jwk.keys():
        raise UnusableKey("it is not a public key of a kind that is taken")
    stated = jwk.get("alg")
    fitting &= ALGORITHMS if stated is None else {stated if isinstance(stated, str) else ""}
    if not fitting or not _is_for_signatures(jwk):
        raise UnusableKey("it is not for signatures that are taken")
    return Key(_name_of(jwk), fitting, thumbprint(jwk), _material(str(kind), jwk))


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the thumbprint of a public key (RFC 7638).

    Raises:
        UnusableKey: a member that the key is made of is missing.

    """
    made_of = {name: jwk.get(name) for name in _MEMBERS.get(str(jwk.get("kty")), ("kty",))}
    if not all(isinstance(value, str) and value for value in made_of.values()):
        raise UnusableKey("it lacks what a key of its type is made of")
    canonical = json.dumps(made_of, sort_keys=True, separators=(",", ":")).encode()
    return encode(hashlib.sha256(canonical).digest())


def _read_or_pass_over(jwk: object) -> Key | None:
    try:
        return read_key(jwk) if isinstance(jwk, dict) else None
    except UnusableKey:
        return None


def _is_for_signatures(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _name_of(jwk: Mapping[str, Any]) -> str | None:
    name = jwk.get("kid")
    if name is None or isinstance(name, str):
        return name
    raise UnusableKey("its name is no text")


def _material(kind: str, jwk: Mapping[str, Any]) -> PublicKey:
    made_of = {name: jwk[name] for name in _MEMBERS[kind]}
    numbers = (value for name, value in made_of.items() if name not in ("kty", "crv"))
    if not all(_BASE64URL.fullmatch(value) for value in numbers):
        raise UnusableKey("its numbers are not base64url")
    try:
        material = cast("PublicKey", _READERS[kind].from_jwk(made_of))
    except (InvalidKeyError, ValueError, TypeError) as error:
        raise UnusableKey("its numbers are no key") from error
    if isinstance(material, RSAPublicKey) and not LEAST_RSA_BITS <= material.key_size <= MOST_RSA_BITS:
        raise UnusableKey(f"it has not between {LEAST_RSA_BITS} and {MOST_RSA_BITS} bits")
    return material
