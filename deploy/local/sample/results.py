"""Results, indicators, baselines, periods, targets and actuals of a sample project, as XML."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from deploy.local.sample.ideas import RESULT_TITLES, SHARED_INDICATORS, IndicatorIdea
from deploy.local.sample.markup import narrative, narratives, period
from deploy.local.sample.project import REFERENCE, Project

UNREADABLE = ("N/A", "TBC", "17,000", "30,6", "£13,000", "1:130", "20%", "'-4.00", "see report", "NULL")
"""What publishers write where a number belongs."""

MEASURES = {"count": "1", "share": "2", "falling": "2", "kept": "1", "scale": "4", "words": "5"}
MOST_PERIODS = 4


@dataclass(frozen=True, slots=True)
class Run:
    """The numbers of one indicator: where it started, and where each period should and did bring it."""

    baseline: int
    targets: tuple[int, ...]
    actuals: tuple[int, ...]


def results(project: Project) -> str:
    """Return the XML of the results of a project."""
    draw = project.draw
    periods = _periods(project)
    kinds = ["1", "2", "1" if draw.chance(60) else "9", "3"][: draw.between(2, 4)]
    ideas = draw.several(project.theme.indicators + SHARED_INDICATORS, len(kinds) * 2)
    pace = draw.between(55, 125)
    parts = []
    for place, kind in enumerate(kinds):
        chosen = ideas[place * 2 : place * 2 + 2]
        chosen += [idea for idea in draw.several(SHARED_INDICATORS, draw.between(0, 2)) if idea not in chosen]
        titles = narratives(draw.pick(RESULT_TITLES[kind]), project.language)
        parts.append(
            f'<result type="{kind}" aggregation-status="{1 if kind == "1" else 0}"><title>{titles}</title>'
        )
        parts += [_indicator(project, idea, periods, pace) for idea in chosen]
        parts.append("</result>")
    return "".join(parts)


def _periods(project: Project) -> list[tuple[date, date]]:
    years = range(project.start.year, project.end.year + 1)
    spans = [(max(project.start, date(y, 1, 1)), min(project.end, date(y, 12, 31))) for y in years]
    return spans[:MOST_PERIODS]


def _indicator(project: Project, idea: IndicatorIdea, periods: list[tuple[date, date]], pace: int) -> str:
    draw = project.draw
    kind = idea.kind
    ascending = 0 if kind in {"falling", "kept"} else 1
    reference = f'<reference vocabulary="9" code="{idea.sdg}"/>' if idea.sdg else ""
    head = (
        f'<indicator measure="{_measure(idea)}" ascending="{ascending}" aggregation-status="{int(idea.people)}">'
        f"<title>{narratives(idea.title, project.language)}</title>{reference}"
    )
    if kind == "words":
        return head + "".join(_in_words(project, periods)) + "</indicator>"
    run = _run(project, idea, len(periods), pace)
    baseline = "" if draw.chance(6) else _baseline(project, run.baseline)
    by_sex = idea.people and draw.chance(55)
    only_by_sex = by_sex and draw.chance(10)
    last_reported = len(periods) - draw.chance(15)
    parts = [head, baseline]
    for place, (start, end) in enumerate(periods):
        target = _value("target", str(run.targets[place])) if draw.chance(96) else ""
        actual = ""
        if end <= REFERENCE and place < last_reported and draw.chance(94):
            actual = _actual(project, run.actuals[place], by_sex=by_sex, with_total=not only_by_sex)
        parts.append(f"<period>{period(start, end)}{target}{actual}</period>")
    parts.append("</indicator>")
    return "".join(parts)


def _measure(idea: IndicatorIdea) -> str:
    if idea.kind == "falling" and "(%)" not in idea.title["en"]:
        return "1"
    return MEASURES[idea.kind]


def _run(project: Project, idea: IndicatorIdea, count: int, pace: int) -> Run:
    draw = project.draw
    if idea.kind == "kept":
        return Run(0, (0,) * count, tuple(int(draw.chance(12)) for _ in range(count)))
    if idea.kind == "scale":
        steps = tuple(min(4, 2 + place) for place in range(count))
        return Run(1, steps, tuple(step if draw.chance(70) else step - 1 for step in steps))
    baseline, target = _ends(project, idea)
    targets = tuple(baseline + (target - baseline) * (place + 1) // count for place in range(count))
    actuals = []
    for aim in targets:
        share = 0 if draw.chance(3) else pace * draw.between(85, 115)
        actuals.append(max(0, baseline + (aim - baseline) * share // 10_000))
    return Run(baseline, targets, tuple(actuals))


def _ends(project: Project, idea: IndicatorIdea) -> tuple[int, int]:
    draw = project.draw
    if idea.kind == "share":
        return draw.between(5, 40), draw.between(50, 90)
    if idea.kind == "falling":
        return draw.between(30, 80), draw.between(2, 25)
    if idea.people:
        return 0 if draw.chance(70) else draw.between(10, 200), draw.between(3, 120) * 100
    return draw.between(0, 3), draw.between(6, 60)


def _baseline(project: Project, number: int) -> str:
    draw = project.draw
    year = project.start.year - draw.between(0, 1)
    text = draw.pick(UNREADABLE) if draw.chance(1) else str(number)
    comment = f"<comment>{narrative('From the baseline study.')}</comment>" if draw.chance(20) else ""
    return f'<baseline year="{year}" iso-date="{year}-01-01" value="{text}">{comment}</baseline>'


def _actual(project: Project, number: int, *, by_sex: bool, with_total: bool) -> str:
    draw = project.draw
    if draw.chance(1):
        return _value("actual", draw.pick(UNREADABLE), "The field office will confirm the figure.")
    text = f"{number:,}.00" if draw.chance(2) else str(number)
    total = (
        _value("actual", text, "Verified by monitoring visits." if draw.chance(15) else "")
        if with_total
        else ""
    )
    if not by_sex:
        return total
    women = number * draw.between(35, 65) // 100
    return total + _of_sex("female", women) + _of_sex("male", number - women)


def _of_sex(sex: str, number: int) -> str:
    return f'<actual value="{number}"><dimension name="sex" value="{sex}"/></actual>'


def _value(tag: str, text: str, comment: str = "") -> str:
    if not comment:
        return f'<{tag} value="{text}"/>'
    return f'<{tag} value="{text}"><comment>{narrative(comment)}</comment></{tag}>'


def _in_words(project: Project, periods: list[tuple[date, date]]) -> Iterator[str]:
    draw = project.draw
    yield f'<baseline year="{project.start.year}"><comment>{narrative("No text in force.")}</comment></baseline>'
    for start, end in periods:
        target = (
            f"<target><comment>{narrative('Draft adopted by the tripartite committee.')}</comment></target>"
        )
        told = draw.pick(_NEWS) if end <= REFERENCE and draw.chance(85) else ""
        actual = f"<actual><comment>{narrative(told)}</comment></actual>" if told else ""
        yield f"<period>{period(start, end)}{target}{actual}</period>"


_NEWS = (
    "Draft discussed with workers' and employers' organisations.",
    "Decree adopted & published in the official gazette.",
    "Consultations postponed after the change of government.",
    "Guidelines in use in three provinces.",
)
