"""Time-ordered identifiers."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a UUID of version 7 (RFC 9562): 48 bits of milliseconds, the rest random."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
