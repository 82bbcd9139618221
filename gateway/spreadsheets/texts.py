"""The words of a template, by language."""

from dataclasses import dataclass

LANGUAGES = ("en", "fr", "es")


@dataclass(frozen=True, slots=True)
class Texts:
    """Headings, units, types and how to fill in, in one language."""

    actuals: tuple[str, ...]
    expenditures: tuple[str, ...]
    outcome: str
    outcomes: dict[str, str]
    units: dict[str, str]
    types: dict[str, str]
    about: dict[str, str]
    how: tuple[str, ...]
    choose: str
    number: str
    day: str


_EN = Texts(
    actuals=(
        *("Result", "Indicator", "Period", "Disaggregation", "Unit", "Baseline", "Target"),
        *("Value", "Numerator", "Denominator", "Comment", "Reference"),
    ),
    expenditures=(
        *("No.", "Date", "Type", "Amount", "Currency", "Description"),
        *("Provider", "Receiver", "Reference"),
    ),
    outcome="Outcome",
    outcomes={
        "recorded": "recorded",
        "unchanged": "unchanged",
        "refused": "refused",
        "conflict": "conflict",
    },
    units={"1": "number", "2": "percentage", "3": "nominal", "4": "ordinal", "5": "in words"},
    types={"3": "Disbursement", "4": "Expenditure"},
    about={"title": "Project", "identifier": "IATI identifier", "made": "Made at", "language": "Language"},
    how=(
        "Fill in the yellow cells of the sheets Actuals and Expenditures. All other cells are locked.",
        "Type values; formulas are not taken. Leave empty what is not known: zero is a value.",
        "A number of more than 15 digits is typed as text, with an apostrophe before it.",
        "A percentage is told by numerator and denominator, an indicator in words by comment.",
        "The reference of an actual is the web address of its evidence; that of an expenditure is your voucher.",
        "A provider or receiver is a name, or one of the list with its identifier in brackets.",
        "Send the file as often as you like: what was recorded is not recorded twice.",
        "A row that was recorded is corrected by changing its cells and sending the file again.",
    ),
    choose="Choose one of the list.",
    number="A number is expected.",
    day="A day that is over is expected, such as 2026-03-31.",
)
_FR = Texts(
    actuals=(
        *("Résultat", "Indicateur", "Période", "Ventilation", "Unité", "Base", "Cible"),
        *("Valeur", "Numérateur", "Dénominateur", "Commentaire", "Référence"),
    ),
    expenditures=(
        *("N°", "Date", "Type", "Montant", "Monnaie", "Description"),
        *("Fournisseur", "Bénéficiaire", "Référence"),
    ),
    outcome="Issue",
    outcomes={
        "recorded": "enregistré",
        "unchanged": "inchangé",
        "refused": "refusé",
        "conflict": "conflit",
    },
    units={"1": "nombre", "2": "pourcentage", "3": "nominal", "4": "ordinal", "5": "en mots"},
    types={"3": "Décaissement", "4": "Dépense"},
    about={"title": "Projet", "identifier": "Identifiant IITA", "made": "Établi le", "language": "Langue"},
    how=(
        "Remplissez les cellules jaunes des feuilles Actuals et Expenditures. Les autres sont verrouillées.",
        "Saisissez des valeurs ; les formules sont refusées. Laissez vide ce qui est inconnu : zéro est une valeur.",
        "Un nombre de plus de 15 chiffres se saisit comme texte, précédé d'une apostrophe.",
        "Un pourcentage se donne par numérateur et dénominateur, un indicateur en mots par commentaire.",
        "La référence d'une valeur est l'adresse web de sa preuve ; celle d'une dépense est votre pièce comptable.",
        "Un fournisseur ou bénéficiaire est un nom, ou l'un de la liste avec son identifiant entre crochets.",
        "Envoyez le fichier aussi souvent que vous voulez : rien n'est enregistré deux fois.",
        "Une ligne enregistrée se corrige en changeant ses cellules et en renvoyant le fichier.",
    ),
    choose="Choisissez dans la liste.",
    number="Un nombre est attendu.",
    day="Un jour passé est attendu, par exemple 2026-03-31.",
)
_ES = Texts(
    actuals=(
        *("Resultado", "Indicador", "Período", "Desglose", "Unidad", "Línea de base", "Meta"),
        *("Valor", "Numerador", "Denominador", "Comentario", "Referencia"),
    ),
    expenditures=(
        *("N.º", "Fecha", "Tipo", "Importe", "Moneda", "Descripción"),
        *("Proveedor", "Receptor", "Referencia"),
    ),
    outcome="Estado",
    outcomes={
        "recorded": "registrado",
        "unchanged": "sin cambios",
        "refused": "rechazado",
        "conflict": "conflicto",
    },
    units={"1": "número", "2": "porcentaje", "3": "nominal", "4": "ordinal", "5": "en palabras"},
    types={"3": "Desembolso", "4": "Gasto"},
    about={
        "title": "Proyecto",
        "identifier": "Identificador IATI",
        "made": "Creado el",
        "language": "Idioma",
    },
    how=(
        "Rellene las celdas amarillas de las hojas Actuals y Expenditures. Las demás están bloqueadas.",
        "Escriba valores; no se aceptan fórmulas. Deje vacío lo que no se sabe: cero es un valor.",
        "Un número de más de 15 cifras se escribe como texto, con un apóstrofo delante.",
        "Un porcentaje se da por numerador y denominador, un indicador en palabras por comentario.",
        "La referencia de un valor es la dirección web de su prueba; la de un gasto es su comprobante.",
        "Un proveedor o receptor es un nombre, o uno de la lista con su identificador entre corchetes.",
        "Envíe el archivo cuantas veces quiera: lo registrado no se registra dos veces.",
        "Una fila registrada se corrige cambiando sus celdas y enviando de nuevo el archivo.",
    ),
    choose="Elija de la lista.",
    number="Se espera un número.",
    day="Se espera un día pasado, como 2026-03-31.",
)

TEXTS = {"en": _EN, "fr": _FR, "es": _ES}
