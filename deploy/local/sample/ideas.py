"""What sample projects measure: the kinds of indicators, and those that any theme may use."""

from dataclasses import dataclass
from typing import Literal

from deploy.local.sample.markup import Texts

Kind = Literal["count", "share", "falling", "kept", "scale", "words"]
"""How an indicator runs: a number or a percentage that rises, a percentage that falls or has to be kept, an
ordinal scale of 1 to 4, or words."""


@dataclass(frozen=True, slots=True)
class IndicatorIdea:
    """An indicator; ``sdg`` is the SDG indicator it reports on."""

    kind: Kind
    title: Texts
    sdg: str = ""
    people: bool = False


def texts(text: str) -> Texts:
    """Read the same text in English, French and Spanish, parted by ``|``."""
    return dict(zip(("en", "fr", "es"), text.split("|"), strict=False))


def people(text: str, sdg: str = "") -> IndicatorIdea:
    """Return an indicator that counts people, who may be told apart by sex."""
    return IndicatorIdea("count", texts(text), sdg, people=True)


def idea(kind: Kind, text: str, sdg: str = "") -> IndicatorIdea:
    """Return an indicator of a kind, its title in three languages."""
    return IndicatorIdea(kind, texts(text), sdg)


SHARED_INDICATORS = (
    people(
        "Representatives of constituents trained|Représentants des mandants formés|Representantes de los mandantes formados"
    ),
    idea(
        "share",
        "Participants who apply what they learned (%)|Participants qui appliquent leurs acquis (%)|Participantes que aplican lo aprendido (%)",
    ),
    idea(
        "words",
        "Changes in law and policy|Changements de la loi et des politiques|Cambios en leyes y políticas",
    ),
    idea("count", "Tools and guides in use|Outils et guides utilisés|Herramientas y guías en uso"),
)

RESULT_TITLES = {
    "1": (
        texts(
            "Constituents have the knowledge and the tools to act|Les mandants disposent des connaissances et des outils|Los mandantes tienen los conocimientos y las herramientas"
        ),
        texts(
            "Services reach those who were left out|Les services atteignent les exclus|Los servicios llegan a los excluidos"
        ),
        texts(
            "Evidence is available to those who decide|Les données sont à la disposition des décideurs|La evidencia está al alcance de quienes deciden"
        ),
    ),
    "2": (
        texts(
            "Institutions apply better policies|Les institutions appliquent de meilleures politiques|Las instituciones aplican mejores políticas"
        ),
        texts(
            "Women and men work in better conditions|Femmes et hommes travaillent dans de meilleures conditions|Mujeres y hombres trabajan en mejores condiciones"
        ),
    ),
    "3": (
        texts(
            "Decent work is within reach of all|Le travail décent est à la portée de tous|El trabajo decente está al alcance de todos"
        ),
    ),
    "9": (texts("The programme is run well|Le programme est bien géré|El programa se gestiona bien"),),
}
