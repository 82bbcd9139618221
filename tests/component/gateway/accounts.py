"""A small mission: two donors, two offices, three projects, and what is owed between them on 1 July 2026."""

from datetime import UTC, date, datetime
from decimal import Decimal

from shared.contracts import catalog
from shared.contracts.alerts import Alert, AlertMeasure, AlertSubject
from shared.contracts.funding.v1 import (
    ActivityFinance,
    Agreement,
    AgreementPartner,
    AidType,
    Allocation,
    Amendment,
    Earmarking,
    EarmarkingScope,
    ExchangeRate,
    MobilisationTarget,
    MoneyReceipt,
    PartnerProfile,
    PeriodBudget,
    Pledge,
    Pool,
    RateSheet,
    ReportingDuty,
    Tranche,
    Transaction,
)
from shared.contracts.iati import Money, Narrative, Organisation, ReportingOrganisation, Share
from shared.contracts.monitoring.v1 import (
    ContributionLink,
    Contributions,
    Evaluation,
    FollowUp,
    ParticipantGroup,
    PeriodLock,
    Recommendation,
    Report,
    Training,
)
from shared.contracts.projects.v1 import (
    Activity,
    CountryOutcomeLink,
    CountryProgramme,
    FieldOffice,
    ParticipatingOrganisation,
    ProgrammeBudget,
    ProgrammeOutcome,
    ProgrammeOutcomeLink,
    Proposal,
    ProposalAuthor,
    ProposalStep,
    Turnaround,
)
from shared.contracts.workflow import TakenStep
from shared.testing.read_models import event

SE, CH, FUND = "SE-0", "CH-4", "XM-FUND"
KENYA, NEPAL, BOTH = "XM-1-KE", "XM-1-NP", "XM-1-BOTH"
TEXT = (Narrative(text="Travail", lang="fr"), Narrative(text="Work", lang="en"))
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
OUTCOME = ProgrammeOutcomeLink(biennium="2026-27", code="3")
COUNTRY_OUTCOME = CountryOutcomeLink(programme="KEN-DWCP", code="KEN 101")


def day(month: int, number: int, year: int = 2026) -> date:
    return date(year, month, number)


def usd(amount: int, on: date | None = None, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency, value_date=on)


def step(action: str, before: str, after: str, reasons: str | None = None) -> TakenStep:
    return TakenStep(action=action, from_state=before, to_state=after, at=AT, by="b.officer", reasons=reasons)


def partner(ref: str, role: str = "funding", type_: str = "10", **members) -> AgreementPartner:
    return AgreementPartner(organisation=Organisation(ref=ref, type=type_), role=role, **members)


def activity(identifier: str, countries: tuple[str, ...], status: str = "2", **members) -> Activity:
    shares = [Decimal(100) / len(countries)] * len(countries)
    return Activity(
        iati_identifier=identifier,
        reporting_organisation=ReportingOrganisation(ref="XM-DAC-41302"),
        titles=(Narrative(text=f"Project {identifier}"),),
        status=status,
        recipient_countries=tuple(
            Share(code=code, percentage=share) for code, share in zip(countries, shares, strict=True)
        ),
        **members,
    )


def finance(identifier: str, budget: int | None, spent: int | None, currency: str = "USD") -> ActivityFinance:
    """Return a budget of the year 2026 and what was spent of it by March; None is not reported."""
    return ActivityFinance(
        iati_identifier=identifier,
        budgets=()
        if budget is None
        else (
            PeriodBudget(
                type="1",
                period_start=day(1, 1),
                period_end=day(12, 31),
                value=usd(budget, day(1, 1), currency),
            ),
        ),
        transactions=()
        if spent is None
        else (Transaction(type="4", date=day(3, 2), value=usd(spent, None, currency)),),
    )


