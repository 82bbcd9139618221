"""What the sample projects are about: decent-work themes, with their classifications and indicators."""

from dataclasses import dataclass

from deploy.local.sample.ideas import IndicatorIdea, idea, people
from deploy.local.sample.markup import Texts


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: DAC sectors, SDG targets, and the organisation's own outcome."""

    title: Texts
    purpose: str
    sectors: tuple[str, ...]
    targets: tuple[str, ...]
    outcome: tuple[str, str]
    indicators: tuple[IndicatorIdea, ...]
    humanitarian: bool = False


def _titles(text: str) -> Texts:
    return dict(zip(("en", "fr", "es", "pt", "ar"), text.split("|"), strict=True))


OUTCOME_1 = ("1", "Strong tripartite constituents and inclusive social dialogue")
OUTCOME_2 = ("2", "International labour standards and their supervision")
OUTCOME_3 = ("3", "Full and productive employment for just transitions")
OUTCOME_4 = ("4", "Sustainable enterprises for inclusive growth and decent work")
OUTCOME_5 = ("5", "Gender equality and equality of treatment")
OUTCOME_6 = ("6", "Protection at work for all")
OUTCOME_7 = ("7", "Universal social protection")

THEMES = (
    Theme(
        _titles(
            "Decent jobs for young people|Des emplois décents pour les jeunes|Empleo decente para jóvenes"
            "|Emprego digno para jovens|عمل لائق للشباب"
        ),
        "young women and men find productive work through better employment policies and services",
        ("16020", "11330"),
        ("8.5", "8.6"),
        OUTCOME_3,
        (
            people(
                "Young people placed in jobs|Jeunes placés en emploi|Jóvenes colocados en un empleo", "8.6.1"
            ),
            people(
                "Young people counselled by employment services|Jeunes conseillés par les services de l'emploi|Jóvenes orientados por los servicios de empleo"
            ),
            idea(
                "falling",
                "Young people not in employment, education or training (%)|Jeunes ni en emploi, ni en études, ni en formation (%)|Jóvenes que no estudian ni trabajan (%)",
                "8.6.1",
            ),
            idea(
                "scale",
                "Stage of the national youth employment strategy (1 to 4)|Étape de la stratégie nationale (1 à 4)|Etapa de la estrategia nacional (1 a 4)",
                "8.b.1",
            ),
        ),
    ),
    Theme(
        _titles(
            "Supply chains free of child labour|Chaînes d'approvisionnement sans travail des enfants"
            "|Cadenas de suministro sin trabajo infantil|Cadeias produtivas sem trabalho infantil|سلاسل توريد خالية من عمل الأطفال"
        ),
        "children at risk are withdrawn from work and families, inspectors and companies prevent its return",
        ("16070", "11220"),
        ("8.7",),
        OUTCOME_2,
        (
            people(
                "Children withdrawn from or kept out of child labour|Enfants retirés du travail ou préservés|Niños retirados del trabajo o protegidos",
                "8.7.1",
            ),
            idea(
                "falling",
                "Children aged 5-17 in hazardous work (%)|Enfants de 5 à 17 ans dans des travaux dangereux (%)|Niños de 5 a 17 años en trabajos peligrosos (%)",
                "8.7.1",
            ),
            idea(
                "count",
                "Community monitoring committees at work|Comités de suivi en activité|Comités comunitarios en funcionamiento",
            ),
            idea(
                "words",
                "How national action plans changed|Évolution des plans d'action nationaux|Cómo cambiaron los planes nacionales",
            ),
        ),
    ),
    Theme(
        _titles(
            "Social protection for all|Une protection sociale pour tous|Protección social para todos"
            "|Proteção social para todos|الحماية الاجتماعية للجميع"
        ),
        "national schemes reach workers who were left out and are financed in a sustainable way",
        ("16010", "16012"),
        ("1.3",),
        OUTCOME_7,
        (
            people(
                "People newly covered by a scheme|Personnes nouvellement couvertes|Personas recién cubiertas",
                "1.3.1",
            ),
            idea(
                "share",
                "Population covered by at least one benefit (%)|Population couverte par une prestation au moins (%)|Población cubierta por al menos una prestación (%)",
                "1.3.1",
            ),
            idea(
                "falling",
                "Claims paid later than 30 days (%)|Prestations versées après 30 jours (%)|Prestaciones pagadas después de 30 días (%)",
            ),
            idea(
                "scale",
                "Stage of the social protection strategy (1 to 4)|Étape de la stratégie de protection sociale (1 à 4)|Etapa de la estrategia de protección social (1 a 4)",
            ),
        ),
    ),
    Theme(
        _titles(
            "Stronger social dialogue|Renforcer le dialogue social|Un diálogo social más fuerte"
            "|Diálogo social mais forte|تعزيز الحوار الاجتماعي"
        ),
        "governments, employers and workers settle questions of work together, in law and in practice",
        ("16080",),
        ("8.8", "16.7"),
        OUTCOME_1,
        (
            idea(
                "count",
                "Collective agreements signed|Conventions collectives signées|Convenios colectivos firmados",
                "8.8.2",
            ),
            people(
                "Workers covered by new agreements|Travailleurs couverts par les nouvelles conventions|Trabajadores cubiertos por nuevos convenios"
            ),
            idea(
                "words",
                "What tripartite councils decided|Décisions des conseils tripartites|Qué decidieron los consejos tripartitos",
            ),
            idea(
                "falling",
                "Disputes that end in a stoppage (%)|Conflits menant à un arrêt de travail (%)|Conflictos que terminan en paro (%)",
            ),
        ),
    ),
    Theme(
        _titles(
            "Safety and health at work|Sécurité et santé au travail|Seguridad y salud en el trabajo"
            "|Segurança e saúde no trabalho|السلامة والصحة في العمل"
        ),
        "workplaces prevent injuries and disease, and labour inspection reaches the riskiest of them",
        ("16070", "25040"),
        ("8.8",),
        OUTCOME_6,
        (
            idea(
                "count",
                "Workplaces with a safety committee|Entreprises dotées d'un comité de sécurité|Empresas con comité de seguridad",
            ),
            idea(
                "falling",
                "Injuries per 100 workplaces inspected|Accidents pour 100 lieux de travail inspectés|Accidentes por 100 centros inspeccionados",
                "8.8.1",
            ),
            people(
                "Inspectors and committee members trained|Inspecteurs et membres de comités formés|Inspectores y miembros de comités formados"
            ),
            idea(
                "kept",
                "Fatal accidents in partner factories|Accidents mortels dans les usines partenaires|Accidentes mortales en fábricas asociadas",
                "8.8.1",
            ),
        ),
    ),
    Theme(
        _titles(
            "Fair labour migration|Des migrations de main-d'œuvre équitables|Migración laboral justa"
            "|Migração laboral justa|هجرة عادلة لليد العاملة"
        ),
        "migrant workers are recruited fairly, know their rights and return with skills that count",
        ("15190", "16070"),
        ("8.8", "10.7"),
        OUTCOME_6,
        (
            people(
                "Migrant workers who received advice|Travailleurs migrants conseillés|Trabajadores migrantes asesorados"
            ),
            idea(
                "falling",
                "Recruitment cost as a share of yearly earnings (%)|Coût du recrutement rapporté au revenu annuel (%)|Costo de contratación sobre el ingreso anual (%)",
                "10.7.1",
            ),
            idea(
                "count",
                "Recruitment agencies under the code of conduct|Agences ayant adopté le code de conduite|Agencias con código de conducta",
            ),
            idea(
                "words",
                "Bilateral agreements revised|Accords bilatéraux révisés|Acuerdos bilaterales revisados",
            ),
        ),
    ),
    Theme(
        _titles(
            "Skills for a changing world of work|Des compétences pour un monde du travail en mutation"
            "|Competencias para un trabajo que cambia|Competências para um trabalho em mudança|مهارات لعالم عمل متغير"
        ),
        "training follows what employers need, and apprenticeships and recognition open it to those without papers",
        ("11330",),
        ("4.4", "8.6"),
        OUTCOME_3,
        (
            people("Trainees certified|Stagiaires certifiés|Personas certificadas", "4.3.1"),
            idea(
                "share",
                "Graduates employed after six months (%)|Diplômés en emploi après six mois (%)|Egresados empleados a los seis meses (%)",
            ),
            idea(
                "count",
                "Curricula revised with employers|Programmes révisés avec les employeurs|Programas revisados con empleadores",
            ),
            idea(
                "scale",
                "Stage of the sector skills councils (1 to 4)|Étape des conseils sectoriels (1 à 4)|Etapa de los consejos sectoriales (1 a 4)",
            ),
        ),
    ),
    Theme(
        _titles(
            "Productive small enterprises|Des petites entreprises productives|Pequeñas empresas productivas"
            "|Pequenas empresas produtivas|منشآت صغيرة منتجة"
        ),
        "small enterprises grow, pay better and leave informality through services, finance and cooperation",
        ("25030", "32130", "24040"),
        ("8.3",),
        OUTCOME_4,
        (
            idea(
                "count",
                "Enterprises started or improved|Entreprises créées ou améliorées|Empresas creadas o mejoradas",
                "8.3.1",
            ),
            people(
                "Jobs created in partner enterprises|Emplois créés dans les entreprises partenaires|Empleos creados en empresas asociadas"
            ),
            idea(
                "share",
                "Partner enterprises that are registered (%)|Entreprises partenaires enregistrées (%)|Empresas asociadas registradas (%)",
                "8.3.1",
            ),
            idea(
                "falling",
                "Days needed to register an enterprise|Jours nécessaires pour enregistrer une entreprise|Días para registrar una empresa",
            ),
        ),
    ),
    Theme(
        _titles(
            "Equality and freedom from violence at work|Égalité et travail sans violence"
            "|Igualdad y trabajo sin violencia|Igualdade e trabalho sem violência|المساواة وعمل خالٍ من العنف"
        ),
        "women reach better jobs and equal pay, and laws and workplaces end violence and harassment",
        ("15170", "15180", "16070"),
        ("5.5", "8.5"),
        OUTCOME_5,
        (
            people(
                "Workers reached by campaigns on harassment|Travailleurs touchés par les campagnes|Trabajadores alcanzados por las campañas"
            ),
            idea(
                "falling",
                "Gender pay gap in partner companies (%)|Écart salarial dans les entreprises partenaires (%)|Brecha salarial en empresas asociadas (%)",
                "8.5.1",
            ),
            idea(
                "share",
                "Women among supervisors (%)|Femmes parmi les cadres (%)|Mujeres en puestos de supervisión (%)",
                "5.5.2",
            ),
            idea(
                "words", "Steps towards ratification|Étapes vers la ratification|Pasos hacia la ratificación"
            ),
        ),
    ),
    Theme(
        _titles(
            "A just transition to green jobs|Une transition juste vers des emplois verts"
            "|Transición justa hacia empleos verdes|Transição justa para empregos verdes|انتقال عادل نحو وظائف خضراء"
        ),
        "climate plans create good jobs and nobody who loses one is left behind",
        ("16020", "41010"),
        ("13.2", "8.4"),
        OUTCOME_3,
        (
            people(
                "People employed in green works|Personnes employées dans les travaux verts|Personas empleadas en obras verdes"
            ),
            idea(
                "count",
                "Hectares restored by public works|Hectares restaurés par les travaux publics|Hectáreas restauradas por obras públicas",
            ),
            idea(
                "scale",
                "Stage of the just transition plan (1 to 4)|Étape du plan de transition juste (1 à 4)|Etapa del plan de transición justa (1 a 4)",
                "13.2.1",
            ),
            idea(
                "share",
                "Green works with a safety plan (%)|Travaux verts dotés d'un plan de sécurité (%)|Obras verdes con plan de seguridad (%)",
            ),
        ),
    ),
    Theme(
        _titles(
            "Labour statistics that count everyone|Des statistiques du travail pour tous"
            "|Estadísticas laborales que cuentan a todos|Estatísticas do trabalho para todos|إحصاءات عمل تشمل الجميع"
        ),
        "surveys follow international standards, come out on time and are used in decisions",
        ("16062",),
        ("17.18", "8.5"),
        OUTCOME_1,
        (
            idea("count", "Survey rounds published|Enquêtes publiées|Rondas de encuesta publicadas"),
            idea(
                "falling",
                "Months from field work to publication|Mois entre la collecte et la publication|Meses entre el campo y la publicación",
            ),
            people("Statisticians trained|Statisticiens formés|Estadísticos formados"),
            idea(
                "share",
                "SDG 8 indicators with data of the last two years (%)|Indicateurs de l'ODD 8 avec données récentes (%)|Indicadores del ODS 8 con datos recientes (%)",
                "17.18.1",
            ),
        ),
    ),
    Theme(
        _titles(
            "Work for refugees and host communities|Du travail pour les réfugiés et les communautés d'accueil"
            "|Trabajo para refugiados y comunidades de acogida|Trabalho para refugiados e comunidades|عمل للاجئين والمجتمعات المضيفة"
        ),
        "displaced people and their neighbours earn a living in employment-intensive works and fair markets",
        ("16020", "73010"),
        ("8.5", "10.7"),
        OUTCOME_3,
        (
            people(
                "Days of work created (thousands)|Milliers de journées de travail créées|Miles de jornadas de trabajo creadas"
            ),
            people(
                "Refugees with a work permit|Réfugiés munis d'un permis de travail|Refugiados con permiso de trabajo"
            ),
            idea(
                "share",
                "Workers insured against accidents (%)|Travailleurs assurés contre les accidents (%)|Trabajadores asegurados contra accidentes (%)",
            ),
            idea(
                "words",
                "How access to markets changed|Évolution de l'accès aux marchés|Cómo cambió el acceso a los mercados",
            ),
        ),
        humanitarian=True,
    ),
)
