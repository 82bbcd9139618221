"""The page of the policy: roles, rules, members, places and operations, as ``shared/policy`` has them.

``deploy.snapshots`` writes it. What is said in words here and not told by the policy itself is held to it by tests.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.policy.grants import Role
from shared.policy.operations import OPERATIONS
from shared.policy.table import FIELDS, POLICY, Rule

PAGE = "docs/policy.md"
OWN, EVERYWHERE, PUBLISHED, NEVER = "●", "◆", "published", "·"

ROLES = {
    Role.PUBLIC: "Whoever asks without a token. Sees what was published, and writes nothing.",
    Role.PARTNER: "A donor or an implementing partner. Sees what it takes part in.",
    Role.FIELD_OFFICER: "Plans, records and reports in the countries or projects of the grant.",
    Role.APPRAISER: "Judges proposals that others wrote, and adopts the criteria.",
    Role.PROGRAMME_MANAGER: "Decides: approves, validates, locks, publishes.",
    Role.FINANCE: "Agreements, money received, exchange rates, the closing of accounts.",
    Role.EVALUATOR: "Evaluations, their policy, and frameworks of whole programmes.",
    Role.OPERATOR: "Looks after the running system: checks and metrics, no documents.",
    Role.ADMINISTRATOR: "Clients, audit, personal data, files as published, field offices; decides nothing about a proposal, a report or money.",
}

FAMILIES = {
    "activity": "Projects",
    "finance": "Funding",
    "framework": "Monitoring",
    "results": "Results",
    "alert": "Alerts, imports, access and operation",
}
"""The first resource of each part of the table of rules, and the heading of that part."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """In words, by which members a document belongs to countries, organisations and projects; when it is published."""

    countries: str = ""
    organisations: str = ""
    projects: str = ""
    published: str = "never"


_ALWAYS, _WITH_PROJECT = "always", "with its project"
_PROJECT = "`iati_identifier`"
BELONGINGS = {
    "activity": Belonging(
        "`recipient_countries`",
        "`reporting_organisation`, `participating_organisations`",
        _PROJECT,
        "once its `status` is no longer 1 (pipeline)",
    ),
    "programme-budget": Belonging(published=_ALWAYS),
    "development-agenda": Belonging(published=_ALWAYS),
    "fragility-list": Belonging(published=_ALWAYS),
    "criteria-set": Belonging(published=_ALWAYS),
    "country-programme": Belonging("`country`", published="once its `status` is no longer `draft`"),
    "field-office": Belonging("`countries`", published=_ALWAYS),
    "proposal": Belonging("`countries`", "`donor`, once it was submitted to them"),
    "finance": Belonging(projects=_PROJECT, published=_WITH_PROJECT),
    "partner": Belonging(organisations="`organisation_identifier`", published=_ALWAYS),
    "rates": Belonging(published=_ALWAYS),
    "partner-profile": Belonging(organisations="`organisation_identifier`"),
    "agreement": Belonging("`scope.countries`", "`partners`, once it is no draft"),
    "pledge": Belonging("`scope.countries`", "`partner`"),
    "framework": Belonging(projects=_PROJECT, published=_WITH_PROJECT),
    "contributions": Belonging(projects=_PROJECT, published=_WITH_PROJECT),
    "programme-framework": Belonging(published=_ALWAYS),
    "report": Belonging(projects=_PROJECT, published="with its project, once its `state` is `published`"),
    "evaluation": Belonging(
        projects=_PROJECT,
        published="with its project, once its `state` is `completed`, `responded` or `closed`",
    ),
    "evaluation-policy": Belonging(published=_ALWAYS),
    "training": Belonging(
        "`country`", projects="`activities`", published="with one of its projects; always if it has none"
    ),
    "publication": Belonging(
        projects="`activities`", published="with one of its projects; always if it has none"
    ),
    "period-lock": Belonging(projects="`iati_identifier`, if it is of one project"),
    "alert": Belonging("`countries`", "`partners`", "`activities`"),
}

_INTRODUCTION = f"""\
# The policy: who may see and do what

