"""Identifiers: how an aggregate is named on the wire and how its id is made."""

import re
import unicodedata
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
AGREEMENT_NAMESPACE = uuid.UUID("d09e15d7-d3ea-59ac-bd0e-ec1169a8e5ff")
PARTNER_PROFILE_NAMESPACE = uuid.UUID("f236b4df-f4be-55f5-8aab-6611694da009")
POOL_NAMESPACE = uuid.UUID("c10f9882-eb27-5c77-8ab8-bb184d290954")
PLEDGE_NAMESPACE = uuid.UUID("3e27a445-87ca-5621-987e-4bf55d0c94ba")
MOBILISATION_TARGET_NAMESPACE = uuid.UUID("b474b483-8f3b-5724-8e45-77a18699d746")
WORKPLAN_NAMESPACE = uuid.UUID("3beb0a1d-680a-59e3-8f17-168717352174")
PRIORITY_RULE_NAMESPACE = uuid.UUID("db7a0617-6055-50bd-8023-2af8f50a04b5")
SCENARIO_NAMESPACE = uuid.UUID("4da63bcb-4b7e-5eff-ab68-35893b5abf4f")
ALERT_NAMESPACE = uuid.UUID("f0af8fdb-d1ed-5926-8a10-38bf81aea2ba")
CONTRIBUTIONS_NAMESPACE = uuid.UUID("cfc00867-7f44-5790-9921-5cb53b117119")
PROGRAMME_FRAMEWORK_NAMESPACE = uuid.UUID("08cbe9f1-d3b7-536d-83ca-15362465e688")
REPORT_NAMESPACE = uuid.UUID("7a595589-dcdc-5e62-bd4e-ccea7e8e24b5")
PERIOD_LOCK_NAMESPACE = uuid.UUID("dbccae1e-ad05-5151-9492-0e370d534fd1")
EVALUATION_NAMESPACE = uuid.UUID("ba1d8b1b-c554-5db5-8113-5a928db0670d")
EVALUATION_POLICY_NAMESPACE = uuid.UUID("d959e805-cadf-5cf3-94de-426a9b78b54d")
TRAINING_NAMESPACE = uuid.UUID("ed617863-5d4a-519f-8a7c-050c0cc4e197")
PUBLICATION_NAMESPACE = uuid.UUID("092ee68f-6a8b-5bf9-b01f-73d338b31b76")

MAX_IDENTIFIER = 250
"""Characters of an identifier."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _printable(value: str) -> str:
    if _CONTROL.search(value):
        msg = "an identifier holds no control characters"
        raise ValueError(msg)
    return value


Identifier = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_IDENTIFIER),
    AfterValidator(_printable),
]
"""An IATI identifier of an activity or organisation, outer blanks removed."""


def known_as(name: str) -> str:
    """Return a name as it is compared: neither case nor blanks nor the form of its letters tell people apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


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


def agreement_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of an agreement."""
    return uuid.uuid5(AGREEMENT_NAMESPACE, identifier)


def partner_profile_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of the profile of a partner organisation."""
    return uuid.uuid5(PARTNER_PROFILE_NAMESPACE, identifier)


def pool_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a pool of a biennium, named as ``<code>/<biennium>``."""
    return uuid.uuid5(POOL_NAMESPACE, identifier)


def pledge_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a pledge."""
    return uuid.uuid5(PLEDGE_NAMESPACE, identifier)


def mobilisation_target_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a mobilisation target, named as ``<biennium>/<code>``."""
    return uuid.uuid5(MOBILISATION_TARGET_NAMESPACE, identifier)


def workplan_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a work plan, named as ``<biennium>/<outcome>``."""
    return uuid.uuid5(WORKPLAN_NAMESPACE, identifier)


def priority_rule_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a version of a priority rule, named as ``<code>/<version>``."""
    return uuid.uuid5(PRIORITY_RULE_NAMESPACE, identifier)


def scenario_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a scenario."""
    return uuid.uuid5(SCENARIO_NAMESPACE, identifier)


def alert_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of an alert, named as ``<kind>/<subject>/<part>``."""
    return uuid.uuid5(ALERT_NAMESPACE, identifier)


def contributions_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of the contributions of an activity."""
    return uuid.uuid5(CONTRIBUTIONS_NAMESPACE, identifier)


def programme_framework_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a programme framework, named as ``<level>/<programme>``."""
    return uuid.uuid5(PROGRAMME_FRAMEWORK_NAMESPACE, identifier)


def report_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a progress report."""
    return uuid.uuid5(REPORT_NAMESPACE, identifier)


def period_lock_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a lock of periods."""
    return uuid.uuid5(PERIOD_LOCK_NAMESPACE, identifier)


def evaluation_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of an evaluation."""
    return uuid.uuid5(EVALUATION_NAMESPACE, identifier)


def evaluation_policy_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a version of an evaluation policy, named as ``<code>/<version>``."""
    return uuid.uuid5(EVALUATION_POLICY_NAMESPACE, identifier)


def training_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a training event."""
    return uuid.uuid5(TRAINING_NAMESPACE, identifier)


def publication_id(identifier: str) -> uuid.UUID:
    """Return the aggregate id of a publication."""
    return uuid.uuid5(PUBLICATION_NAMESPACE, identifier)
