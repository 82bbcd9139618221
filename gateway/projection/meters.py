"""What the projector measures at the moment of a scrape."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import text

from gateway.projection.follower import CONSUMER
from gateway.projection.projector import Projector
from shared.chassis.health import Check
from shared.chassis.meters import Meter, count, lag_samples, letter_samples
from shared.chassis.metrics import Sample

_LETTERS = text("SELECT count(*) FROM dead_letter")
_AGE = ("devcoop_projection_age_seconds", "How old the read model is; 0 if it has all events of an owner")
_TAKEN = ("devcoop_projection_events_total", "Events that were taken in, by every generation together")


class Ages:
    """How old the read model is, by owner: since the newest event that it has, or since it was last seen to have all."""

    def __init__(self) -> None:
        self._whole_at: dict[str, datetime] = {}

    def note(
        self, lag: Mapping[str, object], recorded: Mapping[str, datetime], now: datetime
    ) -> dict[str, float]:
        """Return the ages in seconds at a moment; none for an owner of whom nothing is known yet."""
        ages = {}
        for owner, waiting in lag.items():
            if waiting == 0:
                self._whole_at[owner] = now
            since = [each[owner] for each in (recorded, self._whole_at) if owner in each]
            if since and isinstance(waiting, int):
                ages[owner] = max((now - max(since)).total_seconds(), 0)
        return ages


def projection_meter(projector: Projector) -> Meter:
    """Return a meter of how far the newest generation is, told by the process that leads."""
    ages = Ages()

    async def meter(checks: Mapping[str, Check]) -> Iterable[Sample]:
        samples = [Sample(*_TAKEN, taken, {"owner": owner}) for owner, taken in projector.taken.items()]
        newest = projector.newest()
        if newest is None:
            return samples
        lag = checks["projection"].detail
        told = ages.note(lag, newest.recorded, datetime.now(UTC)).items()
        return [
            *samples,
            *lag_samples(CONSUMER, lag),
            *(Sample(*_AGE, age, {"owner": owner}) for owner, age in told),
            *letter_samples(CONSUMER, await count(newest.database, _LETTERS, checks)),
        ]

    return meter
