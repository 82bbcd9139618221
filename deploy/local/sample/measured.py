"""The projects of the sample as they are drawn, and the indicators that their file has."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from lxml import etree

from deploy.local.sample.activity import activity
from deploy.local.sample.project import REFERENCE, Project, draw_project

PROJECTS, SEED = 200, 1
"""How many projects the portfolio has, and what seeds it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator of a project, by its ordinals, with the first and last day of each of its periods."""

    result: int
    indicator: int
    measure: str
    counts_people: bool
    periods: tuple[tuple[date, date], ...]

    def period_of(self, year: int) -> int | None:
        """Return the ordinal of the period that starts in a year, if it ended before the portfolio was published."""
        for place, (start, end) in enumerate(self.periods, 1):
            if start.year == year and end <= REFERENCE:
                return place
        return None


@cache
def projects() -> tuple[Project, ...]:
    """Return the projects of the portfolio, in order of number."""
    return tuple(draw_project(number, PROJECTS, SEED) for number in range(PROJECTS))


@cache
def measured(number: int) -> tuple[Measured, ...]:
    """Return the indicators of a project as its file has them; it is drawn anew, since to write it draws from it."""
    root = etree.fromstring(activity(draw_project(number, PROJECTS, SEED)))
    return tuple(
        Measured(
            result=place,
            indicator=count,
            measure=indicator.get("measure", ""),
            counts_people=indicator.get("aggregation-status") == "1",
            periods=tuple(
                (_day(period, "period-start"), _day(period, "period-end"))
                for period in indicator.iterfind("period")
            ),
        )
        for place, result in enumerate(root.iterfind("result"), 1)
        for count, indicator in enumerate(result.iterfind("indicator"), 1)
    )


def _day(period: etree._Element, tag: str) -> date:
    found = period.find(tag)
    if found is None:
        raise ValueError(f"a period of the sample has no {tag}")
    return date.fromisoformat(found.get("iso-date", ""))
