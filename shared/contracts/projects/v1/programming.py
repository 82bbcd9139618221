"""Programming frameworks: what projects are programmed for, as versioned data that ``services/projects`` keeps.

A programme and budget is one per biennium; a country programme has a period of its own; an agenda, a list of fragile
contexts and a field office have a code. What one document says of another is told by code, and may come first.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, LiteralString, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.contracts.base import Contract
from shared.contracts.iati import Amount, Code, Narratives, VocabularyCode
from shared.contracts.ids import Identifier

_CENTURY = 100


def _two_years(value: str) -> str:
    first, second = int(value[:4]), int(value[5:])
    if first % 2 or second != (first + 1) % _CENTURY:
        raise _fault("not_a_biennium", "{value} is not an even year and the next, as 2024-25 is", value=value)
    return value


BienniumLabel = Annotated[
    str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-[0-9]{2}$"), AfterValidator(_two_years)
]
"""Two years of which the first is even, as in ``2024-25``."""
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""A code of ISO 3166-1 alpha-2."""
ItemCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
"""The code of a part of a document, as in ``CHN 101`` or ``8.5``."""
Titles = Annotated[Narratives, Field(min_length=1)]
Percentage = Annotated[Amount, Field(ge=0, le=100)]


class StrategicObjective(Contract):
    """What the organisation is for, as employment or social dialogue."""

    code: ItemCode
    titles: Titles


class ProgrammeIndicator(Contract):
    """What a programme outcome is measured by; no baseline or target is unknown, not zero."""

    code: ItemCode
    titles: Titles
    unit: Code | None = None
    baseline: Amount | None = None
    target: Amount | None = None


class ProgrammeOutcome(Contract):
    """An outcome of a programme and budget; without an objective it serves them all."""

    code: ItemCode
    titles: Titles
    objective: ItemCode | None = None
    indicators: tuple[ProgrammeIndicator, ...] = ()


class ProgrammeBudget(Contract):
    """The programme and budget of a biennium: strategic objectives, outcomes, indicators and their targets."""

    biennium: BienniumLabel
    titles: Titles
    sample: bool = False
    objectives: tuple[StrategicObjective, ...] = ()
    outcomes: tuple[ProgrammeOutcome, ...] = ()

    @field_validator("objectives")
    @classmethod
    def _objectives_once(cls, objectives: tuple[StrategicObjective, ...]) -> tuple[StrategicObjective, ...]:
        return _once(objectives)

    @field_validator("outcomes")
    @classmethod
    def _outcomes_whole(
        cls, outcomes: tuple[ProgrammeOutcome, ...], info: ValidationInfo
    ) -> tuple[ProgrammeOutcome, ...]:
        """Check that codes stand once, those of all indicators too, and that objectives are of this document."""
        _once(indicator for outcome in outcomes for indicator in outcome.indicators)
        _resolved(((each.code, each.objective) for each in outcomes), "objectives", info)
        return _once(outcomes)


class ProgrammePriority(Contract):
    """A priority that a country's government, employers and workers agreed on."""

    code: ItemCode
    titles: Titles


class ProgrammeOutcomeLink(Contract):
    """An outcome of the programme and budget of a biennium."""

    biennium: BienniumLabel
    code: ItemCode


class AgendaTargetLink(Contract):
    """A target of a development agenda, as 8.5 of SDG."""

    agenda: Identifier
    code: ItemCode


class WeightedOutcomeLink(ProgrammeOutcomeLink):
    """An outcome with its percentage of what the linked part spends in that biennium, None where it is not told."""

    percentage: Percentage | None = None


class WeightedTargetLink(AgendaTargetLink):
    """A target with its percentage of what the linked part spends, None where it is not told."""

    percentage: Percentage | None = None


class CountryOutcome(Contract):
    """A country programme outcome: where it stands, and what it contributes to.

    ``un_outcomes`` are codes of the country's UN cooperation framework.
    """

    code: ItemCode
    titles: Titles
    priority: ItemCode | None = None
    status: Literal["planned", "no-progress", "on-track", "achieved", "dropped"] | None = None
    programme_outcomes: tuple[WeightedOutcomeLink, ...] = ()
    un_outcomes: tuple[VocabularyCode, ...] = ()
    agenda_targets: tuple[WeightedTargetLink, ...] = ()


class CountryProgramme(Contract):
    """A Decent Work Country Programme: a country's priorities and outcomes for a period."""

    code: Identifier
    country: CountryCode
    titles: Titles
    sample: bool = False
    period_start: date
    period_end: date
    status: Literal["draft", "active", "completed", "discontinued"]
    priorities: tuple[ProgrammePriority, ...] = ()
    outcomes: tuple[CountryOutcome, ...] = ()

    @field_validator("period_end")
    @classmethod
    def _end_after_start(cls, end: date, info: ValidationInfo) -> date:
        return _after(end, "period_start", info)

    @field_validator("priorities")
    @classmethod
    def _priorities_once(cls, priorities: tuple[ProgrammePriority, ...]) -> tuple[ProgrammePriority, ...]:
        return _once(priorities)

    @field_validator("outcomes")
    @classmethod
    def _outcomes_whole(
        cls, outcomes: tuple[CountryOutcome, ...], info: ValidationInfo
    ) -> tuple[CountryOutcome, ...]:
        _resolved(((each.code, each.priority) for each in outcomes), "priorities", info)
        return _once(outcomes)


