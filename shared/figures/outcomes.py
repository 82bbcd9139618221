"""Which outcomes an activity's money goes to: by its contributions and, from there, by country programmes.

Source: ILO results chain (project, country programme outcome, outcome of the programme and budget, SDG target);
percentages as in the IATI ruleset; ILO Programme and Budget for bienniums. What is not told is not divided by guess.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import lcm
from typing import Literal, NamedTuple, TypeAlias

from shared.contracts.monitoring.v1 import ContributionLink
from shared.contracts.projects.v1 import CountryOutcome, CountryProgramme
from shared.figures.biennium import biennium_of
from shared.figures.shares import Division, division

OutcomeDimension = Literal["country_outcome", "outcome", "sdg_target"]
OUTCOME_DIMENSIONS: tuple[OutcomeDimension, ...] = ("country_outcome", "outcome", "sdg_target")

SDG = "SDG"
"""The agenda whose targets are told; those of another agenda are another whole."""

_Shares: TypeAlias = list[tuple[str, Decimal | None]]


class _Target(NamedTuple):
    """What a link names: an outcome of a country programme or, where there is a biennium, of a programme and budget."""

    programme: str
    biennium: str
    code: str


def outcome_code(biennium: str, code: str) -> str:
    """Return the code of an outcome of a programme and budget, as ``2024-25/3``."""
    return f"{biennium}/{code}"


def target_code(agenda: str, code: str) -> str:
    """Return the code of a target of a development agenda, as ``SDG/8.5``."""
    return f"{agenda}/{code}"


def country_outcome_code(programme: str, code: str) -> str:
    """Return the code of a country programme outcome, as ``CN-2024/CHN 101``.

    A slash in the programme's code is written ``%2F`` and a percent sign ``%25``, so that the programme ends at the
    first slash.
    """
    return f"{programme.replace('%', '%25').replace('/', '%2F')}/{code}"


def programme_of(code: str) -> str:
    """Return the code of the country programme that an outcome's code names; of an empty code, an empty one."""
    return code.partition("/")[0].replace("%2F", "/").replace("%25", "%")


@dataclass(frozen=True, slots=True)
class Contributed:
    """The links of an activity to outcomes, and the country programmes that are known of those that it names."""

    links: tuple[ContributionLink, ...]
    programmes: Mapping[str, CountryProgramme]
    _made: dict[tuple[OutcomeDimension, str], Division[str]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def division(self, dimension: OutcomeDimension, year: int) -> Division[str]:
        """Return how money of a year is divided among the codes of a dimension (ILO results chain, IATI ruleset).

        The links that count in the year's biennium are one whole: those to country outcomes, and those to outcomes
        of that biennium's programme and budget. A country outcome passes its part on by the percentages of its own
        links, of that biennium or to SDG targets. Each whole is divided as ``shares.division`` tells.
        """
        biennium = biennium_of(year).label
        made = self._made.get((dimension, biennium))
        if made is None:
            made = self._made[dimension, biennium] = self._divided(dimension, biennium)
        return made

    def codes(self, dimension: OutcomeDimension, years: Collection[int]) -> set[str]:
        """Return the codes that an activity contributes to (ILO results chain).

        Args:
            dimension: what the codes are of.
            years: in which the activity runs or has money; a country outcome leads to outcomes of the bienniums of
                these years, or of every biennium where none is known.

        """
        bienniums = {biennium_of(year).label for year in years}
        targets = filter(None, map(_target, self.links))
        return {code for target in targets for code, _ in self._onward(target, dimension, bienniums)}

    def programme_codes(self) -> set[str]:
        """Return the country programmes that the links name."""
        return {link.country_outcome.programme for link in self.links if link.country_outcome}

    def _divided(self, dimension: OutcomeDimension, biennium: str) -> Division[str]:
        counting = [
            (target, link.percentage)
            for link in self.links
            if (target := _target(link)) and target.biennium in ("", biennium)
        ]
        outer = division(counting)
        inner = {
            target: division(self._onward(target, dimension, {biennium}))
            for target, _ in outer.weights
            if target is not None
        }
        return _composed(outer, inner)

    def _onward(self, target: _Target, dimension: OutcomeDimension, bienniums: Collection[str]) -> _Shares:
        """Return the codes that what a link names leads to, of some bienniums or of all, with their percentages."""
        if target.biennium:
            code = outcome_code(target.biennium, target.code)
            return [(code, None)] if dimension == "outcome" else []
        if dimension == "country_outcome":
            return [(country_outcome_code(target.programme, target.code), None)]
        outcome = self._country_outcome(target)
        if outcome is None:
            return []
        if dimension == "sdg_target":
            return [
                (target_code(link.agenda, link.code), link.percentage)
                for link in outcome.agenda_targets
                if link.agenda == SDG
            ]
        links = outcome.programme_outcomes
        return [
            (outcome_code(link.biennium, link.code), link.percentage)
            for link in links
            if not bienniums or link.biennium in bienniums
        ]

    def _country_outcome(self, target: _Target) -> CountryOutcome | None:
        programme = self.programmes.get(target.programme)
        outcomes = programme.outcomes if programme else ()
        return next((outcome for outcome in outcomes if outcome.code == target.code), None)


def _target(link: ContributionLink) -> _Target | None:
    if link.country_outcome:
        return _Target(link.country_outcome.programme, "", link.country_outcome.code)
    if link.programme_outcome:
        return _Target("", link.programme_outcome.biennium, link.programme_outcome.code)
    return None


def _composed(outer: Division[_Target], inner: Mapping[_Target, Division[str]]) -> Division[str]:
    """Return a division whose parts are divided again, with whole numbers as weights; no key comes last."""
    wholes = {target: sum(weight for _, weight in made.weights) for target, made in inner.items()}
    unit = lcm(*wholes.values())
    weights: dict[str | None, int] = {}
    for target, weight in outer.weights:
        parts = inner[target].weights if target is not None else ((None, 1),)
        whole = wholes[target] if target is not None else 1
        for code, part in parts:
            weights[code] = weights.get(code, 0) + weight * part * unit // whole
    ordered = sorted(weights, key=lambda code: (code is None, code or ""))
    return Division(tuple((code, weights[code]) for code in ordered), outer.flags)
