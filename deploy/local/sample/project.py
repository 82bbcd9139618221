"""What a sample project is, before any XML: place, time, theme and partners, drawn from its number."""

from dataclasses import dataclass
from datetime import date, timedelta

from deploy.local.sample.draw import Draw
from deploy.local.sample.partners import DONORS, IMPLEMENTERS, REPORTING, Partner
from deploy.local.sample.places import COUNTRIES, REGIONS, Country
from deploy.local.sample.themes import THEMES, Theme

REFERENCE = date(2026, 6, 30)
"""The day on which the portfolio was published: nothing in it happened later."""

FAMILY = 10
"""Of every ten projects the first is a programme, and the next three are its children."""
CHILDREN = 3


@dataclass(frozen=True, slots=True)
class Project:
    """One project as drawn; ``budget`` is in whole dollars over its whole life."""

    number: int
    draw: Draw
    theme: Theme
    country: Country
    language: str
    start: date
    end: date
    status: str
    donors: tuple[Partner, ...]
    implementer: Partner
    budget: int
    earmarking: tuple[tuple[str, str], ...]
    children: tuple[int, ...]
    parent: int | None
    places: tuple[tuple[str, str, int], ...]
    by_transaction: bool

    @property
    def identifier(self) -> str:
        """IATI identifier."""
        return identifier(self.number)

    @property
    def is_programme(self) -> bool:
        """Whether it only holds its children together: money is reported at the lowest level."""
        return bool(self.children)

    @property
    def ended(self) -> bool:
        """Whether it came to its end before the portfolio was published."""
        return self.end <= REFERENCE


EARMARKING = (
    (("C01", "1"), ("I", "3")),
    (("C01", "1"), ("I", "3")),
    (("C01", "1"), ("4", "2")),
    (("C01", "1"),),
    (("B033", "1"), ("3", "2"), ("G", "3")),
    (("B033", "1"), ("H", "3")),
    (("B032", "1"), ("E", "3")),
    (("B031", "1"), ("2", "2")),
    (("B021", "1"), ("1", "2"), ("C", "3")),
    (("B021", "1"),),
    (("D02", "1"),),
)
"""Aid types (code, vocabulary) of a project, from tightly earmarked to core contributions and to none told."""


def identifier(number: int) -> str:
    """Return the IATI identifier of a project."""
    return f"{REPORTING.ref}-{100001 + number}"


def draw_project(number: int, total: int, seed: int) -> Project:
    """Draw one project of a portfolio of ``total``, the same for its number and seed whatever came before it."""
    draw = Draw(seed * 10_000_019 + number)
    place_in_family = number % FAMILY
    children = range(number + 1, min(number + 1 + CHILDREN, total)) if place_in_family == 0 else ()
    country = COUNTRIES[(number * 17 + number // len(COUNTRIES)) % len(COUNTRIES)]
    start = date(draw.between(2020, 2026), draw.between(1, 12), 1)
    end = _end(draw, start)
    by_transaction = not children and start <= REFERENCE and draw.chance(6)
    return Project(
        number=number,
        draw=draw,
        theme=draw.pick(THEMES),
        country=country,
        language=country.language if country.language in {"fr", "es"} and draw.chance(50) else "en",
        start=start,
        end=end,
        status=_status(draw, start, end),
        donors=tuple(draw.several(DONORS, 1 if draw.chance(80) else draw.between(2, 3))),
        implementer=draw.pick(IMPLEMENTERS),
        budget=draw.between(20, 800) * 10_000,
        earmarking=draw.pick(EARMARKING),
        children=tuple(children),
        parent=number - place_in_family if 1 <= place_in_family <= CHILDREN else None,
        places=_places(draw, country),
        by_transaction=by_transaction,
    )


def _end(draw: Draw, start: date) -> date:
    return date(start.year + draw.between(1, 4), draw.pick((3, 6, 9, 12)), 28) + timedelta(days=2)


def _status(draw: Draw, start: date, end: date) -> str:
    if start > REFERENCE:
        return "1"
    if end <= REFERENCE:
        return "3" if REFERENCE - end < timedelta(days=180) else "4"
    return draw.pick("56") if draw.chance(3) else "2"


def _places(draw: Draw, country: Country) -> tuple[tuple[str, str, int], ...]:
    """Return where the project works as (country or region, code, percentage), 100 in all."""
    if draw.chance(75):
        return (("country", country.code, 100),)
    if draw.chance(50):
        neighbours = [
            other.code for other in COUNTRIES if other.region == country.region and other is not country
        ]
        codes = [country.code, *draw.several(neighbours, draw.between(1, 2))]
        return tuple(
            ("country", code, p) for code, p in zip(codes, draw.percentages(len(codes)), strict=True)
        )
    if draw.chance(60):
        first, rest = draw.percentages(2)
        return (("country", country.code, first), ("region", country.region, rest))
    return (("region", country.region if country.region in REGIONS else "998", 100),)
