"""One document of each kind of programming framework, by the name of its schema."""

from datetime import date
from decimal import Decimal

from shared.contracts.base import Contract
from shared.contracts.iati import Narrative
from shared.contracts.projects.v1 import (
    AgendaGoal,
    AgendaTarget,
    CountryOutcome,
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragileContext,
    FragilityList,
    ProgrammeBudget,
    ProgrammeIndicator,
    ProgrammeOutcome,
    ProgrammePriority,
    StrategicObjective,
    WeightedOutcomeLink,
    WeightedTargetLink,
)

TEXT = (Narrative(text="Decent work"), Narrative(text="Travail décent", lang="fr"))
PROGRAMMING: dict[str, Contract] = {
    "projects.programme-budget.v1": ProgrammeBudget(
        biennium="2024-25",
        titles=TEXT,
        objectives=(StrategicObjective(code="RIGHTS", titles=TEXT),),
        outcomes=(
            ProgrammeOutcome(
                code="2",
                titles=TEXT,
                objective="RIGHTS",
                indicators=(ProgrammeIndicator(code="2.1", titles=TEXT, target=Decimal("12.5")),),
            ),
        ),
    ),
    "projects.country-programme.v1": CountryProgramme(
        code="CN-2024",
        country="CN",
        titles=TEXT,
        period_start=date(2024, 1, 1),
        period_end=date(2027, 12, 31),
        status="active",
        priorities=(ProgrammePriority(code="1", titles=TEXT),),
        outcomes=(
            CountryOutcome(
                code="CHN 101",
                titles=TEXT,
                priority="1",
                status="on-track",
                programme_outcomes=(WeightedOutcomeLink(biennium="2024-25", code="2"),),
                agenda_targets=(WeightedTargetLink(agenda="SDG", code="8.b"),),
            ),
        ),
    ),
    "projects.development-agenda.v1": DevelopmentAgenda(
        code="SDG",
        titles=TEXT,
        valid_from=date(2016, 1, 1),
        goals=(AgendaGoal(code="8", titles=TEXT),),
        targets=(AgendaTarget(code="8.b", titles=TEXT, goal="8"),),
    ),
    "projects.fragility-list.v1": FragilityList(
        edition="OECD-2022",
        titles=TEXT,
        published=date(2022, 9, 19),
        publisher="OECD",
        contexts=(FragileContext(country="ML", level="extreme"),),
    ),
    "projects.field-office.v1": FieldOffice(
        code="CO-Beijing", names=TEXT, kind="country-office", countries=("CN", "MN")
    ),
}
