"""What the sample's programming frameworks say, in English, French and Spanish parted by bars."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

BIENNIUMS = ("2024-25", "2026-27")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of the programme and budget; indicators with the countries that each adds in a biennium."""

    code: str
    titles: str
    objective: str | None
    indicators: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class CountryOutcomeIdea:
    """A country programme outcome, what it belongs to, and the SDG targets it serves."""

    titles: str
    priority: str
    outcome: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agenda:
    """A development agenda; the code of a target begins with that of its goal."""

    code: str
    titles: str
    valid_from: date
    valid_to: date
    goals: dict[str, str]
    targets: dict[str, str]


OBJECTIVES = {
    "RIGHTS": "Standards and rights at work|Normes et droits au travail|Normas y derechos en el trabajo",
    "EMPLOYMENT": "Employment|Emploi|Empleo",
    "PROTECTION": "Social protection|Protection sociale|Protección social",
    "DIALOGUE": "Social dialogue and tripartism|Dialogue social et tripartisme|Diálogo social y tripartismo",
}

OUTCOMES = (
    Outcome(
        "1",
        "Strong tripartite constituents and inclusive social dialogue|Des mandants tripartites forts et un dialogue social ouvert|Mandantes tripartitos fuertes y diálogo social inclusivo",
        "DIALOGUE",
        (
            (
                "Countries whose employers' and workers' organisations offer new services|Pays dont les organisations offrent de nouveaux services|Países cuyas organizaciones ofrecen nuevos servicios",
                24,
            ),
            (
                "Countries with a stronger social dialogue institution|Pays dotés d'une institution de dialogue renforcée|Países con una institución de diálogo reforzada",
                18,
            ),
        ),
    ),
    Outcome(
        "2",
        "International labour standards and their supervision|Les normes internationales du travail et leur contrôle|Normas internacionales del trabajo y su control",
        "RIGHTS",
        (
            ("Ratifications of Conventions|Ratifications de conventions|Ratificaciones de convenios", 30),
            (
                "Countries that act on child and forced labour|Pays qui agissent contre le travail des enfants et le travail forcé|Países que actúan contra el trabajo infantil y forzoso",
                22,
            ),
        ),
    ),
    Outcome(
        "3",
        "Full and productive employment for just transitions|Le plein emploi productif pour des transitions justes|Empleo pleno y productivo para transiciones justas",
        "EMPLOYMENT",
        (
            (
                "Countries with a new employment policy|Pays dotés d'une nouvelle politique de l'emploi|Países con una nueva política de empleo",
                20,
            ),
            (
                "Countries with better youth employment programmes|Pays dotés de meilleurs programmes pour les jeunes|Países con mejores programas para jóvenes",
                16,
            ),
        ),
    ),
    Outcome(
        "4",
        "Sustainable enterprises for inclusive growth and decent work|Des entreprises durables pour une croissance inclusive|Empresas sostenibles para un crecimiento inclusivo",
        "EMPLOYMENT",
        (
            (
                "Countries with programmes for productive enterprises|Pays dotés de programmes pour les entreprises|Países con programas para empresas productivas",
                17,
            ),
        ),
    ),
    Outcome(
        "5",
        "Gender equality and equality of treatment|L'égalité des genres et de traitement|Igualdad de género y de trato",
        None,
        (
            (
                "Countries with policies on care, equal pay or violence at work|Pays dotés de politiques sur le soin, l'égalité salariale ou la violence|Países con políticas de cuidados, igualdad salarial o violencia",
                19,
            ),
        ),
    ),
    Outcome(
        "6",
        "Protection at work for all|La protection de tous au travail|Protección en el trabajo para todos",
        "PROTECTION",
        (
            (
                "Countries with better safety and health at work|Pays où la sécurité et la santé au travail progressent|Países con mejor seguridad y salud en el trabajo",
                21,
            ),
            (
                "Countries with fair migration frameworks|Pays dotés de cadres de migration équitable|Países con marcos de migración equitativa",
                13,
            ),
        ),
    ),
    Outcome(
        "7",
        "Universal social protection|La protection sociale universelle|Protección social universal",
        "PROTECTION",
        (
            (
                "Countries with extended social protection coverage|Pays dont la couverture est étendue|Países con cobertura ampliada",
                23,
            ),
            (
                "Countries with sustainably financed schemes|Pays aux régimes financés durablement|Países con regímenes de financiación sostenible",
                15,
            ),
        ),
    ),
    Outcome(
        "8",
        "Integrated policies for social justice|Des politiques intégrées pour la justice sociale|Políticas integradas para la justicia social",
        None,
        (
            (
                "Countries with a whole-of-government plan for decent work|Pays dotés d'un plan d'ensemble pour le travail décent|Países con un plan integral de trabajo decente",
                12,
            ),
        ),
    ),
)

