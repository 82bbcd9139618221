"""The file of the sample portfolio's donors."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from deploy.local.sample.markup import narrative, narratives, period, value
from deploy.local.sample.partners import DONORS, REPORTING, Partner
from deploy.local.sample.places import COUNTRIES
from deploy.local.sample.portfolio import INVENTED
from deploy.local.sample.project import REFERENCE
from shared.figures.shares import currency_places

YEARS = (2025, 2026, 2027)
COMMITTED_UNTIL = REFERENCE.year


def write_organisations(path: Path) -> None:
    """Write the partner donors of the sample portfolio as an IATI 2.03 organisation file."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        file.write(INVENTED)
        file.write(f'<iati-organisations version="2.03" generated-datetime="{REFERENCE}T00:00:00Z">\n')
        for number, donor in enumerate(DONORS, 1):
            file.write("".join(_organisation(donor, number)))
        file.write("</iati-organisations>\n")


def _organisation(donor: Partner, number: int) -> Iterator[str]:
    recipient = f'<recipient-org ref="{REPORTING.ref}">{narratives(REPORTING.names, "")}</recipient-org>'
    yield (
        f'<iati-organisation xml:lang="en" default-currency="{donor.currency}"'
        f' last-updated-datetime="{REFERENCE}T00:00:00Z">'
        f"<organisation-identifier>{donor.ref}</organisation-identifier>"
        f"<name>{narratives(donor.names, 'en')}</name>"
        f'<reporting-org ref="{donor.ref}" type="{donor.type}">{narratives(donor.names, "en")}</reporting-org>'
    )
    for year in YEARS:
        yield _budget("total-budget", "", donor, year, number * 40_000_000)
    for year in YEARS:
        yield _budget("recipient-org-budget", recipient, donor, year, number * 1_500_000)
    for country in COUNTRIES[number :: len(DONORS)]:
        named = (
            f'<recipient-country code="{country.code}">{narrative(country.names["en"])}</recipient-country>'
        )
        yield _budget("recipient-country-budget", named, donor, REFERENCE.year, number * 2_000_000)
    yield (
        '<document-link format="application/pdf" url="https://example.org/annual-report.pdf">'
        f'<title>{narrative("Annual report")}</title><category code="B01"/><language code="en"/></document-link>'
        "</iati-organisation>\n"
    )


def _budget(tag: str, recipient: str, donor: Partner, year: int, dollars: int) -> str:
    status = 2 if year <= COMMITTED_UNTIL else 1
    places = currency_places(donor.currency)
    units = dollars * donor.per_dollar // 1000 * 10**places
    start = date(year, 1, 1)
    amount = value(units, donor.currency, places, min(start, REFERENCE))
    return f'<{tag} status="{status}">{recipient}{period(start, date(year, 12, 31))}{amount}</{tag}>'
