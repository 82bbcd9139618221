"""Checks of the read model: does one answer, and how far is it behind the streams?"""

from gateway.projection.generations import ReadModel
from gateway.projection.projector import Projector
from gateway.projection.standby import Standby
from shared.chassis.bus import BrokerAway
from shared.chassis.health import Check, CheckFunction

LATE_EVENTS = 10_000
BEHIND_SECONDS = 30.0


def read_model_check(read_model: ReadModel) -> CheckFunction:
    """Return a check of whether results can be read."""

    async def check() -> Check:
        return Check(state="ok" if read_model.is_available else "down")

    return check


def standby_check(standby: Standby) -> CheckFunction:
    """Return a check of the standby that results are read from; while it is not level with the primary, that answers."""

    async def check() -> Check:
        seconds = round(standby.behind_seconds, 1)
        state = "degraded" if seconds > BEHIND_SECONDS else "ok"
        return Check(state=state, detail={"behind_seconds": seconds})

    return check


def projection_check(projector: Projector) -> CheckFunction:
    """Return a check of how many events of each owner wait to be taken in; a late read model still answers."""

    async def check() -> Check:
        try:
            lag = await projector.lag()
        except BrokerAway as error:
            return Check(state="degraded", detail={"error": str(error)})
        return Check(
            state="degraded" if max(lag.values(), default=0) > LATE_EVENTS else "ok", detail=dict(lag)
        )

    return check
