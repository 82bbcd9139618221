"""Tables of the issuer: clients and their secrets, the keys that sign, and the tokens that were revoked."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.base import Base


class Client(Base, table=True):
    """A system that may get tokens, with the grants that they state.

    What was issued before ``tokens_void_before``, a whole second, is void; ``revoked_at`` is when all its secrets and
    tokens were last revoked.
    """

    __tablename__ = "client"

    id: str = Field(primary_key=True)
    name: str
    grants: list[dict[str, Any]] = Field(sa_type=JSONB)
    dpop_bound: bool
    created_at: datetime
    created_by: str
    changed_at: datetime | None = None
    changed_by: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    tokens_void_before: datetime | None = Field(default=None, index=True)


class ClientSecret(Base, table=True):
    """One secret of a client, as the hash that is all we know of it."""

    __tablename__ = "client_secret"

    id: str = Field(primary_key=True)
    client_id: str = Field(foreign_key="client.id", index=True)
    hash: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it lets its client in."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class SigningKey(Base, table=True):
    """A key that signs tokens from one moment until another, and is published until ``retired_at``.

    ``sealed`` is the private key, sealed; it is empty once the key signs no more.
    """

    __tablename__ = "signing_key"

    kid: str = Field(primary_key=True)
    algorithm: str
    public_jwk: dict[str, Any] = Field(sa_type=JSONB)
    sealed: bytes
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None
    retired_at: datetime | None = None


class RevokedToken(Base, table=True):
    """A token that was revoked before it expired."""

    __tablename__ = "revoked_token"

    id: str = Field(primary_key=True)
    client_id: str
    revoked_at: datetime
    expires_at: datetime = Field(index=True)