BILATERAL = Agreement(
    number="AGR-1",
    titles=TEXT,
    kind="bilateral",
    partners=(partner(SE, country="SE"),),
    signed_on=day(2, 3),
    amount=usd(1200, None, "EUR"),
    tranches=(
        Tranche(number=1, due_on=day(3, 1), amount=Decimal(600)),
        Tranche(number=2, due_on=day(6, 1), amount=Decimal(400)),
        Tranche(number=3, due_on=day(9, 1), amount=Decimal(200)),
    ),
    aid_types=(AidType(code="4", vocabulary="2"),),
    earmarking=Earmarking(category="4", basis="category"),
    scope=EarmarkingScope(countries=("KE",)),
    reporting_duties=(
        ReportingDuty(code="R1", kind="progress", due_on=day(3, 31), delivered_on=day(4, 10)),
        ReportingDuty(code="R2", kind="progress", due_on=day(6, 21)),
        ReportingDuty(code="R3", kind="final", due_on=day(12, 31)),
    ),
    state="active",
    receipts=(
        MoneyReceipt(reference="B1", tranche=1, received_on=day(3, 2), amount=Decimal(600)),
        MoneyReceipt(reference="B2", tranche=2, received_on=day(6, 2), amount=Decimal(100)),
    ),
    allocations=(
        Allocation(
            code="1",
            amount=Decimal(500),
            decided_on=day(3, 2),
            by="b.officer",
            activity=KENYA,
            programme_outcome=OUTCOME,
            country_outcome=COUNTRY_OUTCOME,
        ),
    ),
    amendments=(
        Amendment(
            number=1,
            signed_on=day(3, 2),
            reasons="More",
            by="b.officer",
            at=AT,
            members=("amount",),
            amount_before=Decimal(1000),
            amount_after=Decimal(1200),
        ),
    ),
)
TOGETHER = Agreement(
    number="AGR-2",
    titles=TEXT,
    kind="multi-donor",
    partners=(partner(SE), partner(CH), partner("XX-IMPLEMENTER", "implementing")),
    signed_on=day(4, 1),
    amount=usd(900),
    tranches=(Tranche(number=1, due_on=day(5, 1), amount=Decimal(900)),),
    state="signed",
)
INTO_POOL = Agreement(
    number="AGR-3",
    titles=TEXT,
    kind="supplementary-account",
    partners=(partner(CH),),
    signed_on=day(4, 7),
    amount=usd(300),
    tranches=(Tranche(number=1, due_on=day(5, 1), amount=Decimal(300)),),
    earmarking=Earmarking(category="1", basis="category"),
    pool="RBSA",
    state="active",
    receipts=(MoneyReceipt(reference="C1", tranche=1, received_on=day(5, 1), amount=Decimal(300)),),
)
DRAFT = Agreement(
    number="AGR-4", titles=TEXT, kind="public-private", partners=(partner(FUND, "private", "60"),)
)

PARTNERSHIPS = [
    (catalog.PARTNER_PROFILE, PartnerProfile(organisation_identifier=SE, names=TEXT, type="10")),
    (
        catalog.PARTNER_PROFILE,
        PartnerProfile(organisation_identifier=CH, names=TEXT, first_contribution=day(5, 1, 2010)),
    ),
    *((catalog.AGREEMENT, each) for each in (BILATERAL, TOGETHER, INTO_POOL, DRAFT)),
    (
        catalog.PLEDGE,
        Pledge(
            identifier="P-1",
            partner=Organisation(ref=SE),
            amount=usd(80),
            pledged_on=day(4, 7),
            biennium="2026-27",
            probability=Decimal(50),
        ),
    ),
    (
        catalog.PLEDGE,
        Pledge(
            identifier="P-2",
            partner=Organisation(ref=FUND),
            amount=usd(70),
            pledged_on=day(4, 7),
            biennium="2026-27",
        ),
    ),
    (
        catalog.PLEDGE,
        Pledge(
            identifier="P-3",
            partner=Organisation(ref=SE),
            amount=usd(1),
            pledged_on=day(4, 7),
            biennium="2026-27",
            state="withdrawn",
        ),
    ),
    (
        catalog.POOL,
        Pool(
            code="RBSA",
            biennium="2026-27",
            titles=TEXT,
            currency="USD",
            target=Decimal(1000),
            carried_over=Decimal(50),
            allocations=(
                Allocation(
                    code="1", amount=Decimal(120), decided_on=day(6, 1), by="b.officer", reasons="Gap"
                ),
            ),
        ),
    ),
    (
        catalog.MOBILISATION_TARGET,
        MobilisationTarget(biennium="2026-27", code="ALL", titles=TEXT, amount=usd(5400)),
    ),
    (
        catalog.MOBILISATION_TARGET,
        MobilisationTarget(
            biennium="2026-27",
            code="POOLS",
            titles=TEXT,
            amount=usd(600),
            kind="supplementary-account",
            measured_by="receipts",
        ),
    ),
]

