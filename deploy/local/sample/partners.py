"""The organisation whose portfolio it is, and its partners. What they give and do here is invented."""

from dataclasses import dataclass

from deploy.local.sample.markup import Texts


@dataclass(frozen=True, slots=True)
class Partner:
    """An organisation; donors give in ``currency``, of which ``per_dollar`` thousandths are about a dollar."""

    ref: str
    type: str
    names: Texts
    currency: str = "USD"
    per_dollar: int = 1000

    @property
    def name(self) -> str:
        """The first of its names."""
        return next(iter(self.names.values()))


REPORTING = Partner(
    "XM-DAC-41302",
    "40",
    {
        "en": "International Labour Organization (sample portfolio)",
        "fr": "Organisation internationale du Travail (portefeuille d'exemple)",
        "es": "Organización Internacional del Trabajo (cartera de muestra)",
    },
)

DONORS = (
    Partner("US-GOV-16", "10", {"en": "United States Department of Labor"}),
    Partner("XI-IATI-EC_INTPA", "15", {"en": "European Commission - International Partnerships"}, "EUR", 920),
    Partner(
        "CH-4",
        "10",
        {
            "en": "Swiss Agency for Development and Cooperation",
            "fr": "Direction suisse du développement et de la coopération",
        },
        "CHF",
        890,
    ),
    Partner("XM-DAC-8", "10", {"en": "Norway"}, "NOK", 10_600),
    Partner("SE-0", "10", {"en": "Sweden, through Sida"}, "SEK", 10_400),
    Partner("XM-DAC-7", "10", {"en": "Netherlands Ministry of Foreign Affairs"}, "EUR", 920),
    Partner("XM-DAC-701", "10", {"en": "Government of Japan"}, "JPY", 148_000),
    Partner("XM-DAC-5-2", "10", {"en": "German Federal Ministry for Economic Cooperation (BMZ)"}, "EUR", 920),
    Partner("CA-3", "10", {"en": "Global Affairs Canada", "fr": "Affaires mondiales Canada"}, "CAD", 1_360),
    Partner("GB-GOV-1", "10", {"en": "UK Foreign, Commonwealth & Development Office"}, "GBP", 790),
    Partner("XM-DAC-742", "10", {"en": "Republic of Korea"}, "KRW", 1_330_000),
    Partner("XM-DAC-SAMPLE-60", "60", {"en": "Foundation for Fair Supply Chains (invented)"}),
)

IMPLEMENTERS = (
    Partner(
        "", "10", {"en": "Ministry of Labour", "fr": "Ministère du Travail", "es": "Ministerio de Trabajo"}
    ),
    Partner("", "15", {"en": "National Statistical Office", "fr": "Institut national de la statistique"}),
    Partner(
        "",
        "22",
        {"en": "Federation of Trade Unions", "fr": "Fédération des syndicats", "es": "Central sindical"},
    ),
    Partner(
        "",
        "70",
        {"en": "Employers' Federation", "fr": "Organisation des employeurs", "es": "Cámara patronal"},
    ),
    Partner("", "22", {"en": "Rural Cooperatives Union", "fr": "Union des coopératives rurales"}),
    Partner("", "80", {"en": "Polytechnic Training Institute", "fr": "Institut polytechnique de formation"}),
    Partner("", "30", {"en": "Public-Private Partnership for Skills"}),
)

LOCAL_CURRENCIES = {
    "SN": ("XOF", 603_000),
    "CI": ("XOF", 603_000),
    "ML": ("XOF", 603_000),
    "BF": ("XOF", 603_000),
    "KE": ("KES", 129_000),
    "BD": ("BDT", 118_000),
    "JO": ("JOD", 709),
    "CO": ("COP", 4_100_000),
    "ZA": ("ZAR", 18_300),
}
"""What some offices spend beside dollars, with thousandths to a dollar."""
