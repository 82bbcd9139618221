"""Who asks: the identity that a token proves, and the grants that it states."""

import hashlib
import json
from dataclasses import dataclass, field

from shared.policy.grants import Grant, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """An identity that was verified.

    ``issuer`` and ``subject`` name it together; ``client`` is the system that asks, which is the subject itself where no
    person stands behind the request (RFC 9068, section 2.2). ``delegate`` is who acts for the subject (RFC 8693 ``act``).
    ``grants_key`` is the same for those that have the same grants, in whatever order, and for nobody else.
    """

    issuer: str
    subject: str
    client: str
    name: str
    grants: tuple[Grant, ...]
    token_id: str = ""
    expires_at: int = 0
    delegate: str | None = None
    key_thumbprint: str | None = None
    grants_key: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the key of the grants, once for all requests of a principal."""
        claims = sorted(json.dumps(grant.as_claim(), sort_keys=True) for grant in set(self.grants))
        key = hashlib.blake2b(json.dumps(claims).encode(), digest_size=16).digest()
        object.__setattr__(self, "grants_key", key)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody in particular asks."""
        return self is PUBLIC

    @property
    def is_person(self) -> bool:
        """Whether a person asks; a system may say for whom it acts, a person acts for nobody else."""
        return self.subject != self.client

    @property
    def id(self) -> str:
        """The one name of the principal among those of all issuers."""
        return f"{self.issuer}#{self.subject}"


PUBLIC = Principal(issuer="", subject="", client="", name="public", grants=(Grant(role=Role.PUBLIC),))
"""Who asks without a token."""
