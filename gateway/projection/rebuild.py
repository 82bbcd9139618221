"""Building the read model anew while the present one answers.

A new generation is asked for; the projector builds it and lets it take over (``devcoop ops rebuild``).
"""

import asyncio
import time

from gateway.projection.generations import Generation, State, begin
from shared.chassis.db import Database

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 3600.0


async def rebuild(database: Database, *, seconds: float) -> tuple[bool, str]:
    """Ask for a new generation and wait for it; return whether it answers, and the outcome in words."""
    started = time.monotonic()
    async with database.session() as session, session.begin():
        generation_id = (await begin(session)).id
    while (waited := time.monotonic() - started) < seconds:
        async with database.session() as session:
            generation = await session.get(Generation, generation_id)
        if generation is None or generation.state == State.RETIRED:
            return False, f"Generation {generation_id} was overtaken by a newer one."
        if generation.state == State.ACTIVE:
            return True, f"Generation {generation_id} answers, after {waited:.1f} s."
        await asyncio.sleep(POLL_SECONDS)
    return (
        False,
        f"Generation {generation_id} has not caught up within {seconds:.0f} s; a projector goes on with it.",
    )
