"""The processes: whether they answer, are ready, and have the right time."""

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from deploy.doctor.clocks import clock
from deploy.doctor.findings import Finding, fault, ok, warning
from shared.chassis.http import Client, Response, TransportError

READ_SECONDS = 5


async def examine(name: str, address: str) -> Sequence[Finding]:
    """Look at a process at its address."""
    part = f"process {name}"
    before = time.time()
    try:
        async with Client(address, read_seconds=READ_SECONDS) as client:
            answer = await client.request("GET", "/readyz")
    except TransportError as error:
        what = f"it does not answer at {address} ({type(error).__name__})."
        mend = "see whether it runs; by faulty settings it ends with status 78 and says in its log what is wrong."
        return [fault("process-away", part, what, mend)]
    return [_state(part, answer), *_clock(part, answer, before)]


def _state(part: str, answer: Response) -> Finding:
    mend = "ask /metrics of the process for devcoop_check_state, which tells the check."
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return fault("process-down", part, "it says that it is down.", mend)
    status = answer.json().get("status") if answer.status_code == HTTPStatus.OK else None
    if status not in ("ok", "degraded"):
        what = f"something else answers at its address, with {answer.status_code}."
        return fault("process-other", part, what, "correct the address in DEVCOOP_PARTS.")
    if status == "degraded":
        return warning("process-degraded", part, "it says that it is degraded.", mend)
    return ok("process", part, "it is ready.")


def _clock(part: str, answer: Response, before: float) -> Sequence[Finding]:
    """Return whether the time of the answer's header, which is in whole seconds, is ours."""
    stated = answer.headers.get("date")
    if stated is None:
        return []
    theirs = parsedate_to_datetime(stated).timestamp()
    return [clock(part, theirs, before, time.time(), exact_to=2.0)]
