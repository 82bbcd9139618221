"""How many streams each caller holds open in this process."""

from collections import Counter
from collections.abc import Callable

from gateway.feed.refusals import TooManyStreams


class OpenStreams:
    """Counts open streams by caller, up to ``most`` of each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def take(self, caller: str) -> Callable[[], None]:
        """Count one more stream of a caller; return what is to be called when it is over.

        Raises:
            TooManyStreams: the caller has as many as it may.

        """
        if self._open[caller] >= self._most:
            raise TooManyStreams(f"At most {self._most} streams are open for one caller.", retry_after=5)
        self._open[caller] += 1

        def give_back() -> None:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

        return give_back
