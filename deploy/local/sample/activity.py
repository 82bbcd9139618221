"""A sample project as an IATI 2.03 activity, element by element in the order of the standard."""

from collections.abc import Iterator

from deploy.local.sample.finance import finance
from deploy.local.sample.markup import narrative, narratives
from deploy.local.sample.partners import REPORTING, Partner
from deploy.local.sample.project import REFERENCE, Project, identifier
from deploy.local.sample.results import results

OUTCOMES_URI = "https://example.org/vocabularies/outcomes"
MARKERS_URI = "https://example.org/vocabularies/policy-markers"
CRISES_URI = "https://example.org/vocabularies/crises"

LANGUAGES = ("en", "fr", "es", "pt", "ar")

PURPOSES = {
    "en": "The project works so that {purpose}.",
    "fr": "Projet de coopération pour le développement au service du travail décent.",
    "es": "Proyecto de cooperación para el desarrollo al servicio del trabajo decente.",
    "pt": "Projeto de cooperação para o desenvolvimento ao serviço do trabalho digno.",
    "ar": "مشروع للتعاون الإنمائي من أجل العمل اللائق.",
}


def activity(project: Project) -> str:
    """Return the XML of one project."""
    humanitarian = ' humanitarian="1"' if project.theme.humanitarian else ""
    level = 2 if project.parent is not None else 1
    head = (
        f'<iati-activity xml:lang="{project.language}" default-currency="USD" hierarchy="{level}"'
        f' last-updated-datetime="{REFERENCE}T00:00:00Z"{humanitarian}>'
        f"<iati-identifier>{project.identifier}</iati-identifier>{_REPORTING}"
    )
    return "".join(
        (
            head,
            *_texts(project),
            *_organisations(project),
            f'<activity-status code="{project.status}"/>',
            *_dates(project),
            _CONTACT,
            *_places(project),
            *_classifications(project),
            *_terms(project),
            finance(project),
            *_documents(project),
            *_related(project),
            results(project),
            "</iati-activity>\n",
        )
    )


def _texts(project: Project) -> Iterator[str]:
    phase = " II" if project.draw.chance(20) else ""
    languages = [language for language in LANGUAGES if language in project.country.names]
    title = project.theme.title
    titles = {
        language: f"{title[language]}{phase} - {project.country.names[language]}" for language in languages
    }
    yield f"<title>{narratives(titles, project.language)}</title>"
    general = {language: PURPOSES[language].format(purpose=project.theme.purpose) for language in languages}
    yield f'<description type="1">{narratives(general, project.language)}</description>'
    if project.draw.chance(60):
        aim = {"en": f"By its end, {project.theme.purpose}."}
        yield f'<description type="2">{narratives(aim, project.language)}</description>'
    if project.draw.chance(30):
        groups = {"en": "Women and men in the informal economy, young people and persons with disabilities."}
        yield f'<description type="3">{narratives(groups, project.language)}</description>'


def _organisation(partner: Partner, role: str) -> str:
    ref = f' ref="{partner.ref}"' if partner.ref else ""
    names = narratives(partner.names, "")
    return f'<participating-org role="{role}" type="{partner.type}"{ref}>{names}</participating-org>'


def _organisations(project: Project) -> Iterator[str]:
    for donor in project.donors:
        yield _organisation(donor, "1")
    yield _ACCOUNTABLE
    yield _organisation(project.implementer, "4")


def _dates(project: Project) -> Iterator[str]:
    yield f'<activity-date type="1" iso-date="{project.start}"/>'
    if project.start <= REFERENCE:
        yield f'<activity-date type="2" iso-date="{project.start}"/>'
    yield f'<activity-date type="3" iso-date="{project.end}"/>'
    if project.ended:
        yield f'<activity-date type="4" iso-date="{project.end}"/>'