RATES = [
    (
        catalog.RATES,
        RateSheet(
            source="ECB",
            month=f"{on:%Y-%m}",
            kind="ecb-daily",
            base="EUR",
            rates=(ExchangeRate(currency="USD", date=on, rate=rate),),
        ),
    )
    for on, rate in ((day(2, 2), Decimal("1.2")), (day(3, 1), Decimal("1.5")))
]

FRAMEWORKS = [
    (
        catalog.FIELD_OFFICE,
        FieldOffice(code="RO", names=TEXT, kind="regional-office", parent="HQ", countries=()),
    ),
    (
        catalog.FIELD_OFFICE,
        FieldOffice(code="CO-KE", names=TEXT, kind="country-office", parent="RO", countries=("KE",)),
    ),
    (
        catalog.FIELD_OFFICE,
        FieldOffice(code="CO-NP", names=TEXT, kind="country-office", parent="HQ", countries=("NP",)),
    ),
    (catalog.FIELD_OFFICE, FieldOffice(code="HQ", names=TEXT, kind="headquarters")),
    (
        catalog.PROGRAMME_BUDGET,
        ProgrammeBudget(biennium="2026-27", titles=TEXT, outcomes=(ProgrammeOutcome(code="3", titles=TEXT),)),
    ),
    (
        catalog.COUNTRY_PROGRAMME,
        CountryProgramme(
            code="KEN-DWCP",
            country="KE",
            titles=TEXT,
            period_start=day(1, 1),
            period_end=day(12, 31, 2029),
            status="active",
        ),
    ),
]

PROJECTS = [
    (catalog.ACTIVITY, activity(KENYA, ("KE",), humanitarian=False)),
    (
        catalog.ACTIVITY,
        activity(
            NEPAL,
            ("NP",),
            status="4",
            participating_organisations=(ParticipatingOrganisation(ref=FUND, role="1"),),
        ),
    ),
    (catalog.ACTIVITY, activity(BOTH, ("KE", "NP"))),
    (
        catalog.CONTRIBUTIONS,
        Contributions(iati_identifier=KENYA, links=(ContributionLink(programme_outcome=OUTCOME),)),
    ),
    (catalog.FINANCE, finance(KENYA, 1000, 100)),
    (catalog.FINANCE, finance(NEPAL, 800, 700)),
    (catalog.FINANCE, finance(BOTH, 400, None, "EUR")),
]


def report(identifier: str, due_on: date, state: str = "draft", **members) -> Report:
    return Report(
        **{
            "identifier": identifier,
            "iati_identifier": KENYA,
            "period_start": day(1, 1),
            "period_end": day(6, 30),
            "due_on": due_on,
            "state": state,
            **members,
        }
    )


MONITORING = [
    (catalog.REPORT, report("R-DUE", day(7, 20))),
    (catalog.REPORT, report("R-LATE", day(6, 1))),
    (catalog.REPORT, report("R-FAR", day(12, 31))),
    (
        catalog.REPORT,
        report(
            "R-BACK",
            day(6, 15),
            "returned",
            history=(
                step("return", "submitted", "returned", "No figures"),
                step("submit", "returned", "submitted"),
                step("return", "submitted", "returned", "Still none"),
            ),
        ),
    ),
    (catalog.REPORT, report("R-SENT", day(6, 15), "submitted")),
    (catalog.REPORT, report("R-DONE", day(6, 15), "published")),
    (catalog.REPORT, report("R-NEPAL", day(6, 1), iati_identifier=NEPAL)),
    (catalog.REPORT, report("R-OFFICE", day(6, 2), iati_identifier="XM-1-UNKNOWN", office="CO-KE")),
    (
        catalog.EVALUATION,
        Evaluation(
            identifier="E-1",
            iati_identifier=KENYA,
            kind="independent",
            timing="mid-term",
            due_on=day(6, 1),
        ),
    ),
    (
        catalog.EVALUATION,
        Evaluation(
            identifier="E-2",
            iati_identifier=KENYA,
            kind="self",
            timing="final",
            due_on=day(4, 1),
            state="responded",
            recommendations=(
                Recommendation(
                    code="1",
                    narratives=TEXT,
                    follow_up=(
                        FollowUp(code="a", narratives=TEXT, responsible="CO-KE", due_on=day(6, 30)),
                        FollowUp(
                            code="b", narratives=TEXT, responsible="CO-KE", due_on=day(6, 1), state="done"
                        ),
                        FollowUp(code="c", narratives=TEXT, responsible="CO-KE", due_on=day(12, 31)),
                    ),
                ),
            ),
        ),
    ),
    *(
        (
            catalog.PERIOD_LOCK,
            PeriodLock(
                identifier=identifier,
                iati_identifier=project,
                period_start=day(1, 1),
                period_end=day(3, 31),
                reason="Closed",
                locked_by="b.officer",
                state=state,
            ),
        )
        for identifier, project, state in (
            ("L-ALL", None, "locked"),
            ("L-KE", KENYA, "locked"),
            ("L-NP", NEPAL, "locked"),
            ("L-OPEN", KENYA, "released"),
        )
    ),
    (
        catalog.TRAINING,
        Training(
            identifier="T-1",
            titles=TEXT,
            start=day(2, 1),
            end=day(2, 3),
            country="KE",
            participants=(ParticipantGroup(sex="female", count=12), ParticipantGroup(sex="male", count=8)),
        ),
    ),
]


