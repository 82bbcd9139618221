"""The training, publications and evaluations of the sample: invented, and each title marked as a sample."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from deploy.local.sample.calls import Body, Call, Story, address, story
from deploy.local.sample.draw import Draw
from deploy.local.sample.frameworks import BIENNIUMS
from deploy.local.sample.measured import projects
from deploy.local.sample.places import COUNTRIES
from deploy.local.sample.programming import MARKS, Documents, country_programmes
from deploy.local.sample.project import REFERENCE, Project
from shared.contracts.iati import Narrative, Narratives
from shared.contracts.monitoring.v1 import EvaluationPolicy, ParticipantGroup, Publication, Training
from shared.contracts.projects.v1 import CountryProgramme, ProgrammeOutcomeLink
from shared.contracts.projects.v1.proposals import CountryOutcomeLink

SEED = 20_261
TRAININGS, PUBLICATIONS = 60, 30
FIRST_YEAR = 2024
LANGUAGES = ("en", "fr", "es", "pt")
EVALUATIONS, POLICIES = "/v1/evaluations", "/v1/evaluation-policies"
MANAGER, OFFICER = "g.manager (sample)", "h.officer (sample)"
EVALUATORS = ("Independent evaluators (sample)", "i.evaluator (sample)")

SUBJECTS = (
    "Career guidance in employment services|L'orientation dans les services de l'emploi|Orientación en los servicios de empleo",
    "Labour inspection in small enterprises|L'inspection du travail dans les petites entreprises|Inspección en pequeñas empresas",
    "Collective bargaining|La négociation collective|La negociación colectiva",
    "Safety representatives|Les délégués à la sécurité|Delegados de seguridad",
    "Financing social protection|Le financement de la protection sociale|Financiación de la protección social",
    "Start and improve a business|Créer et améliorer une entreprise|Inicie y mejore su negocio",
)
FINDINGS = (
    "The results chain held, but outcomes were measured late.",
    "Social dialogue kept the project relevant when the government changed.",
    "Women were reached less than planned in rural districts.",
)
RECOMMENDATIONS = (
    ("Measure outcomes every year with the national statistical office.", "high"),
    ("Plan the exit with the constituents a year before the end.", "medium"),
    ("Set aside funds for the transport of women from rural districts.", "low"),
)
ACTIONS = ("Agree on a calendar of surveys", "Hold an exit workshop")
DROPPED = "The exit workshop was joined to that of another project."
CANCELLED = "The donor evaluates the whole programme."

ENDED: tuple[tuple[str, ...], ...] = (
    ("begin", "complete"),
    ("begin", "complete", "respond-to-first"),
    ("begin", "complete", "answer"),
    ("begin", "complete", "answer", "follow-up"),
    ("begin", "complete", "answer", "follow-up", "start"),
    ("begin", "complete", "answer", "follow-up", "start", "finish", "drop", "close"),
    ("begin", "complete", "answer", "follow-up", "start", "finish", "drop", "close"),
)
"""The ways that final evaluations of projects went that have ended."""
RUNNING: tuple[tuple[str, ...], ...] = ((), (), ("begin",), ("begin",), ("cancel",))
"""The ways that mid-term evaluations of projects went that still run."""
KINDS = ("independent", "internal", "independent", "self")


def documents() -> tuple[Documents, ...]:
    """Return the training and the publications."""
    return (
        Documents("/v1/trainings", tuple(trainings())),
        Documents("/v1/publications", tuple(publications())),
    )


def stories() -> Iterator[Story]:
    """Yield evaluations that were planned by hand, with their steps, and then the policy that plans the others."""
    single = [each for each in _projects() if not each.is_programme]
    ended = [each for each in single if each.ended and each.end.year == REFERENCE.year]
    running = [each for each in single if not each.ended and each.start < REFERENCE]
    for number, (project, path) in enumerate(zip(ended, ENDED, strict=False)):
        yield _evaluation(number, project, "final", project.end + timedelta(days=60), path)
    for number, (project, path) in enumerate(zip(running, RUNNING, strict=False), len(ENDED)):
        middle = project.start + (project.end - project.start) // 2
        yield _evaluation(number, project, "mid-term", middle, path)
    policy = evaluation_policy()
    at = address(POLICIES, policy.identifier)
    yield Story(at, (Call("PUT", at, policy.model_dump(mode="json", exclude_defaults=True)),))


def evaluation_policy() -> EvaluationPolicy:
    """Return a policy after that of the ILO: budget and duration decide who evaluates, and when."""
    rows = (
        ("0", 0, "self", "final"),
        ("500000", 0, "internal", "final"),
        ("1000000", 0, "independent", "final"),
        ("0", 31, "self", "mid-term"),
        ("500000", 31, "internal", "mid-term"),
        ("5000000", 0, "independent", "mid-term"),
        ("5000000", 0, "independent", "ex-post"),
    )
    return EvaluationPolicy.model_validate(
        {
            "code": "SAMPLE-EVALUATION",
            "version": 1,
            "titles": _titles("Evaluation policy|Politique d'évaluation|Política de evaluación"),
            "sample": True,
            "valid_from": "2024-01-01",
            "currency": "USD",
            "thresholds": [
                {"from_amount": amount, "from_months": months, "kind": kind, "timing": timing}
                for amount, months, kind, timing in rows
            ],
        }
    )


def trainings() -> Iterator[Training]:
    """Yield events within projects, some of which tell of no participants."""
    held = _projects()
    for number in range(TRAININGS):
        draw = Draw(SEED + number)
        project = draw.pick(held)
        start = _day(project, draw)
        yield Training(
            identifier=f"SAMPLE-TRAINING-{number + 1:03d}",
            titles=_titles(draw.pick(SUBJECTS)),
            sample=True,
            start=start,
            end=start + timedelta(days=draw.between(0, 9)),
            country=project.country.code,
            mode=draw.pick(("in-person", "in-person", "online", "blended")),
            activities=(project.identifier,),
            programme_outcomes=_programme_outcomes(project, start),
            participants=tuple(_participants(project, draw)) if draw.chance(95) else (),
        )


def publications() -> Iterator[Publication]:
    """Yield publications of one to three projects, in one to four languages."""
    known = _projects()
    programmes = list(country_programmes())
    for number in range(PUBLICATIONS):
        draw = Draw(SEED * 2 + number)
        chosen = draw.several(known, draw.between(1, 3))
        published = _day(chosen[0], draw)
        identifier = f"SAMPLE-PUBLICATION-{number + 1:03d}"
        yield Publication(
            identifier=identifier,
            titles=_titles(draw.pick(SUBJECTS)),
            sample=True,
            kind=draw.pick(("report", "guide", "brief", "study", "dataset")),
            published_on=published,
            languages=LANGUAGES[: draw.between(1, len(LANGUAGES))],
            url=f"https://example.org/publications/{identifier.lower()}",
            activities=tuple(sorted(each.identifier for each in chosen)),
            programme_outcomes=_programme_outcomes(chosen[0], published),
            country_outcomes=_country_outcomes(chosen[0], published, programmes),
        )


def _projects() -> list[Project]:
    return [project for project in projects() if project.start < REFERENCE]


def _day(project: Project, draw: Draw) -> date:
    """Return a day while a project ran, of the years that frameworks are there for where that is possible."""
    last = min(project.end, REFERENCE)
    first = min(max(project.start, date(FIRST_YEAR, 1, 1)), last)
    return first + timedelta(days=draw.below((last - first).days + 1))


def _participants(project: Project, draw: Draw) -> Iterator[ParticipantGroup]:
    neighbour = draw.pick(COUNTRIES).code
    countries: list[str | None] = [project.country.code]
    if draw.chance(30) and neighbour != project.country.code:
        countries.append(neighbour)
    for country in countries:
        for constituent in ("government", "employers", "workers"):
            yield ParticipantGroup(
                sex="female", constituent=constituent, country=country, count=draw.between(0, 20)
            )
            yield ParticipantGroup(
                sex="male", constituent=constituent, country=country, count=draw.between(0, 20)
            )
    if draw.chance(25):
        yield ParticipantGroup(count=draw.between(1, 8))


def _programme_outcomes(project: Project, on: date) -> tuple[ProgrammeOutcomeLink, ...]:
    code, _ = project.theme.outcome
    return tuple(
        ProgrammeOutcomeLink(biennium=biennium, code=code)
        for biennium in BIENNIUMS
        if int(biennium[:4]) <= on.year <= int(biennium[:4]) + 1
    )


def _country_outcomes(
    project: Project, on: date, programmes: Iterable[CountryProgramme]
) -> tuple[CountryOutcomeLink, ...]:
    return tuple(
        CountryOutcomeLink(programme=each.code, code=each.outcomes[0].code)
        for each in programmes
        if each.country == project.country.code and each.period_start <= on <= each.period_end
    )


def _evaluation(number: int, project: Project, timing: str, due: date, path: Sequence[str]) -> Story:
    kind = KINDS[number % len(KINDS)]
    identifier = f"SAMPLE-EVALUATION-{number + 1:02d}"
    content = {
        "identifier": identifier,
        "iati_identifier": project.identifier,
        "sample": True,
        "kind": kind,
        "timing": timing,
        "due_on": due.isoformat(),
        "evaluators": [OFFICER] if kind == "self" else list(EVALUATORS[: 1 + number % 2]),
        **(_results(number, project) if path and path != ("cancel",) else {}),
    }
    return story(EVALUATIONS, identifier, content, *_steps(path, due))


def _results(number: int, project: Project) -> dict[str, Any]:
    return {
        "findings": [
            {"code": str(place + 1), "narratives": _told(FINDINGS[(number + place) % len(FINDINGS)])}
            for place in range(2)
        ],
        "recommendations": [
            {
                "code": f"R{place + 1}",
                "narratives": _told(text),
                "addressed_to": MANAGER,
                "priority": priority,
            }
            for place, (text, priority) in enumerate(RECOMMENDATIONS)
        ],
        "documents": [
            {
                "url": f"https://example.org/{project.identifier}/evaluation.pdf",
                "format": "application/pdf",
                "titles": _told("Evaluation report"),
                "categories": ["A07"],
            }
        ],
    }


def _steps(path: Sequence[str], due: date) -> Iterator[tuple[str, Body]]:
    for action in path:
        if action == "respond-to-first":
            yield _response("R1", "accepted")
        elif action == "answer":
            yield _response("R1", "accepted")
            yield _response("R2", "partially-accepted")
            yield _response("R3", "rejected")
            yield "actions", {"action": "respond", "by": MANAGER}
        elif action == "follow-up":
            # The first was due before the portfolio was published, so that it is overdue unless it is done.
            yield _follow_up("R1", "F1", min(due + timedelta(days=30), REFERENCE - timedelta(days=1)))
            yield _follow_up("R2", "F2", due + timedelta(days=360))
        elif action in ("start", "finish"):
            yield "follow-ups/F1/actions", {"action": action, "by": OFFICER}
        elif action == "drop":
            yield "follow-ups/F2/actions", {"action": action, "by": OFFICER, "reasons": DROPPED}
        else:
            reasons = {"reasons": CANCELLED} if action == "cancel" else {}
            yield "actions", {"action": action, "by": OFFICER, **reasons}


def _response(recommendation: str, decision: str) -> tuple[str, Body]:
    told = {"narratives": _told("Management has looked at what it would take.")}
    return "responses", {"recommendation": recommendation, "decision": decision, "by": MANAGER, **told}


def _follow_up(recommendation: str, code: str, due: date) -> tuple[str, Body]:
    text = ACTIONS[int(code[1:]) - 1]
    follow_up = {
        "code": code,
        "narratives": _told(text),
        "responsible": OFFICER,
        "due_on": due.isoformat(),
    }
    return "follow-ups", {"recommendation": recommendation, "follow_up": follow_up}


def _told(text: str) -> list[Body]:
    return [{"text": f"{text} {MARKS['en']}", "lang": "en"}]


def _titles(text: str) -> Narratives:
    return tuple(
        Narrative(text=f"{each} {MARKS[language]}", lang=language)
        for language, each in zip(MARKS, text.split("|"), strict=True)
    )
