"""Building the read model anew while the present one answers: ``python -m gateway.projection.rebuild``.

The command asks for a new generation and waits until the projector has built it and let it take over.
"""

import argparse
import asyncio
import sys
import time

from gateway.projection.generations import Generation, State, begin
from gateway.settings import Settings
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


async def main() -> int:
    """Rebuild by the settings of the environment, print the outcome, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m gateway.projection.rebuild", description=__doc__)
    parser.add_argument("--seconds", type=float, default=PATIENCE_SECONDS, help="how long to wait for it")
    arguments = parser.parse_args()
    database = Settings().open_database(pool=2)
    try:
        done, outcome = await rebuild(database, seconds=arguments.seconds)
    finally:
        await database.dispose()
    sys.stdout.write(f"{outcome}\n")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