class AgendaGoal(Contract):
    """A goal of a development agenda."""

    code: ItemCode
    titles: Titles


class AgendaTarget(Contract):
    """A target of one of the agenda's goals."""

    code: ItemCode
    titles: Titles
    goal: ItemCode


class DevelopmentAgenda(Contract):
    """The world's goals for a time: the MDGs until 2015, the SDGs from 2016; without an end it goes on."""

    code: Identifier
    titles: Titles
    sample: bool = False
    valid_from: date
    valid_to: date | None = None
    goals: tuple[AgendaGoal, ...] = ()
    targets: tuple[AgendaTarget, ...] = ()

    @field_validator("valid_to")
    @classmethod
    def _end_after_start(cls, end: date | None, info: ValidationInfo) -> date | None:
        return None if end is None else _after(end, "valid_from", info)

    @field_validator("goals")
    @classmethod
    def _goals_once(cls, goals: tuple[AgendaGoal, ...]) -> tuple[AgendaGoal, ...]:
        return _once(goals)

    @field_validator("targets")
    @classmethod
    def _targets_whole(
        cls, targets: tuple[AgendaTarget, ...], info: ValidationInfo
    ) -> tuple[AgendaTarget, ...]:
        _resolved(((each.code, each.goal) for each in targets), "goals", info)
        return _once(targets)


class FragileContext(Contract):
    """A country that an edition lists, with the level that its publisher gives it, as extreme."""

    country: CountryCode
    level: ItemCode | None = None


class FragilityList(Contract):
    """An edition of a publisher's list of fragile contexts. Lists change, so no country is fragile as such."""

    edition: Identifier
    titles: Titles
    sample: bool = False
    published: date
    publisher: ItemCode
    contexts: tuple[FragileContext, ...] = ()

    @field_validator("contexts")
    @classmethod
    def _contexts_once(cls, contexts: tuple[FragileContext, ...]) -> tuple[FragileContext, ...]:
        _unique(context.country for context in contexts)
        return contexts


class FieldOffice(Contract):
    """An office of the organisation, the office that it is under, and the countries that it serves."""

    code: Identifier
    names: Titles
    sample: bool = False
    kind: Literal[
        "headquarters", "regional-office", "decent-work-team", "country-office", "project-office", "liaison"
    ]
    region: VocabularyCode | None = None
    parent: Identifier | None = None
    countries: tuple[CountryCode, ...] = ()

    @field_validator("parent")
    @classmethod
    def _of_another(cls, parent: str | None, info: ValidationInfo) -> str | None:
        if parent is not None and parent == info.data.get("code"):
            raise _fault("own_parent", "{value} is the office itself", value=parent)
        return parent

    @field_validator("countries")
    @classmethod
    def _countries_once(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        _unique(countries)
        return countries


_Item = TypeVar(
    "_Item",
    StrategicObjective,
    ProgrammeIndicator,
    ProgrammeOutcome,
    ProgrammePriority,
    CountryOutcome,
    AgendaGoal,
    AgendaTarget,
)


def _once(items: Iterable[_Item]) -> tuple[_Item, ...]:
    """Return the items, of which no two have the same code."""
    checked = tuple(items)
    _unique(item.code for item in checked)
    return checked


def _unique(codes: Iterable[str]) -> None:
    seen = set()
    for code in codes:
        if code in seen:
            raise _fault("duplicate_code", "{value} stands twice", value=code)
        seen.add(code)


def _resolved(links: Iterable[tuple[str, str | None]], member: LiteralString, info: ValidationInfo) -> None:
    """Check that each item's link, where it has one, is the code of an item of another member."""
    if member not in info.data:
        return  # it is at fault itself
    known = {item.code for item in info.data[member]}
    for code, link in links:
        if link is not None and link not in known:
            raise _fault(
                "unknown_reference", "{code} names {value}, which is none of the {member}", link, code, member
            )


def _after(end: date, member: LiteralString, info: ValidationInfo) -> date:
    start = info.data.get(member)
    if start is not None and end <= start:
        raise _fault("period_ends_before_start", "{value} is not after the start", value=end.isoformat())
    return end


def _fault(
    kind: LiteralString, template: LiteralString, value: str, code: str = "", member: str = ""
) -> PydanticCustomError:
    return PydanticCustomError(kind, template, {"value": value, "code": code, "member": member})
