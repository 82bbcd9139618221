"""Identifiers: how an aggregate is named on the wire and how its id is made."""

import re
import uuid
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

ACTIVITY_NAMESPACE = uuid.UUID("6b1f0c1e-6d0e-5d53-9d0a-3c6f6f1b4a10")
PARTNER_NAMESPACE = uuid.UUID("0f7c3f7a-0c57-5d0c-8f5e-7f1a54a6a8de")
RATE_SHEET_NAMESPACE = uuid.UUID("08b6bd36-8d84-5e03-b3bb-e184aeb946c3")
PROGRAMME_BUDGET_NAMESPACE = uuid.UUID("79204ad2-1a8d-599b-9b0f-6e5f71dcb855")
COUNTRY_PROGRAMME_NAMESPACE = uuid.UUID("5e6f73ff-46b0-5007-a174-44ccec4c6868")
DEVELOPMENT_AGENDA_NAMESPACE = uuid.UUID("766e24e2-1465-5a33-8cc5-4fd7d676cac9")
FRAGILITY_LIST_NAMESPACE = uuid.UUID("66fee480-f912-5939-8076-90790ff405a7")
FIELD_OFFICE_NAMESPACE = uuid.UUID("c6ca0e14-0fb4-5b4a-8f23-5ed89666973f")
PROPOSAL_NAMESPACE = uuid.UUID("5b0a2f0e-8a55-5c1e-9a53-0d8e1c6f7b21")
CRITERIA_NAMESPACE = uuid.UUID("c2f5d7a4-3e0b-5f6a-8c19-7d4b2a9e6f03")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _printable(value: str) -> str:
    if _CONTROL.search(value):
        msg = "an identifier holds no control characters"
        raise ValueError(msg)
    return value


Identifier = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=250),
    AfterValidator(_printable),
]
"""An IATI identifier of an activity or organisation, outer blanks removed."""


def activity_id(iati_identifier: str) -> uuid.UUID:
    """Return the aggregate id of an activity: the same in every service, without asking any."""
    return uuid.uuid5(ACTIVITY_NAMESPACE, iati_identifier)


def partner_id(organisation_identifier: str) -> uuid.UUID:
    """Return the aggregate id of a partner organisation."""
    return uuid.uuid5(PARTNER_NAMESPACE, organisation_identifier)


def rate_sheet_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a sheet of exchange rates, named as ``<source>/<month>``."""
    return uuid.uuid5(RATE_SHEET_NAMESPACE, identifier)


def programme_budget_id(biennium: str) -> uuid.UUID:
    """Return the aggregate id of a programme and budget, named by its biennium."""
    return uuid.uuid5(PROGRAMME_BUDGET_NAMESPACE, biennium)


def country_programme_id(code: str) -> uuid.UUID:
    """Return the aggregate id of a country programme."""
    return uuid.uuid5(COUNTRY_PROGRAMME_NAMESPACE, code)


def development_agenda_id(code: str) -> uuid.UUID:
    """Return the aggregate id of a development agenda."""
    return uuid.uuid5(DEVELOPMENT_AGENDA_NAMESPACE, code)


def fragility_list_id(edition: str) -> uuid.UUID:
    """Return the aggregate id of an edition of a list of fragile contexts."""
    return uuid.uuid5(FRAGILITY_LIST_NAMESPACE, edition)


def field_office_id(code: str) -> uuid.UUID:
    """Return the aggregate id of a field office."""
    return uuid.uuid5(FIELD_OFFICE_NAMESPACE, code)


def proposal_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a proposal."""
    return uuid.uuid5(PROPOSAL_NAMESPACE, identifier)


def criteria_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a set of criteria, named as ``<code>/<version>``."""
    return uuid.uuid5(CRITERIA_NAMESPACE, identifier)
