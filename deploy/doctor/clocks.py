"""Whether clocks agree. A clock is no part that a test can put wrong; the rule is a function of what was read."""

from deploy.doctor.findings import Finding, fault, ok

MOST_SECONDS = 2.0


def clock(part: str, theirs: float, before: float, after: float, *, exact_to: float = 0.0) -> Finding:
    """Return whether a clock agrees with ours.

    Args:
        part: whose clock it is.
        theirs: what it showed, in seconds since the epoch.
        before: our time when it was asked.
        after: our time when it had answered.
        exact_to: seconds that it leaves out of what it shows.

    """
    apart = max(before - theirs - exact_to, theirs - after, 0.0)
    if apart > MOST_SECONDS:
        what = f"its clock differs from the doctor's by {apart:.1f} s."
        return fault("clock", part, what, "let all machines follow the same time servers (NTP).")
    return ok("clock", part, f"its clock agrees with the doctor's, within {MOST_SECONDS:g} s.")