This page is written by `python -m deploy.snapshots` from `shared/policy/`, which every service decides by. What is not on it
is not allowed.

- A **token** states [grants](access.md#grants): a **role**, and where it holds: everywhere, or in some countries, for some
  organisations, in some projects.
- A **rule** says which roles may take an action with a resource: `{OWN}` where a grant of the role holds, `{EVERYWHERE}` only by
  a grant that holds everywhere, `{NEVER}` not. Several grants add up, each with its own role and places.
- What is **published** may be seen by everybody, without a token. Nobody writes without a token; the two exceptions are in
  the rules: an issuer gives tokens against credentials, and the gateway passes requests on to the owner, who decides.
- Whoever may do nothing of the kind is answered 403, or 401 without a token, before the request is read. What the grants do
  not let see is **not found** (404), also by trying to write it. What may be seen and not changed is 403, `outside-scope`.
- A thing **belongs** to the countries, organisations and projects of the table of places, and whatever belongs to a project
  belongs to the project's countries and organisations too.
"""

_OPERATIONS = """\
The operations of the interfaces by their ids ([openapi.json](openapi.json)). One that stands for several steps takes a role
that may take at least one of them; then the step decides.
"""


def text() -> str:
    """Return the page."""
    parts = [
        _INTRODUCTION,
        "## Roles\n",
        _table(("role", "who"), ((f"`{role}`", words) for role, words in ROLES.items())),
        "## Rules\n",
        *_rules(),
        "## Members that not all see\n",
        "They are left out of the documents that anybody else reads, and named there in `withheld`.\n",
        _table(
            ("resource", "member", "roles that see it", "what it is"),
            ((f"`{each.resource}`", f"`{each.member}`", _named(each.roles), each.note) for each in FIELDS),
        ),
        "## Places, and what is published\n",
        "A resource that is not here belongs to the office as a whole, and is not published.\n",
        _table(
            ("resource", "countries", "organisations", "projects", "published"),
            (
                (f"`{name}`", each.countries, each.organisations, each.projects, each.published)
                for name, each in BELONGINGS.items()
            ),
        ),
        "## Operations\n",
        _OPERATIONS,
        _table(("resource", "action", "operations"), _operations()),
    ]
    return "\n".join(parts)


def _rules() -> Iterator[str]:
    """Yield the parts of the table of rules, each with its heading."""
    part: list[Rule] = []
    heading = ""
    for rule in POLICY:
        begun = FAMILIES.get(rule.resource, heading)
        if begun != heading and part:
            yield _family(heading, part)
            part = []
        heading = begun
        part.append(rule)
    yield _family(heading, part)


def _family(heading: str, rules: Sequence[Rule]) -> str:
    """Return the rules of a family of resources; actions with the same roles share a row."""
    rows: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for rule in rules:
        rows[(rule.resource, *(_mark(rule, role) for role in Role), rule.note)].append(rule.action)
    columns = ("resource", "action", *Role, "note")
    told = ((f"`{row[0]}`", ", ".join(actions), *row[1:]) for row, actions in rows.items())
    return f"### {heading}\n\n{_table(columns, told)}"


def _mark(rule: Rule, role: Role) -> str:
    if role is Role.PUBLIC:
        return PUBLISHED if rule.published else NEVER
    if role not in rule.roles:
        return NEVER
    return EVERYWHERE if rule.everywhere else OWN


def _operations() -> Iterator[tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, operation in OPERATIONS.items():
        for action in operation.actions:
            found[operation.resource, action].append(f"`{name}`")
    for rule in POLICY:
        yield f"`{rule.resource}`", rule.action, ", ".join(found[rule.resource, rule.action])


def _named(roles: Iterable[Role]) -> str:
    stated = set(roles)
    return ", ".join(role for role in Role if role in stated)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