DWCP = {
    "en": "Decent Work Country Programme for",
    "fr": "Programme par pays pour le travail décent :",
    "es": "Programa de Trabajo Decente por País:",
}

PRIORITIES = {
    "1": "More and better jobs|Des emplois plus nombreux et meilleurs|Más y mejores empleos",
    "2": "Rights and protection at work|Droits et protection au travail|Derechos y protección en el trabajo",
    "3": "Effective social dialogue|Un dialogue social efficace|Un diálogo social eficaz",
}

COUNTRY_OUTCOMES = (
    CountryOutcomeIdea(
        "Young women and men find decent jobs|Les jeunes trouvent un emploi décent|Jóvenes encuentran empleo decente",
        "1",
        "3",
        ("8.5", "8.6"),
    ),
    CountryOutcomeIdea(
        "Child labour and forced labour recede|Le travail des enfants et le travail forcé reculent|El trabajo infantil y forzoso retroceden",
        "2",
        "2",
        ("8.7",),
    ),
    CountryOutcomeIdea(
        "More people are covered by social protection|Plus de personnes sont protégées|Más personas tienen protección social",
        "2",
        "7",
        ("1.3",),
    ),
    CountryOutcomeIdea(
        "Social dialogue shapes labour policy|Le dialogue social façonne la politique du travail|El diálogo social orienta la política laboral",
        "3",
        "1",
        ("8.8", "17.9"),
    ),
    CountryOutcomeIdea(
        "Workplaces are safer and inspected|Des lieux de travail plus sûrs et contrôlés|Lugares de trabajo más seguros e inspeccionados",
        "2",
        "6",
        ("8.8",),
    ),
    CountryOutcomeIdea(
        "A national youth employment strategy is in use|Une stratégie pour l'emploi des jeunes est appliquée|Se aplica una estrategia de empleo juvenil",
        "1",
        "3",
        ("8.b",),
    ),
    CountryOutcomeIdea(
        "Know-how is exchanged with other countries of the South|Des savoirs sont échangés avec d'autres pays du Sud|Se intercambian conocimientos con países del Sur",
        "3",
        "8",
        ("17.6", "17.9"),
    ),
)

STATUSES: tuple[Literal["on-track", "achieved", "no-progress", "planned"], ...] = (
    "on-track",
    "achieved",
    "on-track",
    "no-progress",
    "planned",
)