def _places(project: Project) -> Iterator[str]:
    countries = [(code, share) for kind, code, share in project.places if kind == "country"]
    regions = [(code, share) for kind, code, share in project.places if kind == "region"]
    yield f'<activity-scope code="{_scope(len(countries), len(regions))}"/>'
    if not project.by_transaction:
        for code, share in countries:
            yield f'<recipient-country code="{code}" percentage="{share}"/>'
        for code, share in regions:
            yield f'<recipient-region code="{code}" vocabulary="1" percentage="{share}"/>'
    if countries and project.draw.chance(60):
        for number, city in enumerate(project.country.cities, 1):
            yield (
                f'<location ref="{project.country.code}-{number}"><location-reach code="1"/>'
                f"<name>{narrative(city.name)}</name>"
                f'<point srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><pos>{city.position}</pos></point>'
                '<exactness code="2"/><location-class code="2"/></location>'
            )


def _scope(countries: int, regions: int) -> str:
    if regions:
        return "2"
    return "4" if countries == 1 else "3"


def _classifications(project: Project) -> Iterator[str]:
    draw, theme = project.draw, project.theme
    sectors = draw.several(theme.sectors, draw.between(1, len(theme.sectors)))
    for code, share in zip(sectors, draw.percentages(len(sectors)), strict=True):
        yield f'<sector vocabulary="1" code="{code}" percentage="{share}"/>'
    goals = list(dict.fromkeys(target.partition(".")[0] for target in theme.targets))
    for goal, share in zip(goals, draw.percentages(len(goals)), strict=True):
        yield f'<sector vocabulary="7" code="{goal}" percentage="{share}"/>'
    code, name = theme.outcome
    yield (
        f'<sector vocabulary="99" vocabulary-uri="{OUTCOMES_URI}" code="{code}" percentage="100">'
        f"{narrative(name)}</sector>"
    )
    for target in theme.targets:
        yield f'<tag vocabulary="3" code="{target}"/>'
    if theme.humanitarian:
        yield (
            f'<humanitarian-scope type="1" vocabulary="99" vocabulary-uri="{CRISES_URI}"'
            f' code="{project.country.code}-{project.start.year}">{narrative("Displacement")}</humanitarian-scope>'
        )
    yield f'<policy-marker vocabulary="1" code="1" significance="{draw.pick("0112")}"/>'
    if draw.chance(30):
        yield f'<policy-marker vocabulary="1" code="{draw.pick(("3", "6", "7", "11"))}" significance="1"/>'
    if draw.chance(10):
        yield (
            f'<policy-marker vocabulary="99" vocabulary-uri="{MARKERS_URI}" code="SSTC" significance="1">'
            f"{narrative('South-South and triangular cooperation')}</policy-marker>"
        )


def _terms(project: Project) -> Iterator[str]:
    yield (
        f'<collaboration-type code="{8 if project.draw.chance(5) else 4}"/>'
        '<default-flow-type code="10"/><default-finance-type code="110"/>'
    )
    for code, vocabulary in project.earmarking:
        yield f'<default-aid-type code="{code}" vocabulary="{vocabulary}"/>'
    yield '<default-tied-status code="5"/>'


def _documents(project: Project) -> Iterator[str]:
    kinds = [("A02", "Project document"), ("A07", "Evaluation"), ("A08", "Progress report")]
    for code, title in project.draw.several(kinds, project.draw.between(0, 2)):
        if code == "A07" and not project.ended:
            continue
        yield (
            f'<document-link format="application/pdf" url="https://example.org/{project.identifier}/{code}.pdf">'
            f'<title>{narrative(title)}</title><category code="{code}"/><language code="{project.language}"/>'
            "</document-link>"
        )


def _related(project: Project) -> Iterator[str]:
    if project.parent is not None:
        yield f'<related-activity ref="{identifier(project.parent)}" type="1"/>'
    for child in project.children:
        yield f'<related-activity ref="{identifier(child)}" type="2"/>'


_REPORTING = f'<reporting-org ref="{REPORTING.ref}" type="{REPORTING.type}">{narratives(REPORTING.names, "")}</reporting-org>'
_ACCOUNTABLE = _organisation(REPORTING, "2") + _organisation(REPORTING, "3")
_CONTACT = (
    f'<contact-info type="1"><organisation>{narrative(REPORTING.name)}</organisation>'
    f"<department>{narrative('Partnerships')}</department><email>cooperation@example.org</email></contact-info>"
)
