"""South-South and triangular cooperation: who takes which part, and what makes it that.

Source: IATI code list CollaborationType, 8 ("bilateral, triangular co-operation": activities that contain a South-South
element; joint programming alone does not qualify). There is no code for purely South-South cooperation.
"""

from collections.abc import Iterator
from typing import Final

from shared.contracts.funding.v1 import Agreement, PartnerRole

TRIANGULAR: Final = "8"
"""The CollaborationType of triangular cooperation."""
ROLES: tuple[PartnerRole, ...] = ("provider", "pivot", "beneficiary")

_LISTED = """
AF AO BD BJ BF BI KH CF TD KM CD DJ ER ET GM GN GW HT KI LA LS LR MG MW ML MR MZ MM NP NE RW ST SN SL SB SO SS SD TZ TL TG
TV UG YE ZM
DZ BT BO CV CM CG CI KP EG SZ GH HN IN IR JO KE KG LB FM MN MA NI NG PK PG PH WS LK SY TJ TN UA UZ VU VN PS ZW
AL AR AM AZ BY BZ BA BW BR CN CO CR CU DM DO EC SV GQ FJ GA GE GD GT GY ID IQ JM KZ XK LY MY MV MH MU MX MD ME MS NA NR NU
MK PA PW PY PE SH LC VC RS ZA SR TH TK TO TR TM VE WF
"""
ODA_RECIPIENTS = frozenset(_LISTED.split())
"""Countries and territories that may receive official development assistance, by ISO 3166-1 alpha-2.

Source: OECD DAC List of ODA Recipients, effective for reporting on 2024 and 2025 flows: least developed, low and lower
middle income, upper middle income; XK is Kosovo. The list changes every few years, and South-South says nothing new then.
"""


def faults_of_roles(agreement: Agreement) -> Iterator[tuple[str, str, str]]:
    """Yield what keeps an agreement from being the cooperation that it is called (IATI CollaborationType 8).

    What is triangular has a provider, a pivot and a beneficiary of three different countries, and a South-South element:
    the beneficiary and at least one of the other two may receive official development assistance. What is South-South has
    a provider and a beneficiary of different countries, both of the South, and no code of its own: where it claims 8 it is
    triangular.
    """
    if agreement.kind == "triangular" or agreement.collaboration_type == TRIANGULAR:
        if agreement.kind == "triangular" and agreement.collaboration_type not in (None, TRIANGULAR):
            detail = f"Triangular cooperation has the CollaborationType {TRIANGULAR}."
            yield "/collaboration_type", "collaboration-type-differs", detail
        yield from _faults(agreement, ROLES)
    elif agreement.kind == "south-south":
        yield from _faults(agreement, ("provider", "beneficiary"))


def _faults(agreement: Agreement, roles: tuple[PartnerRole, ...]) -> Iterator[tuple[str, str, str]]:
    countries = {
        role: {each.country for each in agreement.partners if each.role == role and each.country}
        for role in roles
    }
    missing = [role for role in roles if not countries[role]]
    if missing:
        detail = f"No partner with a country is {' or '.join(missing)}."
        yield "/partners", "cooperation-role-missing", detail
        return
    if not _differ([countries[role] for role in roles]):
        detail = f"The {', '.join(roles)} are not of different countries."
        yield "/partners", "cooperation-countries-not-different", detail
    givers = set().union(*(countries[role] for role in roles if role != "beneficiary"))
    if not (countries["beneficiary"] <= ODA_RECIPIENTS and givers & ODA_RECIPIENTS):
        detail = "There is no South-South element: the beneficiary and a provider or pivot have to be of the South."
        yield "/partners", "south-south-element-missing", detail


def _differ(sets: list[set[str]]) -> bool:
    """Tell whether no country is in two of the sets."""
    return sum(map(len, sets)) == len(set().union(*sets))
