"""The policy: which roles may do what with which resource, and what of it everybody may see.

A role holds where the grant that gives it holds (``grants.py``). What is published may be seen by everybody; the rest by
those roles that are named here, within their grants. Where no rule says that something may be done, it may not.

Roles and duties follow results-based management in the UN system: who writes a proposal does not appraise it, who
administers access decides about no proposal, report or money. A programme manager may both report and validate; that
nobody validates a report of their own is a rule about persons (``services/monitoring/reports``).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.policy.grants import Role

PARTNER, FIELD, APPRAISER = Role.PARTNER, Role.FIELD_OFFICER, Role.APPRAISER
MANAGER, FINANCE, EVALUATOR = Role.PROGRAMME_MANAGER, Role.FINANCE, Role.EVALUATOR
OPERATOR, ADMINISTRATOR = Role.OPERATOR, Role.ADMINISTRATOR

STAFF = frozenset({FIELD, APPRAISER, MANAGER, FINANCE, EVALUATOR, ADMINISTRATOR})
INVOLVED = STAFF | {PARTNER}


@dataclass(frozen=True, slots=True)
class Rule:
    """Which roles may take one action with one resource.

    ``published`` says that everybody may, as far as it was published. ``everywhere`` says that a grant has to hold
    everywhere, because what is seen or done is about the office as a whole. ``note`` tells why or what.
    """

    resource: str
    action: str
    roles: frozenset[Role] = frozenset()
    published: bool = False
    everywhere: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a document that only some roles may see, where their grants hold; dots lead into objects and lists."""

    resource: str
    member: str
    roles: frozenset[Role]
    note: str


def _rules(  # noqa: PLR0913  (the columns of the table)
    resource: str,
    actions: str,
    roles: Iterable[Role] = (),
    *,
    published: bool = False,
    everywhere: bool = False,
    note: str = "",
) -> tuple[Rule, ...]:
    return tuple(
        Rule(resource, action, frozenset(roles), published, everywhere, note) for action in actions.split()
    )


_PROJECTS = (
    *_rules(
        "activity", "read", INVOLVED, published=True, note="Published: the activity has left the pipeline."
    ),
    *_rules("activity", "write", {FIELD, MANAGER}),
    *_rules("activity", "publish", {MANAGER, ADMINISTRATOR}, everywhere=True, note="Files as published."),
    *(
        rule
        for resource in ("programme-budget", "country-programme", "development-agenda", "fragility-list")
        for rule in (
            *_rules(resource, "read", INVOLVED, published=True),
            *_rules(resource, "write", {MANAGER, ADMINISTRATOR}),
            *_rules(resource, "publish", {MANAGER, ADMINISTRATOR}, everywhere=True),
        )
    ),
    *_rules("field-office", "read", INVOLVED, published=True),
    *_rules("field-office", "write publish", {ADMINISTRATOR}, everywhere=True),
    *_rules("criteria-set", "read", INVOLVED, published=True),
    *_rules("criteria-set", "write", {MANAGER, APPRAISER}, everywhere=True),
    *_rules("proposal", "read", INVOLVED, note="Partners: once it was submitted to them."),
    *_rules("proposal", "write develop submit", {FIELD, MANAGER}),
    *_rules("proposal", "appraise return reject pass", {APPRAISER}),
    *_rules("proposal", "submit-to-donor approve decline activate suspend resume", {MANAGER}),
    *_rules("proposal", "close-operations close-finances", {MANAGER, FINANCE}),
    *_rules("proposal", "cancel", {FIELD, MANAGER}),
)

