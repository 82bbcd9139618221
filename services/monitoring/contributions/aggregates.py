"""The aggregates of contributions: the links of activities to outcomes, and how outcomes are measured."""

from collections.abc import Iterable

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.contributions.domain import (
    contributions_columns,
    faults_of_contributions,
    faults_of_links,
)
from services.monitoring.contributions.frameworks import (
    faults_of_codes,
    faults_of_inputs,
    faults_of_programme_framework,
    framework_as_read,
    programme_framework_columns,
)
from services.monitoring.copies import known_activity, known_country_programmes, known_programme_budgets
from services.monitoring.models import ContributionsRow, Copy, FrameworkRow, ProgrammeFrameworkRow
from shared.chassis.db import is_one_of
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import CONTRIBUTIONS as CONTRIBUTIONS_FACTS
from shared.contracts.catalog import PROGRAMME_FRAMEWORK
from shared.contracts.ids import activity_id, contributions_id, programme_framework_id
from shared.contracts.monitoring.v1 import Contributions, ProgrammeFramework, ResultsFramework
from shared.figures.contributed import activities_of


async def stored_frameworks(session: AsyncSession, identifiers: Iterable[str]) -> dict[str, ResultsFramework]:
    """Return those of the frameworks of some activities that are stored, by identifier."""
    ids = {activity_id(identifier) for identifier in identifiers}
    if not ids:
        return {}
    statement = select(FrameworkRow.identifier, FrameworkRow.document).where(is_one_of(FrameworkRow.id, ids))
    rows = await session.exec(statement)
    return {identifier: ResultsFramework.from_json(document) for identifier, document in rows}


async def _beside_contributions(
    session: AsyncSession, contributions: Contributions
) -> Iterable[tuple[str, str, str]]:
    """Return which links name what does not exist or does not fit, by what is known of it."""
    links = contributions.links
    programmes = {link.country_outcome.programme for link in links if link.country_outcome}
    bienniums = {link.programme_outcome.biennium for link in links if link.programme_outcome}
    return list(
        faults_of_links(
            contributions,
            await known_activity(session, contributions.iati_identifier),
            await known_country_programmes(session, programmes),
            await known_programme_budgets(session, bienniums),
        )
    )


async def _beside_framework(
    session: AsyncSession, framework: ProgrammeFramework
) -> Iterable[tuple[str, str, str]]:
    """Return which outcomes and inputs name what does not exist, by what is known of it."""
    names = [framework.programme]
    programmes = await known_country_programmes(session, names)
    budgets = await known_programme_budgets(session, names)
    stored = await stored_frameworks(session, activities_of(framework))
    return [*faults_of_codes(framework, programmes, budgets), *faults_of_inputs(framework, stored)]


CONTRIBUTIONS = Aggregate(
    noun="contributions",
    model=ContributionsRow,
    contract=Contributions,
    facts=CONTRIBUTIONS_FACTS,
    identifier=lambda contributions: contributions.iati_identifier,
    id_of=contributions_id,
    columns=contributions_columns,
    faults=faults_of_contributions,
    faults_beside=_beside_contributions,
    projects=Copy,
)
PROGRAMME_FRAMEWORKS = Aggregate(
    noun="programme-framework",
    model=ProgrammeFrameworkRow,
    contract=ProgrammeFramework,
    facts=PROGRAMME_FRAMEWORK,
    identifier=lambda framework: framework.identifier,
    id_of=programme_framework_id,
    columns=programme_framework_columns,
    derive=framework_as_read,
    faults=faults_of_programme_framework,
    faults_beside=_beside_framework,
)
