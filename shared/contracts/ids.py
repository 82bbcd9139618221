"""Identifiers: how an aggregate is named on the wire and how its id is made."""

import re
import uuid
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

ACTIVITY_NAMESPACE = uuid.UUID("6b1f0c1e-6d0e-5d53-9d0a-3c6f6f1b4a10")
PARTNER_NAMESPACE = uuid.UUID("0f7c3f7a-0c57-5d0c-8f5e-7f1a54a6a8de")
RATE_SHEET_NAMESPACE = uuid.UUID("08b6bd36-8d84-5e03-b3bb-e184aeb946c3")

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
