"""What the table of the policy says that somebody is answered: told from the rules alone, by none of the code that decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.policy.grants import Grant, Role
from shared.policy.operations import OPERATIONS
from shared.policy.places import Place
from shared.policy.table import RULES, Rule
from tests.component.access.things import Thing

DIMENSIONS = ("countries", "organisations", "projects")
ELSEWHERE = frozenset({"ELSEWHERE"})
ROLES = tuple(role for role in Role if role is not Role.PUBLIC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal by its status and code."""

    status: int
    code: str


LET_THROUGH = None
NO_TOKEN, NO_ROLE = Answer(401, "token-missing"), Answer(403, "forbidden")
NOT_FOUND, OUTSIDE = Answer(404, "not-found"), Answer(403, "outside-scope")
NO_STEP = Answer(403, "step-forbidden")
BY_ROLE = (NO_TOKEN, NO_ROLE)
"""What is answered whatever the request is about."""


def grants_for(operation_id: str, role: Role, place: Place | None) -> list[Grant]:
    """Return grants of a role: everywhere, in a place, and just beside it; without a place, everywhere and somewhere.

    Of a role that is in no rule of the operation only the widest grant is of interest.
    """
    operation = OPERATIONS[operation_id]
    rules = [RULES[operation.resource, action] for action in operation.actions]
    if not any(role in rule.roles or rule.published for rule in rules):
        return [Grant(role=role)]
    if place is None or not any(getattr(place, name) for name in DIMENSIONS):
        return [Grant(role=role), Grant(role=role, countries=ELSEWHERE)]
    inside = {name: getattr(place, name) for name in DIMENSIONS if getattr(place, name)}
    beside = {**inside, list(inside)[-1]: ELSEWHERE}
    return [Grant(role=role), Grant(role=role, **inside), Grant(role=role, **beside)]


def expected(  # noqa: PLR0911
    operation_id: str,
    grant: Grant | None,
    thing: Thing | None,
    *,
    step: str | None = None,
    is_new: bool = False,
    becomes: Place | None = None,
) -> Answer | None:
    """Return how somebody with one grant, or the public, is refused; None if it is let through."""
    operation = OPERATIONS[operation_id]
    rules = [RULES[operation.resource, action] for action in operation.actions]
    allowing = [rule for rule in rules if _allows(rule, grant)]
    published = any(rule.published for rule in rules)
    if not allowing and not published:
        return NO_TOKEN if grant is None else NO_ROLE
    if thing is None:
        return LET_THROUGH
    within = bool(allowing) and grant is not None and _holds(grant, thing.place)
    if "read" in operation.actions:
        return LET_THROUGH if within or (published and thing.is_public) else NOT_FOUND
    if is_new:
        return LET_THROUGH if within else OUTSIDE
    if not within or grant is None:
        return OUTSIDE if _sees(grant, thing) else NOT_FOUND
    if becomes is not None and not _holds(grant, becomes):
        return OUTSIDE
    return LET_THROUGH if step is None or _takes(allowing, step) else NO_STEP


def _allows(rule: Rule, grant: Grant | None) -> bool:
    if grant is None or grant.role not in rule.roles:
        return False
    return not rule.everywhere or all(getattr(grant, name) is None for name in DIMENSIONS)


def _holds(grant: Grant, place: Place) -> bool:
    stated = {name: getattr(grant, name) for name in DIMENSIONS}
    return all(values is None or values & getattr(place, name) for name, values in stated.items())


def _sees(grant: Grant | None, thing: Thing) -> bool:
    rule = RULES[thing.resource, "read"]
    if rule.published and thing.is_public:
        return True
    return grant is not None and _allows(rule, grant) and _holds(grant, thing.place)


def _takes(allowing: Sequence[Rule], step: str) -> bool:
    return step in {rule.action for rule in allowing}
