"""What is wrong, or worth telling, about a file or about one activity of it.

Exception
└── FileRefused: the file as a whole is refused, before any activity of it is applied
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding with its place: ``line`` counts from 1, ``xpath`` names the element or attribute.

    Whether it refuses something or merely flags it is told by where it is listed.
    """

    code: str
    reason: str
    line: int | None = None
    xpath: str | None = None


class FileRefused(Exception):
    """The file cannot be taken as a whole; ``problem.code`` is stable."""

    def __init__(self, code: str, reason: str, line: int | None = None, xpath: str | None = None) -> None:
        super().__init__(reason)
        self.problem = Problem(code, reason, line, xpath)
