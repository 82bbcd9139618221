"""The policy by itself: rules and operations belong together, duties are kept apart, and nobody unknown writes."""

from collections import Counter

import pytest

from shared.policy.grants import Grant, Role
from shared.policy.operations import EVALUATION_STEPS, OPERATIONS, PROPOSAL_STEPS, REPORT_STEPS
from shared.policy.permits import Refused, permit
from shared.policy.placing import PLACING
from shared.policy.principals import PUBLIC, Principal
from shared.policy.table import FIELDS, POLICY, RULES

READS = {"read", "pass-on"}
WRITES_OF_ANYBODY = {("issuer", "write"), ("incoming", "write")}
"""What anybody may do who has a client's secret; the issuer verifies that."""
APART = {
    "proposal": ({"write", "develop", "submit"}, {"appraise", "return", "reject", "pass"}),
    "report": ({"write", "submit"}, {"return", "validate", "publish"}),
    "evaluation": ({"begin", "complete"}, {"respond", "follow-up"}),
}
"""Of what is judged: what is done by those who answer for it, and what by those who judge."""
BOTH = {
    "report": {Role.PROGRAMME_MANAGER},
    "evaluation": {Role.PROGRAMME_MANAGER},
}
"""Roles of which a person may do either; that nobody validates a report of their own is a rule about persons."""
PROGRAMME_DECISIONS = {
    *(("proposal", step) for step in (*PROPOSAL_STEPS, "write", "appraise")),
    *(("report", step) for step in (*REPORT_STEPS, "write")),
    *(("evaluation", step) for step in (*EVALUATION_STEPS, "write", "follow-up")),
    *(
        (resource, action)
        for resource, action in RULES
        if resource in {"agreement", "pool", "pledge", "scenario", "priority-rule", "workplan", "period-lock"}
        and action != "read"
    ),
    ("activity", "write"),
    ("finance", "write"),
    ("finance", "record"),
    ("framework", "write"),
    ("framework", "record"),
}


def roles(resource: str, actions: set[str]) -> set[Role]:
    return {role for action in actions for role in RULES[resource, action].roles}


def test_every_rule_is_stated_once():
    assert [key for key, count in Counter((r.resource, r.action) for r in POLICY).items() if count > 1] == []


def test_every_rule_has_an_operation_and_every_operation_a_rule():
    used = {(each.resource, action) for each in OPERATIONS.values() for action in each.actions}
    assert used == set(RULES)


def test_every_operation_has_an_action():
    assert [name for name, each in OPERATIONS.items() if not each.actions] == []


def test_every_resource_that_has_documents_can_be_read():
    assert {resource for resource in PLACING if (resource, "read") not in RULES} == set()


def test_a_rule_lets_somebody_do_something():
    assert [rule for rule in POLICY if not rule.roles and not rule.published] == []


def test_the_role_of_everybody_is_in_no_rule():
    assert [rule for rule in POLICY if Role.PUBLIC in rule.roles] == []


def test_the_public_writes_nothing():
    allowed = {(rule.resource, rule.action) for rule in POLICY if rule.published and rule.action not in READS}
    assert allowed == WRITES_OF_ANYBODY
    for resource, action in set(RULES) - WRITES_OF_ANYBODY:
        if action in READS:
            continue
        with pytest.raises(Refused) as told:
            permit(PUBLIC, resource, action)
        assert told.value.refusal == "unauthenticated"


@pytest.mark.parametrize("resource", APART)
def test_who_answers_for_something_does_not_judge_it(resource: str):
    answering, judging = (roles(resource, actions) for actions in APART[resource])
    assert answering & judging == BOTH.get(resource, set())
    assert answering - judging, "there is a role for those who only answer"


def test_who_administers_access_decides_nothing_about_a_programme():
    assert set(RULES) >= PROGRAMME_DECISIONS
    assert [each for each in sorted(PROGRAMME_DECISIONS) if Role.ADMINISTRATOR in RULES[each].roles] == []


def test_who_operates_the_system_sees_no_documents():
    assert {rule.resource for rule in POLICY if Role.OPERATOR in rule.roles} == {"operation"}
    assert [field for field in FIELDS if Role.OPERATOR in field.roles] == []


def test_a_partner_writes_nothing_but_where_it_is_told_of_changes():
    written = {rule.resource for rule in POLICY if Role.PARTNER in rule.roles and rule.action != "read"}
    assert written == {"webhook"}


def test_only_administrators_have_to_do_with_clients_and_personal_data():
    for resource in ("client", "personal-data"):
        for action in ("read", "write"):
            rule = RULES[resource, action]
            assert (rule.roles, rule.everywhere) == ({Role.ADMINISTRATOR}, True)


def test_what_replaces_files_as_published_takes_a_grant_everywhere():
    assert [
        rule
        for rule in POLICY
        if rule.action == "publish" and rule.resource != "report" and not rule.everywhere
    ] == []


def test_whoever_writes_something_may_read_it():
    for rule in POLICY:
        if rule.action == "read" or (rule.resource, "read") not in RULES:
            continue
        reading = RULES[rule.resource, "read"]
        assert rule.roles <= reading.roles or reading.published, rule
        assert rule.everywhere or not reading.everywhere or reading.published, rule


def test_a_withheld_member_is_of_a_resource_that_somebody_else_may_read():
    for field in FIELDS:
        rule = RULES[field.resource, "read"]
        assert field.roles <= rule.roles, field
        assert rule.published or rule.roles - field.roles, f"{field} is withheld from nobody"


def test_a_grant_that_is_restricted_does_not_do_for_what_is_about_the_whole_office():
    for rule in POLICY:
        for role in sorted(rule.roles):
            grant = Grant(role=role, countries=frozenset({"KE"}))
            asking = Principal("issuer", "a", "a", "a", (grant,))
            try:
                told = permit(asking, rule.resource, rule.action).grants
            except Refused:
                told = ()
            assert told == (() if rule.everywhere else (grant,)), (rule, role)


def test_whoever_writes_something_sees_all_of_it():
    """So that nobody overwrites, by sending a document back, what they were not shown."""
    for field in FIELDS:
        writing = {
            role
            for rule in POLICY
            if rule.resource == field.resource and rule.action in {"write", "publish"}
            for role in rule.roles
        }
        assert writing <= field.roles, field