_FUNDING = (
    *_rules("finance", "read", INVOLVED, published=True, note="Published with its activity."),
    *_rules("finance", "write record", {FIELD, MANAGER, FINANCE}),
    *_rules("finance", "publish", {MANAGER, ADMINISTRATOR}, everywhere=True, note="Files as published."),
    *_rules("partner", "read", INVOLVED, published=True),
    *_rules("partner", "write", {MANAGER, FINANCE}),
    *_rules("partner", "publish", {MANAGER, ADMINISTRATOR}, everywhere=True),
    *_rules("rates", "read", INVOLVED, published=True),
    *_rules("rates", "write publish", {FINANCE, ADMINISTRATOR}, everywhere=True),
    *_rules("partner-profile", "read", INVOLVED),
    *_rules("partner-profile", "write", {MANAGER, FINANCE}),
    *_rules("partner-profile", "publish", {MANAGER, FINANCE}, everywhere=True),
    *_rules("agreement", "read", INVOLVED, note="Partners: once it was signed."),
    *_rules("agreement", "write act allocate amend deliver examine", {MANAGER, FINANCE}),
    *_rules("agreement", "receive", {FINANCE}),
    *_rules("pool", "read", STAFF, everywhere=True),
    *_rules("pool", "write allocate", {MANAGER, FINANCE}, everywhere=True),
    *_rules("pledge", "read", INVOLVED),
    *_rules("pledge", "write act", {MANAGER, FINANCE}),
    *_rules("mobilisation-target", "read", STAFF, everywhere=True),
    *_rules("mobilisation-target", "write publish", {MANAGER}, everywhere=True),
    *_rules("mobilisation-list", "read", STAFF, everywhere=True),
    *_rules("workplan", "read", STAFF, everywhere=True),
    *_rules("workplan", "write publish", {MANAGER, FINANCE}, everywhere=True),
    *_rules("priority-rule", "read", STAFF, everywhere=True),
    *_rules("priority-rule", "write", {MANAGER}, everywhere=True),
    *_rules("scenario", "read", STAFF, everywhere=True),
    *_rules("scenario", "write act", {MANAGER}, everywhere=True),
)

_MONITORING = (
    *_rules("framework", "read", INVOLVED, published=True, note="Published with its activity."),
    *_rules("framework", "write record", {FIELD, MANAGER}),
    *_rules("framework", "publish", {MANAGER, ADMINISTRATOR}, everywhere=True, note="Files as published."),
    *_rules("contributions", "read", INVOLVED, published=True, note="Published with their activity."),
    *_rules("contributions", "write", {FIELD, MANAGER}),
    *_rules("contributions", "publish", {MANAGER}, everywhere=True),
    *_rules("orphan", "read", STAFF),
    *_rules("programme-framework", "read", INVOLVED, published=True),
    *_rules("programme-framework", "write publish", {MANAGER, EVALUATOR}, everywhere=True),
    *_rules("programme-figure", "read", STAFF, everywhere=True),
    *_rules("report", "read", STAFF, published=True, note="Published: its state is `published`."),
    *_rules("report", "write submit", {FIELD, MANAGER}),
    *_rules("report", "return validate publish", {MANAGER}),
    *_rules("evaluation", "read", STAFF, published=True, note="Published: it is completed."),
    *_rules("evaluation", "write begin complete close cancel", {EVALUATOR, MANAGER}),
    *_rules("evaluation", "respond follow-up", {FIELD, MANAGER}),
    *_rules("evaluation-policy", "read", INVOLVED, published=True),
    *_rules("evaluation-policy", "write", {EVALUATOR, MANAGER}, everywhere=True),
    *_rules("training", "read", INVOLVED, published=True),
    *_rules("training", "write", {FIELD, MANAGER}),
    *_rules("training", "publish", {MANAGER}, everywhere=True),
    *_rules("publication", "read", INVOLVED, published=True),
    *_rules("publication", "write", {FIELD, MANAGER}),
    *_rules("publication", "publish", {MANAGER}, everywhere=True),
    *_rules("period-lock", "read", STAFF),
    *_rules("period-lock", "write act", {MANAGER}),
)

_RESULTS = (
    *_rules("results", "read", INVOLVED, published=True, note="Projects and their sums."),
    *_rules("revision", "read", STAFF, note="Names who changed what."),
    *_rules("delivery", "read", INVOLVED),
    *_rules("country-programme-results", "read", STAFF, note="Countries that the grants hold in."),
    *_rules("field-office-results", "read", STAFF, note="Offices whose countries the grants all hold in."),
    *_rules("donor-results", "read", INVOLVED, note="Organisations that the grants hold for."),
    *_rules("outcome-results", "read", STAFF, everywhere=True),
    *_rules("resource-gap", "read", STAFF, everywhere=True),
    *_rules("mobilisation", "read", STAFF, everywhere=True),
    *_rules("appraisal-results", "read", STAFF, everywhere=True),
)

