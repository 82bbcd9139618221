"""Keys of commands: UUIDs of version 7 (RFC 9562), in the order in which they were made."""

import secrets
import time
from threading import Lock
from uuid import UUID

_COUNTER_BITS, _RANDOM_BITS = 12, 62
_lock = Lock()
_last = 0


def new_key() -> UUID:
    """Return a UUID of version 7 that is greater than every other that this process made.

    The 12 bits after the milliseconds count within a millisecond; where the clock stands still or goes back, they go on.
    """
    global _last  # noqa: PLW0603
    with _lock:
        now = (time.time_ns() // 1_000_000) << _COUNTER_BITS
        _last = max(now, _last + 1)
        milliseconds, counter = _last >> _COUNTER_BITS, _last & ((1 << _COUNTER_BITS) - 1)
    value = milliseconds << 80 | 0x7 << 76 | counter << 64 | 0x2 << _RANDOM_BITS
    return UUID(int=value | secrets.randbits(_RANDOM_BITS))
