"""Which values of a framework differ from those that are stored, by period, wherever their indicators stand by now.

An indicator is known by its result, measure, titles and references; one that was renamed, by its place.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from services.monitoring.domain import ActualReport, ReportRefused, addressed, report_actual
from services.monitoring.locks.domain import Found, refusals, told_of
from shared.contracts.monitoring.v1 import (
    Indicator,
    Measurement,
    Period,
    PeriodLock,
    Result,
    ResultsFramework,
)

Dates: TypeAlias = tuple[date, date]
Values: TypeAlias = tuple[Measurement, ...]

_ROLES = ("targets", "actuals")


class ChangedValues(NamedTuple):
    """Values that were added, changed or taken away; ``pointer`` is into the new framework."""

    pointer: str
    start: date
    end: date


class _Placed(NamedTuple):
    place: tuple[int, int]
    result: Result
    indicator: Indicator

    @property
    def at(self) -> str:
        return f"/results/{self.place[0]}/indicators/{self.place[1]}"

    @property
    def identity(self) -> tuple[object, ...]:
        result, indicator = self.result, self.indicator
        known_by = indicator.measure, indicator.ascending, indicator.titles, indicator.references
        return (result.type, result.titles, *known_by)


def report_within(
    locks: Sequence[PeriodLock], framework: ResultsFramework, report: ActualReport, *, at: datetime
) -> ResultsFramework:
    """Return the framework with an actual in its period.

    Args:
        locks: those of the activity and of all.
        framework: as it stands.
        report: the actual, and who has leave from a lock, if anybody.
        at: the moment.

    Raises:
        ReportRefused: it does not fit the framework, or would change values of a locked period without leave.

    """
    changed = report_actual(framework, report)
    _, _, period = addressed(framework, report)
    who = [each for each in (report.by, report.office) if each is not None]
    refusing = refusals(locks, framework.iati_identifier, period.start, period.end, who=who, at=at)
    if refusing and changed != framework:
        raise ReportRefused([("/period", "period-locked", told_of(refusing[0]))])
    return changed


def faults_of_changes(
    locks: Sequence[PeriodLock],
    before: ResultsFramework | None,
    after: ResultsFramework,
    *,
    at: datetime,
) -> Iterator[Found]:
    """Yield which values of locked periods are not as they were; nobody has leave to write a framework whole."""
    for pointer, start, end in changed_values(before, after):
        refusing = refusals(locks, after.iati_identifier, start, end, at=at)
        if refusing:
            yield f"{pointer}", "period-locked", told_of(refusing[0])


def changed_values(before: ResultsFramework | None, after: ResultsFramework) -> Iterator[ChangedValues]:
    """Yield the values of periods that are not as they were; of a new framework, all."""
    for old, new in _paired(_placed(before) if before else [], _placed(after)):
        if new is not None:
            yield from _changed(old, new)
        elif old is not None:
            pointer = _where_it_was(old, after)
            periods = (period for period in old.indicator.periods if _has_values(period))
            yield from (ChangedValues(pointer, period.start, period.end) for period in periods)


def _placed(framework: ResultsFramework) -> list[_Placed]:
    return [
        _Placed((place, number), result, indicator)
        for place, result in enumerate(framework.results)
        for number, indicator in enumerate(result.indicators)
    ]


def _paired(
    before: Sequence[_Placed], after: Sequence[_Placed]
) -> Iterator[tuple[_Placed | None, _Placed | None]]:
    waiting: dict[tuple[object, ...], list[_Placed]] = defaultdict(list)
    for each in before:
        waiting[each.identity].append(each)
    renamed = []
    for each in after:
        if same := waiting[each.identity]:
            yield same.pop(0), each
        else:
            renamed.append(each)
    left = {each.place: each for same in waiting.values() for each in same}
    for each in renamed:
        yield left.pop(each.place, None), each
    for gone in left.values():
        yield gone, None


def _changed(old: _Placed | None, new: _Placed) -> Iterator[ChangedValues]:
    """Yield how the values of an indicator differ, period by period; its dates are what a period is known by."""
    stood: dict[Dates, list[Period]] = defaultdict(list)
    for period in old.indicator.periods if old else ():
        stood[period.start, period.end].append(period)
    means_the_same = old is not None and _meaning(old.indicator) == _meaning(new.indicator)
    for number, period in enumerate(new.indicator.periods):
        same = stood[period.start, period.end]
        known = same.pop(0) if same else None
        for role in _ROLES:
            values: Values = getattr(period, role)
            stored: Values = getattr(known, role) if known else ()
            if values != stored or (values and not means_the_same):
                yield ChangedValues(f"{new.at}/periods/{number}/{role}", period.start, period.end)
    for gone in (period for same in stood.values() for period in same if _has_values(period)):
        yield ChangedValues(f"{new.at}/periods", gone.start, gone.end)


def _meaning(indicator: Indicator) -> tuple[object, ...]:
    return indicator.measure, indicator.ascending, indicator.over_time


def _has_values(period: Period) -> bool:
    return bool(period.targets or period.actuals)


def _where_it_was(gone: _Placed, after: ResultsFramework) -> str:
    place, _ = gone.place
    return f"/results/{place}/indicators" if place < len(after.results) else "/results"
