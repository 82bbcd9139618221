"""Cursors of the feed: a position, signed, and for what it was given.

What a reader of changes holds follows from what it could see and asked for. With other grants, filters or another policy the
changes after a cursor do not make up for the difference, so the cursor leads nowhere any more. A reader of events holds
nothing, and goes on from any position.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic_core import to_json

from gateway.feed.positions import VALUES, Position
from gateway.feed.refusals import CursorExpired
from gateway.feed.views import View
from shared.chassis.pagination import CursorCodec
from shared.policy.placing import PLACING
from shared.policy.table import FIELDS, POLICY

BEGIN_ANEW = "The cursor leads nowhere any more: begin anew, without one."

_DIGEST_BYTES = 9


def _digest(*told: object) -> str:
    return hashlib.blake2b(to_json(told), digest_size=_DIGEST_BYTES).hexdigest()


POLICY_DIGEST = _digest(
    [
        (rule.resource, rule.action, sorted(rule.roles), rule.published, rule.everywhere)
        for rule in POLICY
        if rule.action == "read"
    ],
    [(field.resource, field.member, sorted(field.roles)) for field in FIELDS],
    sorted((name, placing.version) for name, placing in PLACING.items()),
)
"""Differs where the policy may let somebody see something else of the same facts."""


@dataclass(frozen=True, slots=True)
class FeedCursors:
    """Makes the cursors of one reader and reads them back; ``purpose`` is what they are good for, None for any position."""

    codec: CursorCodec
    purpose: str | None = None

    def encode(self, position: Position) -> str:
        """Return the cursor of a position."""
        return self.codec.encode([self.purpose or "", *position.as_values()])

    def decode(self, cursor: str) -> Position:
        """Return the position of a cursor.

        Raises:
            BadRequest: we did not make it.
            CursorExpired: it was given for something else.

        """
        purpose, *values = self.codec.decode(cursor, str, *[int] * VALUES)
        if self.purpose not in (None, purpose):
            raise CursorExpired(BEGIN_ANEW)
        return Position.of_values(values)


def purpose_of(view: View) -> str:
    """Return what the cursors of a view are good for."""
    return _digest(
        view.principal.grants_key.hex(), POLICY_DIGEST, _listed(view.aggregates), _listed(view.countries)
    )


def _listed(values: Iterable[str] | None) -> list[str] | None:
    return None if values is None else sorted(values)