_ACCESS = (
    *_rules("alert", "read", STAFF),
    *_rules("change", "read", INVOLVED, published=True, note="The rule of what changed decides."),
    *_rules("event", "read", INVOLVED, published=True, note="The rule of what it is about decides."),
    *_rules("import", "read write", {MANAGER, ADMINISTRATOR}, everywhere=True),
    *_rules(
        "webhook",
        "read write",
        {PARTNER, FIELD, MANAGER, ADMINISTRATOR},
        note="Those of the own client; administrators everywhere all.",
    ),
    *_rules("batch", "write", STAFF, note="The owner of the thing of each line decides."),
    *_rules("spreadsheet", "read", INVOLVED, note="What may be read of the project."),
    *_rules(
        "spreadsheet", "write", {FIELD, MANAGER, FINANCE}, note="The owner of the thing of each row decides."
    ),
    *_rules("client", "read write", {ADMINISTRATOR}, everywhere=True),
    *_rules("audit", "read", {MANAGER, ADMINISTRATOR}, note="What is about places that the grants hold in."),
    *_rules("personal-data", "read write", {ADMINISTRATOR}, everywhere=True),
    *_rules("health", "read", published=True, note="That it answers, and whether it can do its work."),
    *_rules("operation", "read", {OPERATOR, ADMINISTRATOR}, everywhere=True, note="Checks and metrics."),
    *_rules(
        "incoming", "write", published=True, note="Messages of partners, by the signature of their source."
    ),
    *_rules("incoming-source", "read write", {ADMINISTRATOR}, everywhere=True),
    *_rules("incoming-message", "read release", {FINANCE, MANAGER, ADMINISTRATOR}, everywhere=True),
    *_rules("issuer", "read write", published=True, note="Tokens, against credentials; keys."),
    *_rules("owner", "pass-on", published=True, note="The owner of the thing decides."),
)

POLICY = (*_PROJECTS, *_FUNDING, *_MONITORING, *_RESULTS, *_ACCESS)

_CONTACT = "Contact data of persons."
_PERSONS = "Who did what."
FIELDS = (
    Field("activity", "contacts", STAFF, _CONTACT),
    Field("proposal", "appraisals", STAFF, "What appraisers make of it, comments included."),
    Field("proposal", "history", STAFF, _PERSONS),
    Field("proposal", "written_by", STAFF, _PERSONS),
    Field(
        "agreement",
        "due_diligence",
        frozenset({MANAGER, FINANCE, ADMINISTRATOR}),
        "What was found about a partner.",
    ),
    Field("agreement", "history", STAFF, _PERSONS),
    Field("agreement", "allocations.by", STAFF, _PERSONS),
    Field(
        "agreement", "allocations.reasons", STAFF, "Why money goes where it goes, in words within the office."
    ),
    Field("agreement", "amendments.by", STAFF, _PERSONS),
    Field(
        "pledge",
        "probability",
        frozenset({MANAGER, FINANCE, ADMINISTRATOR}),
        "A draft figure: how likely we hold it.",
    ),
    Field("pledge", "history", STAFF, _PERSONS),
    Field("report", "history", STAFF, _PERSONS),
    Field("report", "written_by", STAFF, _PERSONS),
    Field("evaluation", "history", STAFF, _PERSONS),
    Field("evaluation", "recommendations.response.by", STAFF, _PERSONS),
    Field("evaluation", "recommendations.follow_up.responsible", STAFF, "Who is to do what."),
    Field("evaluation", "recommendations.follow_up.history", STAFF, _PERSONS),
)

RULES = {(rule.resource, rule.action): rule for rule in POLICY}


def steps(resource: str, actions: Iterable[str]) -> frozenset[Role]:
    """Return the roles that may take at least one of some actions with a resource."""
    return frozenset(role for action in actions for role in RULES[resource, action].roles)
