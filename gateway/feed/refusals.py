"""What the feed refuses beside what every route does.

ProblemError
├── CursorExpired (410): the cursor leads nowhere any more; begin anew
├── NotAcceptable (406): the caller takes the answer in no form that there is
└── TooManyStreams (429): some have to end first
"""

from http import HTTPStatus

from shared.chassis.errors import ProblemError, TooManyRequests


class CursorExpired(ProblemError):
    """The cursor leads nowhere any more."""

    status, default_code = HTTPStatus.GONE, "cursor-expired"


class NotAcceptable(ProblemError):
    """The caller takes the answer in no form that there is."""

    status, default_code = HTTPStatus.NOT_ACCEPTABLE, "not-acceptable"


class TooManyStreams(TooManyRequests):
    """Some streams of the caller have to end first."""

    default_code = "too-many-streams"
