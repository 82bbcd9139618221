"""Pages of what is told in an odd way: codes with slashes, titles of several languages, projects that nobody tells of."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gateway.results.accountability.delivered import Yardstick
from gateway.results.accountability.delivery import deliveries
from gateway.results.accountability.donor import donor_answer
from gateway.results.accountability.queries import DeliveryQuery
from gateway.results.programming.orphans import broken_links
from gateway.results.programming.sight import End
from gateway.results.programming.sight_page import sight_page
from gateway.results.terms import Terms
from shared.chassis.errors import NotFound
from shared.contracts import catalog
from shared.contracts.funding.v1 import (
    ActivityFinance,
    Agreement,
    AgreementPartner,
    Allocation,
    Earmarking,
    EarmarkingScope,
    PeriodBudget,
)
from shared.contracts.iati import Money, Narrative, Organisation, ReportingOrganisation
from shared.contracts.monitoring.v1 import ContributionLink, Contributions
from shared.contracts.projects.v1 import (
    Activity,
    CountryOutcome,
    CountryOutcomeLink,
    CountryProgramme,
    ParticipatingOrganisation,
)
from shared.figures.biennium import Biennium
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.testing.read_models import TODAY, NewReadModel, event, reading, take

TITLES = (Narrative(text="Travail", lang="fr"), Narrative(text="Work", lang="en"))
TERMS = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB")
YARDSTICK = Yardstick(Decimal("0.8"), Decimal("0.25"), TODAY, DISBURSEMENT_AND_EXPENDITURE)
KNOWN, UNKNOWN = "XM-1-KNOWN", "XM-1-UNKNOWN"


def activity() -> Activity:
    reporter = ReportingOrganisation(ref="XM-1")
    return Activity(iati_identifier=KNOWN, reporting_organisation=reporter, titles=TITLES, status="2")


def finance() -> ActivityFinance:
    value = Money(amount=Decimal(9), currency="USD")
    budget = PeriodBudget(period_start="2026-01-01", period_end="2026-12-31", value=value)
    return ActivityFinance(iati_identifier=KNOWN, budgets=(budget,))


def agreement(*activities: str) -> Agreement:
    allocations = tuple(
        Allocation(code=name, amount=1, decided_on="2026-01-01", by="b.officer", activity=name)
        for name in activities
    )
    funder = AgreementPartner(organisation=Organisation(ref="SE-0", type="10"), role="funding", country="SE")
    return Agreement(
        number=f"AGR-{len(activities)}",
        titles=TITLES,
        kind="bilateral",
        state="signed",
        signed_on="2026-01-01",
        partners=(funder,),
        amount=Money(amount=Decimal(200), currency="USD"),
        earmarking=Earmarking(category="4", basis="category"),
        scope=EarmarkingScope(countries=("KE",)),
        allocations=allocations,
    )


async def test_a_project_is_called_by_its_english_title(new_read_model: NewReadModel):
    database = await new_read_model()
    told = [
        (catalog.ACTIVITY, activity()),
        (catalog.FINANCE, finance()),
        (catalog.AGREEMENT, agreement(KNOWN)),
    ]
    await take(database, [event(*each) for each in told])
    async with reading(database) as session:
        page = await donor_answer(session, "SE-0", Biennium(2026), TERMS)
        found = await deliveries(session, DeliveryQuery(by="project", year=2026), TERMS, YARDSTICK, None)
    assert [each.title for each in page.projects.items] == ["Work"]
    assert [row.label for _, row in found.rows] == ["Work"]


async def test_the_levy_is_not_told_while_a_project_is_not_known(new_read_model: NewReadModel):
    database = await new_read_model()
    agreements = [agreement(KNOWN), agreement(KNOWN, UNKNOWN)]
    told = [event(catalog.ACTIVITY, activity()), *(event(catalog.AGREEMENT, each) for each in agreements)]
    await take(database, told)
    async with reading(database) as session:
        page = await donor_answer(session, "SE-0", Biennium(2026), TERMS)
    assert [each.levy for each in page.agreements.items] == [2, None]
    assert page.levy.not_told == 1


async def test_money_without_a_donor_is_no_donors(new_read_model: NewReadModel):
    database = await new_read_model()
    await take(database, [event(catalog.ACTIVITY, activity()), event(catalog.FINANCE, finance())])
    async with reading(database) as session:
        with pytest.raises(NotFound):
            await donor_answer(session, "", Biennium(2026), TERMS)


async def test_addresses_on_a_page_of_the_past_are_of_the_past(new_read_model: NewReadModel):
    database = await new_read_model()
    donor = ParticipatingOrganisation(role="1", ref="SE-0")
    named = activity().model_copy(update={"participating_organisations": (donor,)})
    await take(database, [event(catalog.ACTIVITY, named), event(catalog.FINANCE, finance())])
    past = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB", as_of=datetime(2026, 3, 1, tzinfo=UTC))
    async with reading(database) as session:
        page = await donor_answer(session, "SE-0", Biennium(2026), past)
    moment = "as_of=2026-03-01T00%3A00%3A00%2B00%3A00"
    assert page.portfolio is not None
    assert page.portfolio.explain == (f"/v1/results/summary?group_by=donor&code=SE-0&explain=true&{moment}")
    assert page.more_projects == f"/v1/results/projects?donor=SE-0&{moment}"


async def test_a_slash_in_a_code_ends_neither_programme_nor_outcome(new_read_model: NewReadModel):
    database = await new_read_model()
    programme = CountryProgramme(
        code="KE/2024",
        country="KE",
        titles=TITLES,
        period_start="2024-01-01",
        period_end="2027-12-31",
        status="active",
        outcomes=(CountryOutcome(code="KEN 1/2", titles=TITLES),),
    )
    link = ContributionLink(country_outcome=CountryOutcomeLink(programme="KE/2024", code="KEN 1/2"))
    contributions = Contributions(iati_identifier=KNOWN, links=(link,))
    told = [(catalog.COUNTRY_PROGRAMME, programme), (catalog.CONTRIBUTIONS, contributions)]
    await take(database, [event(*each) for each in told])
    start = End("country-outcome", "KE%2F2024/KEN 1/2")
    async with reading(database) as session:
        page = await sight_page(session, start, up=True, down=True)
        orphans = await broken_links(session)
    nodes = {each.code: each.known for each in page["nodes"]}
    assert nodes == {start.code: True, KNOWN: False}
    assert orphans["unknown_outcomes"].count == 0
