"""Keys at rest: sealed by AES-GCM under a key of the settings, so that a copy of the database signs nothing."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_KEY_BYTES = 32
PRIVATE_KEYS = b"devcoop issuer: private keys"
"""What the keys that sign tokens are sealed as."""


class Unsealable(Exception):
    """It was sealed under another key, as another thing, or was tampered with."""


class Sealer:
    """Seals and unseals; a label tells what was sealed, and has to be told again.

    Each ``purpose`` has a key of its own, derived from the one of the settings: what was sealed for one is none of another.
    """

    def __init__(self, key: str, purpose: bytes = PRIVATE_KEYS) -> None:
        derived = HKDF(SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key.encode())
        self._cipher = AESGCM(derived)

    def seal(self, content: bytes, label: str) -> bytes:
        """Return content that only who has the key can read or change."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, label.encode())

    def unseal(self, sealed: bytes, label: str) -> bytes:
        """Return what was sealed.

        Raises:
            Unsealable: it was not sealed like this.

        """
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, label.encode())
        except (InvalidTag, ValueError):
            raise Unsealable(f"{label} cannot be unsealed with this key") from None
