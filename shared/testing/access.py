"""What the policy lets somebody see, document by document: what services answer is compared with it.

It is told from the documents and the policy alone, by none of the queries that it is to prove.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from shared.contracts.base import Contract
from shared.policy.grants import Grant, Role, covered
from shared.policy.permits import Permit, Refused, permit
from shared.policy.places import Place, together
from shared.policy.placing import PlacedActivity, is_published, place_of_activity, placing_of
from shared.policy.principals import PUBLIC, Principal

Projects = Mapping[str, PlacedActivity]
"""The activities that a service knows, by identifier."""
Documents = dict[str, dict[str, Any]]
"""Documents as JSON, by identifier."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks: grants, or none of them for the public."""

    grants: tuple[Grant, ...]

    @property
    def principal(self) -> Principal:
        """Who that is to the policy."""
        return Principal("issuer", "tests", "tests", "tests", self.grants) if self.grants else PUBLIC

    def permit(self, resource: str) -> Permit | int:
        """Return what may be read of a resource, or the status of a refusal."""
        try:
            return permit(self.principal, resource, "read")
        except Refused as error:
            return 401 if error.refusal == "unauthenticated" else 403

    def answer(
        self, permit: Permit, documents: Mapping[str, Contract], projects: Projects | None
    ) -> Documents:
        """Return the documents that may be seen, as JSON without what is withheld of them, by identifier.

        ``projects`` are those that a service knows; None where documents tell where they belong by themselves.
        """
        return {
            identifier: self._told(permit, document, projects)
            for identifier, document in documents.items()
            if _is_seen(permit, document, projects)
        }

    def _told(self, permit: Permit, document: Contract, projects: Projects | None) -> dict[str, Any]:
        place = _place(permit.resource, document, projects)
        whole: dict[str, Any] = from_json(document.to_json())
        for name, grants in permit.withheld():
            if not covered(grants, place):
                whole = _without(whole, *name.split("."))
        return whole


def _without(value: Any, name: str, *within: str) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_without(each, name, *within) for each in value]
    if not within:
        return {key: part for key, part in value.items() if key != name}
    return {key: _without(part, *within) if key == name else part for key, part in value.items()}


def _is_seen(permit: Permit, document: Contract, projects: Projects | None) -> bool:
    if covered(permit.grants, _place(permit.resource, document, projects)):
        return True
    if not permit.published or not placing_of(permit.resource).is_public(document):
        return False
    about = placing_of(permit.resource).place(document).projects
    if projects is None or not about:
        return True
    return any(is_published(projects[name]) for name in about if name in projects)


def _place(resource: str, document: Contract, projects: Projects | None) -> Place:
    own = placing_of(resource).place(document)
    known = projects or {}
    theirs = (place_of_activity(known[name]) for name in own.projects if name in known)
    return together([own, *theirs])


def drawn_grants(draw: random.Random, **values: Sequence[str]) -> tuple[Grant, ...]:
    """Return up to three grants of any roles, each restricted in any of the dimensions to some of their values."""
    roles = [role for role in Role if role is not Role.PUBLIC]
    return tuple(
        Grant(
            role=draw.choice(roles),
            **{
                name: frozenset(draw.sample(codes, draw.randint(1, 2)))
                for name, codes in values.items()
                if draw.random() < 0.4  # noqa: PLR2004
            },
        )
        for _ in range(draw.randint(0, 3))
    )
