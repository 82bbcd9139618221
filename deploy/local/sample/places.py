"""Forty recipient countries with their cities, and the regions they lie in (DAC codes)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A place with "latitude longitude"."""

    name: str
    position: str


@dataclass(frozen=True, slots=True)
class Country:
    """A recipient country, its name by language, its second working language, and its region."""

    code: str
    names: dict[str, str]
    language: str
    region: str
    cities: tuple[City, ...]


def _country(code: str, region: str, names: str, *cities: str) -> Country:
    """Read names written as ``en=Kenya|fr=...`` (the last is the working language) and cities as ``Name lat lon``."""
    by_language = dict(part.split("=", 1) for part in names.split("|"))
    places = []
    for city in cities:
        name, latitude, longitude = city.rsplit(" ", 2)
        places.append(City(name, f"{latitude} {longitude}"))
    return Country(code, by_language, list(by_language)[-1], region, tuple(places))


COUNTRIES = (
    _country("KE", "1027", "en=Kenya", "Nairobi -1.29 36.82", "Mombasa -4.04 39.67"),
    _country("UG", "1027", "en=Uganda", "Kampala 0.35 32.58", "Gulu 2.77 32.30"),
    _country("TZ", "1027", "en=Tanzania", "Dar es Salaam -6.79 39.21", "Dodoma -6.16 35.75"),
    _country("ET", "1027", "en=Ethiopia", "Addis Ababa 9.03 38.74", "Hawassa 7.05 38.48"),
    _country("RW", "1027", "en=Rwanda|fr=Rwanda", "Kigali -1.95 30.06"),
    _country(
        "MG", "1027", "en=Madagascar|fr=Madagascar", "Antananarivo -18.88 47.51", "Toamasina -18.15 49.40"
    ),
    _country("MZ", "1027", "en=Mozambique|pt=Moçambique", "Maputo -25.97 32.57", "Beira -19.83 34.84"),
    _country("ZM", "1027", "en=Zambia", "Lusaka -15.42 28.28", "Ndola -12.97 28.64"),
    _country("MW", "1027", "en=Malawi", "Lilongwe -13.96 33.77", "Blantyre -15.79 35.01"),
    _country("CD", "1028", "en=Congo (DR)|fr=Congo (RD)", "Kinshasa -4.44 15.27", "Kolwezi -10.71 25.47"),
    _country("CM", "1028", "en=Cameroon|fr=Cameroun", "Yaoundé 3.85 11.50", "Douala 4.05 9.77"),
    _country("AO", "1028", "en=Angola|pt=Angola", "Luanda -8.84 13.23"),
    _country("ZA", "1029", "en=South Africa", "Pretoria -25.75 28.19", "Durban -29.86 31.02"),
    _country("LS", "1029", "en=Lesotho", "Maseru -29.32 27.48"),
    _country("SN", "1030", "en=Senegal|fr=Sénégal", "Dakar 14.69 -17.45", "Ziguinchor 12.56 -16.27"),
    _country("CI", "1030", "en=Côte d'Ivoire|fr=Côte d'Ivoire", "Abidjan 5.36 -4.01", "Bouaké 7.69 -5.03"),
    _country("ML", "1030", "en=Mali|fr=Mali", "Bamako 12.64 -8.00", "Sikasso 11.32 -5.67"),
    _country("BF", "1030", "en=Burkina Faso|fr=Burkina Faso", "Ouagadougou 12.37 -1.52"),
    _country("GH", "1030", "en=Ghana", "Accra 5.60 -0.19", "Kumasi 6.69 -1.62"),
    _country("NG", "1030", "en=Nigeria", "Abuja 9.08 7.40", "Lagos 6.52 3.38"),
    _country("EG", "189", "en=Egypt|ar=مصر", "Cairo 30.04 31.24", "Port Said 31.26 32.30"),
    _country("TN", "189", "en=Tunisia|ar=تونس|fr=Tunisie", "Tunis 36.81 10.18", "Sfax 34.74 10.76"),
    _country("MA", "189", "en=Morocco|ar=المغرب|fr=Maroc", "Rabat 34.02 -6.84", "Casablanca 33.57 -7.59"),
    _country("JO", "589", "en=Jordan|ar=الأردن", "Amman 31.95 35.93", "Irbid 32.56 35.85"),
    _country("LB", "589", "en=Lebanon|ar=لبنان", "Beirut 33.89 35.50", "Tripoli 34.44 35.85"),
    _country("IQ", "589", "en=Iraq|ar=العراق", "Baghdad 33.31 44.37", "Erbil 36.19 44.01"),
    _country("BD", "679", "en=Bangladesh", "Dhaka 23.81 90.41", "Cox's Bazar 21.43 92.01"),
    _country("NP", "679", "en=Nepal", "Kathmandu 27.72 85.32", "Pokhara 28.21 83.99"),
    _country("PK", "679", "en=Pakistan", "Islamabad 33.68 73.05", "Sialkot 32.49 74.53"),
    _country("LK", "679", "en=Sri Lanka", "Colombo 6.93 79.86", "Jaffna 9.66 80.01"),
    _country("VN", "789", "en=Viet Nam", "Ha Noi 21.03 105.85", "Da Nang 16.05 108.20"),
    _country("KH", "789", "en=Cambodia", "Phnom Penh 11.56 104.92", "Battambang 13.10 103.20"),
    _country("ID", "789", "en=Indonesia", "Jakarta -6.21 106.85", "Surabaya -7.26 112.75"),
    _country("PH", "789", "en=Philippines", "Manila 14.60 120.98", "Davao 7.19 125.46"),
    _country("FJ", "1033", "en=Fiji", "Suva -18.14 178.44"),
    _country("CO", "489", "en=Colombia|es=Colombia", "Bogotá 4.71 -74.07", "Cali 3.45 -76.53"),
    _country("PE", "489", "en=Peru|es=Perú", "Lima -12.05 -77.04", "Arequipa -16.41 -71.54"),
    _country("BR", "489", "en=Brazil|pt=Brasil", "Brasília -15.79 -47.88", "Salvador -12.97 -38.50"),
    _country(
        "GT",
        "1032",
        "en=Guatemala|es=Guatemala",
        "Ciudad de Guatemala 14.63 -90.51",
        "Quetzaltenango 14.85 -91.52",
    ),
    _country(
        "HN", "1032", "en=Honduras|es=Honduras", "Tegucigalpa 14.07 -87.19", "San Pedro Sula 15.50 -88.03"
    ),
)

REGIONS = {
    "1027": "Eastern Africa",
    "1028": "Middle Africa",
    "1029": "Southern Africa",
    "1030": "Western Africa",
    "189": "North of Sahara",
    "589": "Middle East",
    "679": "South Asia",
    "789": "Far East Asia",
    "1033": "Melanesia",
    "489": "South America",
    "1032": "Central America",
}
