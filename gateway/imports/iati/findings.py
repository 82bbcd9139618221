"""What is found while an activity is read: problems that refuse it, and notices of what is kept but flagged."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from lxml.etree import _Element as Element

MAX_PROBLEMS = 50
MAX_NOTICES_OF_A_CODE = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding at an element, or at one of its attributes; element None stands for the whole item."""

    code: str
    reason: str
    element: Element | None
    attribute: str | None = None


@dataclass(slots=True)
class Findings:
    """Collects findings of one item; ``currency`` and ``today`` are what its values are read against."""

    today: date
    currency: str | None = None
    problems: list[Finding] = field(default_factory=list)
    notices: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def refuse(self, code: str, reason: str, element: Element | None, attribute: str | None = None) -> None:
        """Note a problem that refuses the item."""
        self.problems.append(Finding(code, reason, element, attribute))

    def notice(self, code: str, reason: str, element: Element | None, attribute: str | None = None) -> None:
        """Flag something that is kept; of many of a kind, the first are shown and the rest counted."""
        self.counts[code] += 1
        if self.counts[code] <= MAX_NOTICES_OF_A_CODE:
            self.notices.append(Finding(code, reason, element, attribute))

    def unlisted(self) -> Iterator[Finding]:
        """Yield how many notices of each kind are not listed."""
        for code, count in self.counts.items():
            if count > MAX_NOTICES_OF_A_CODE:
                yield Finding(code, f"And {count - MAX_NOTICES_OF_A_CODE} more of this kind.", None)