AGENDAS = (
    Agenda(
        "MDG",
        "Millennium Development Goals|Objectifs du Millénaire pour le développement|Objetivos de Desarrollo del Milenio",
        date(2000, 9, 8),
        date(2015, 12, 31),
        {
            "1": "Extreme poverty and hunger|Extrême pauvreté et faim|Pobreza extrema y hambre",
            "3": "Gender equality|Égalité des sexes|Igualdad de género",
            "8": "Global partnership|Partenariat mondial|Alianza mundial",
        },
        {
            "1.B": "Full and productive employment and decent work|Plein emploi productif et travail décent|Empleo pleno y productivo y trabajo decente",
            "3.A": "No gender disparity in education|Pas de disparité dans l'enseignement|Sin desigualdades en la enseñanza",
            "8.F": "Benefits of new technologies|Avantages des nouvelles technologies|Beneficios de las nuevas tecnologías",
        },
    ),
    Agenda(
        "SDG",
        "Sustainable Development Goals|Objectifs de développement durable|Objetivos de Desarrollo Sostenible",
        date(2016, 1, 1),
        date(2030, 12, 31),
        {
            "1": "No poverty|Pas de pauvreté|Fin de la pobreza",
            "8": "Decent work and economic growth|Travail décent et croissance|Trabajo decente y crecimiento",
            "17": "Partnerships for the goals|Partenariats pour les objectifs|Alianzas para los objetivos",
        },
        {
            "1.3": "Social protection systems for all|Protection sociale pour tous|Protección social para todos",
            "8.5": "Full employment, decent work and equal pay|Plein emploi et égalité salariale|Pleno empleo e igualdad salarial",
            "8.6": "Youth in employment, education or training|Jeunes en emploi ou en formation|Jóvenes en empleo o formación",
            "8.7": "End of forced labour and child labour|Fin du travail forcé et du travail des enfants|Fin del trabajo forzoso e infantil",
            "8.8": "Labour rights and safe workplaces|Droits au travail et sécurité|Derechos laborales y seguridad",
            "8.b": "A strategy for youth employment|Une stratégie pour l'emploi des jeunes|Una estrategia para el empleo juvenil",
            "17.6": "South-South cooperation on science|Coopération Sud-Sud scientifique|Cooperación Sur-Sur científica",
            "17.9": "Capacity building, South-South included|Renforcement des capacités|Creación de capacidad",
        },
    ),
)

FRAGILE = {
    "BF": "fragile",
    "CD": "extreme",
    "CM": "fragile",
    "ET": "fragile",
    "HN": "fragile",
    "IQ": "fragile",
    "LB": "fragile",
    "MG": "fragile",
    "ML": "extreme",
    "MZ": "fragile",
    "NG": "fragile",
    "PK": "fragile",
    "UG": "fragile",
}

REGIONAL = ("Regional office for", "Bureau régional :", "Oficina regional:")
LARGE_REGIONS = {
    "AFRICA": ("Africa|Afrique|África", ("1027", "1028", "1029", "1030", "189")),
    "ARAB-STATES": ("Arab States|États arabes|Estados Árabes", ("589",)),
    "ASIA-PACIFIC": ("Asia and the Pacific|Asie et Pacifique|Asia y el Pacífico", ("679", "789", "1033")),
    "AMERICAS": ("Americas|Amériques|Américas", ("489", "1032")),
}
"""Names of the organisation's regions, and which of the sample's regions lie in each."""

THREE_LETTERS = {
    "KE": "KEN",
    "UG": "UGA",
    "TZ": "TZA",
    "ET": "ETH",
    "RW": "RWA",
    "MG": "MDG",
    "MZ": "MOZ",
    "ZM": "ZMB",
    "MW": "MWI",
    "CD": "COD",
    "CM": "CMR",
    "AO": "AGO",
    "ZA": "ZAF",
    "LS": "LSO",
    "SN": "SEN",
    "CI": "CIV",
    "ML": "MLI",
    "BF": "BFA",
    "GH": "GHA",
    "NG": "NGA",
    "EG": "EGY",
    "TN": "TUN",
    "MA": "MAR",
    "JO": "JOR",
    "LB": "LBN",
    "IQ": "IRQ",
    "BD": "BGD",
    "NP": "NPL",
    "PK": "PAK",
    "LK": "LKA",
    "VN": "VNM",
    "KH": "KHM",
    "ID": "IDN",
    "PH": "PHL",
    "FJ": "FJI",
    "CO": "COL",
    "PE": "PER",
    "BR": "BRA",
    "GT": "GTM",
    "HN": "HND",
}
"""Codes of ISO 3166-1 alpha-3, which the codes of country programme outcomes begin with."""
