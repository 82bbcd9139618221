"""Budgets, planned disbursements and transactions of a sample project, as XML in the order of the standard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.local.sample.markup import narrative, period, value
from deploy.local.sample.partners import LOCAL_CURRENCIES, REPORTING, Partner
from deploy.local.sample.project import REFERENCE, Project
from shared.figures.shares import currency_places

ORIGINAL = "1"
REVISED = "2"
INDICATIVE = "1"
COMMITTED = "2"

DOLLAR = "USD"


@dataclass(frozen=True, slots=True)
class YearBudget:
    """The budget of one calendar year of a project, in whole dollars; ``revised`` is None where it was not."""

    start: date
    end: date
    original: int
    revised: int | None

    @property
    def effective(self) -> int:
        """What counts: the revised amount, or else the original."""
        return self.original if self.revised is None else self.revised


def finance(project: Project) -> str:
    """Return the XML of all money of a project; a programme has none, its children have it."""
    if project.is_programme:
        return ""
    years = list(_years(project))
    parts = [
        *_budgets(years),
        *_plans(project, years),
        *_incoming(project, years),
        *_outgoing(project, years),
    ]
    return "".join(parts)


def _years(project: Project) -> Iterator[YearBudget]:
    draw = project.draw
    count = project.end.year - project.start.year + 1
    for year in range(project.start.year, project.end.year + 1):
        original = project.budget // count * draw.between(85, 115) // 100
        revised = (
            original * draw.between(70, 130) // 100 if year <= REFERENCE.year and draw.chance(45) else None
        )
        yield YearBudget(
            max(project.start, date(year, 1, 1)), min(project.end, date(year, 12, 31)), original, revised
        )


def _budgets(years: list[YearBudget]) -> Iterator[str]:
    for year in years:
        status = COMMITTED if year.start <= REFERENCE else INDICATIVE
        yield _budget(year, ORIGINAL, status, year.original)
        if year.revised is not None:
            yield _budget(year, REVISED, status, year.revised)


def _budget(year: YearBudget, kind: str, status: str, dollars: int) -> str:
    amount = value(dollars, DOLLAR, 0, min(year.start, REFERENCE))
    return f'<budget type="{kind}" status="{status}">{period(year.start, year.end)}{amount}</budget>'


def _plans(project: Project, years: list[YearBudget]) -> Iterator[str]:
    ahead = [year for year in years if year.start > REFERENCE]
    if not ahead or not project.draw.chance(40):
        return
    for year in ahead:
        amount = value(year.effective * 15 // 100, DOLLAR, 0, REFERENCE)
        provider, receiver = (
            _organisation("provider-org", REPORTING),
            _organisation("receiver-org", project.implementer),
        )
        yield (
            f'<planned-disbursement type="1">{period(year.start, year.end)}{amount}{provider}{receiver}'
            "</planned-disbursement>"
        )


def _incoming(project: Project, years: list[YearBudget]) -> Iterator[str]:
    draw = project.draw
    received_by = _organisation("receiver-org", REPORTING)
    for donor in project.donors:
        ends = _organisation(
            "provider-org", donor, f' provider-activity-id="{donor.ref}-{draw.between(1000, 9999)}"'
        )
        ends += received_by
        dollars = project.budget // len(project.donors)
        if draw.chance(20):
            yield _transaction(
                project, "13", _before(project, draw.between(60, 200)), _given(donor, dollars), ends
            )
        committed = _before(project, draw.between(5, 50))
        yield _transaction(project, "11", committed, _given(donor, dollars), ends)
        if draw.chance(6):
            cut = -dollars * draw.between(3, 12) // 100
            yield _transaction(project, "11", committed + timedelta(days=400), _given(donor, cut), ends)
        for year in years:
            received = year.start + timedelta(days=draw.between(5, 25))
            part = year.effective // len(project.donors)
            yield _transaction(project, "1", received, _given(donor, part), ends)
        if project.ended and draw.chance(10):
            back = dollars * draw.between(1, 3) // 100
            yield _transaction(project, "7", project.end + timedelta(days=60), _given(donor, back), "")


def _outgoing(project: Project, years: list[YearBudget]) -> Iterator[str]:
    draw = project.draw
    ends = _organisation("provider-org", REPORTING) + _organisation("receiver-org", project.implementer)
    through_partner = draw.chance(60)
    pace = draw.between(60, 85)
    if through_partner:
        committed = project.start + timedelta(days=90)
        yield _transaction(project, "2", committed, (project.budget * 20, DOLLAR, 2), ends)
    for year in years:
        if year.start > REFERENCE:
            return
        if through_partner:
            paid = year.effective * draw.between(1000, 2000) // 100
            yield _transaction(
                project, "3", year.start + timedelta(days=draw.between(26, 80)), (paid, DOLLAR, 2), ends
            )
        yield from _expenditure(project, year, pace)


def _expenditure(project: Project, year: YearBudget, pace: int) -> Iterator[str]:
    draw = project.draw
    last = min(year.end, REFERENCE)
    days, elapsed = (year.end - year.start).days + 1, (last - year.start).days + 1
    count = draw.between(2, 4)
    cents = year.effective * pace * elapsed // (days * count)
    for part in range(1, count + 1):
        spent = cents * draw.between(80, 120) // 100
        yield _transaction(
            project, "4", year.start + timedelta(days=(elapsed - 1) * part // count), (spent, DOLLAR, 2)
        )
    if draw.chance(8):
        yield _transaction(project, "4", last, (-cents * draw.between(2, 10) // 100, DOLLAR, 2))
    if draw.chance(1):
        yield _transaction(project, "4", last, (0, DOLLAR, 2))
    local = LOCAL_CURRENCIES.get(project.country.code)
    if local:
        currency, per_dollar = local
        places = currency_places(currency)
        spent = cents * draw.between(5, 10) * per_dollar * 10**places // 10_000_000
        yield _transaction(project, "4", last, (spent, currency, places))


def _given(donor: Partner, dollars: int) -> tuple[int, str, int]:
    places = currency_places(donor.currency)
    return dollars * donor.per_dollar // 1000 * 10**places, donor.currency, places


def _before(project: Project, days: int) -> date:
    return project.start - timedelta(days=days)


def _transaction(
    project: Project, kind: str, on: date, amount: tuple[int, str, int], organisations: str = ""
) -> str:
    """Return a transaction, or nothing if it had not happened by the day of reference."""
    if on > REFERENCE:
        return ""
    where = f'<recipient-country code="{project.country.code}"/>' if project.by_transaction else ""
    aid = (
        '<aid-type code="B021" vocabulary="1"/><aid-type code="C" vocabulary="3"/>'
        if kind == "1" and project.draw.chance(4)
        else ""
    )
    urgent = ' humanitarian="1"' if project.theme.humanitarian else ""
    return (
        f'<transaction ref="{project.number + 1}-{kind}-{on:%Y%m%d}"{urgent}><transaction-type code="{kind}"/>'
        f'<transaction-date iso-date="{on}"/>{value(*amount, on)}{_DESCRIPTIONS[kind]}{organisations}{where}{aid}'
        "</transaction>"
    )


def _organisation(tag: str, partner: Partner, attributes: str = "") -> str:
    ref = f' ref="{partner.ref}"' if partner.ref else ""
    return f'<{tag}{attributes} type="{partner.type}"{ref}>{narrative(partner.name)}</{tag}>'


_DESCRIPTIONS = {
    kind: f"<description>{narrative(text)}</description>"
    for kind, text in {
        "1": "Instalment received",
        "2": "Agreement with the implementing partner",
        "3": "Advance to the implementing partner",
        "4": "Expenditure of the period",
        "7": "Unspent balance returned",
        "11": "Agreement signed",
        "13": "Pledge announced",
    }.items()
}