def alert(facts: catalog.AggregateFacts, identifier: str, state: str = "raised", **members) -> tuple:
    kind, subject, *_ = identifier.split("/")
    return facts, Alert(
        identifier=identifier,
        kind=kind,
        subject=AlertSubject(aggregate="agreement", identifier=subject),
        state=state,
        raised_at=AT,
        text="Look",
        **members,
    )


ALERTS = [
    alert(catalog.FUNDING_ALERT, "tranche-overdue/AGR-1/2", partners=(SE,), due_on=day(6, 1)),
    alert(
        catalog.FUNDING_ALERT,
        "tranche-overdue/AGR-1/1",
        "resolved",
        partners=(SE,),
        measure=AlertMeasure(numerator=usd(1), denominator=usd(2), threshold=Decimal("0.80")),
    ),
    alert(catalog.MONITORING_ALERT, "report-overdue/R-LATE/all", countries=("KE",), activities=(KENYA,)),
    alert(catalog.MONITORING_ALERT, "report-overdue/R-NEPAL/all", countries=("NP",), activities=(NEPAL,)),
]


def turnaround(revision: int, submitted: date, decision: str | None = None, days: int | None = None):
    at = datetime(submitted.year, submitted.month, submitted.day, 9, tzinfo=UTC)
    return Turnaround(
        revision=revision,
        submitted_at=at,
        decided_at=AT if decision else None,
        decision=decision,
        days=days,
    )


def proposal(identifier: str, state: str, amount: Money | None, **members) -> Proposal:
    return Proposal(
        identifier=identifier,
        titles=TEXT,
        authors=(ProposalAuthor(name="a.author"),),
        state=state,
        amount=amount,
        **members,
    )


PROPOSALS = [
    (
        catalog.PROPOSAL,
        proposal(
            "PR-1",
            "submitted-for-appraisal",
            usd(100),
            countries=("KE", "NP"),
            programme_outcomes=(OUTCOME,),
            revision=2,
            turnaround=(turnaround(1, day(4, 1), "returned", 10), turnaround(2, day(6, 21))),
        ),
    ),
    (
        catalog.PROPOSAL,
        proposal(
            "PR-2",
            "returned",
            usd(50, None, "EUR"),
            countries=("KE",),
            revision=1,
            turnaround=(turnaround(1, day(4, 1), "returned", 4),),
            history=(
                ProposalStep(
                    action="return",
                    from_state="submitted-for-appraisal",
                    to_state="returned",
                    at=AT,
                    by="b.appraiser",
                    reasons="No baseline",
                ),
            ),
        ),
    ),
    (
        catalog.PROPOSAL,
        proposal("PR-3", "passed", usd(7), turnaround=(turnaround(1, day(4, 1), "passed", 30),)),
    ),
    (catalog.PROPOSAL, proposal("PR-4", "concept", None)),
]

TOLD_AT = datetime(2024, 3, 1, tzinfo=UTC)
"""When all of it was recorded: in the past, whenever the tests run."""

EVERYTHING = [
    event(facts, document, recorded_at=TOLD_AT)
    for facts, document in (
        *PARTNERSHIPS,
        *RATES,
        *FRAMEWORKS,
        *PROJECTS,
        *MONITORING,
        *ALERTS,
        *PROPOSALS,
    )
]
