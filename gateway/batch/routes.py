"""Routes whose answer is a stream: each of its lines has a key of its own, so the request takes none."""

from shared.chassis.guard import GuardedRoute
from shared.chassis.idempotency.once import Keying


class StreamRoute(GuardedRoute):
    """A route that answers while it reads."""

    keying = Keying.NONE
