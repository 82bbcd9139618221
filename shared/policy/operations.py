"""Which action of which resource each operation of the interfaces is, by operation id.

An operation that is not here can not be served (``shared/chassis/guard.py``).
"""

from dataclasses import dataclass
from itertools import chain
from typing import get_args

from shared.contracts.monitoring.v1 import EvaluationAction, ReportAction
from shared.contracts.projects.v1 import ProposalAction


@dataclass(frozen=True, slots=True)
class Operation:
    """The resource that an operation is about, and the actions of which a caller needs at least one."""

    resource: str
    actions: tuple[str, ...]


PROPOSAL_STEPS: tuple[str, ...] = get_args(ProposalAction)
REPORT_STEPS: tuple[str, ...] = get_args(ReportAction)
EVALUATION_STEPS: tuple[str, ...] = get_args(EvaluationAction)


def _documents(
    resource: str,
    plural: str,
    *,
    name: str | None = None,
    writes: str = "create put patch upsert",
) -> dict[str, Operation]:
    """Return the operations of documents: list, read, and those of ``writes``."""
    name = name or resource.replace("-", "_")
    read, write = Operation(resource, ("read",)), Operation(resource, ("write",))
    operations = {f"list_{plural}": read, f"read_{name}": read}
    for verb in writes.split():
        if verb == "upsert":
            operations[f"upsert_{name}_batch"] = Operation(resource, ("publish",))
        else:
            operations[f"{verb}_{name}"] = write
    return operations


AUTHORED, ADOPTED, MADE = "create put patch", "create put", ""

OPERATIONS: dict[str, Operation] = {
    # projects
    **_documents("activity", "activities"),
    **_documents("programme-budget", "programme_budgets"),
    **_documents("country-programme", "country_programmes"),
    **_documents("development-agenda", "development_agendas"),
    **_documents("fragility-list", "fragility_lists"),
    **_documents("field-office", "field_offices"),
    **_documents("criteria-set", "criteria_sets", writes=ADOPTED),
    **_documents("proposal", "proposals", writes=AUTHORED),
    "act_on_proposal": Operation("proposal", PROPOSAL_STEPS),
    "appraise_proposal": Operation("proposal", ("appraise",)),
    "check_proposal": Operation("proposal", ("read",)),
    # funding
    **_documents("finance", "finances"),
    "record_transaction": Operation("finance", ("record",)),
    **_documents("partner", "partners"),
    **_documents("rates", "rate_sheets"),
    "put_rate_file": Operation("rates", ("publish",)),
    **_documents("partner-profile", "partner_profiles"),
    **_documents("agreement", "agreements", writes=AUTHORED),
    "act_on_agreement": Operation("agreement", ("act",)),
    "allocate_agreement": Operation("agreement", ("allocate",)),
    "withdraw_from_agreement": Operation("agreement", ("allocate",)),
    "amend_agreement": Operation("agreement", ("amend",)),
    "record_delivery": Operation("agreement", ("deliver",)),
    "record_receipt": Operation("agreement", ("receive",)),
    "scrutinise_partner": Operation("agreement", ("examine",)),
    **_documents("pool", "pools", writes=AUTHORED),
    "allocate_pool": Operation("pool", ("allocate",)),
    "withdraw_from_pool": Operation("pool", ("allocate",)),
    "pool_balance": Operation("pool", ("read",)),
    **_documents("pledge", "pledges", writes=AUTHORED),
    "act_on_pledge": Operation("pledge", ("act",)),
    **_documents("mobilisation-target", "mobilisation_targets"),
    "mobilisation_progress": Operation("mobilisation-target", ("read",)),
    "read_mobilisation_list": Operation("mobilisation-list", ("read",)),
    **_documents("workplan", "workplans"),
    "read_workplan_resources": Operation("workplan", ("read",)),
    **_documents("priority-rule", "priority_rules", writes=ADOPTED),
    **_documents("scenario", "scenarios", writes=MADE),
    "make_scenario": Operation("scenario", ("write",)),
    "act_on_scenario": Operation("scenario", ("act",)),
    "compare_scenarios": Operation("scenario", ("read",)),
    **_documents("alert", "funding_alerts", name="funding_alert", writes=MADE),
    # monitoring
    **_documents("framework", "frameworks"),
    "report_actual": Operation("framework", ("record",)),
    **_documents("contributions", "contributions"),
    "list_orphans": Operation("orphan", ("read",)),
    **_documents("programme-framework", "programme_frameworks"),
    "read_programme_figures": Operation("programme-figure", ("read",)),
    **_documents("report", "reports", writes=AUTHORED),
    "act_on_report": Operation("report", REPORT_STEPS),
    **_documents("evaluation", "evaluations", writes=AUTHORED),
    "act_on_evaluation": Operation("evaluation", EVALUATION_STEPS),
    "respond_to_recommendation": Operation("evaluation", ("respond",)),
    "add_follow_up": Operation("evaluation", ("follow-up",)),
    "act_on_follow_up": Operation("evaluation", ("follow-up",)),
    **_documents("evaluation-policy", "evaluation_policies", writes=ADOPTED),
    **_documents("training", "trainings"),
    "count_participants": Operation("training", ("read",)),
    **_documents("publication", "publications"),
    **_documents("period-lock", "period_locks", writes=ADOPTED),
    "locks_in_force": Operation("period-lock", ("read",)),
    "act_on_period_lock": Operation("period-lock", ("act",)),
    "except_from_period_lock": Operation("period-lock", ("act",)),
    **_documents("alert", "monitoring_alerts", writes=MADE),
    # gateway
    "read_projects": Operation("results", ("read",)),
    "read_project": Operation("results", ("read",)),
    "read_revisions": Operation("revision", ("read",)),
    "read_summary": Operation("results", ("read",)),
    "read_outcomes": Operation("outcome-results", ("read",)),
    "read_outcome": Operation("outcome-results", ("read",)),
    "read_outcome_projects": Operation("results", ("read",)),
    "read_country_programme_results": Operation("country-programme-results", ("read",)),
    "read_country_programme_projects": Operation("results", ("read",)),
    "read_line_of_sight": Operation("results", ("read",)),
    "read_orphans": Operation("orphan", ("read",)),
    "read_gaps": Operation("resource-gap", ("read",)),
    "read_donors": Operation("donor-results", ("read",)),
    "read_donor": Operation("donor-results", ("read",)),
    "read_field_office_results": Operation("field-office-results", ("read",)),
    "read_delivery": Operation("delivery", ("read",)),
    "read_appraisals": Operation("appraisal-results", ("read",)),
    "read_mobilisation": Operation("mobilisation", ("read",)),
    "read_alerts": Operation("alert", ("read",)),
    "read_changes": Operation("change", ("read",)),
    "stream_events": Operation("event", ("read",)),
    "read_imports": Operation("import", ("read",)),
    "read_import": Operation("import", ("read",)),
    "read_import_report": Operation("import", ("read",)),
    "start_import": Operation("import", ("write",)),
    "run_batch": Operation("batch", ("write",)),
    "read_spreadsheet": Operation("spreadsheet", ("read",)),
    "upload_spreadsheet": Operation("spreadsheet", ("write",)),
    "pass_on": Operation("owner", ("pass-on",)),
    # incoming webhooks
    "receive_incoming": Operation("incoming", ("write",)),
    "list_incoming_sources": Operation("incoming-source", ("read",)),
    "read_incoming_source": Operation("incoming-source", ("read",)),
    "try_incoming_source": Operation("incoming-source", ("read",)),
    "create_incoming_source": Operation("incoming-source", ("write",)),
    "patch_incoming_source": Operation("incoming-source", ("write",)),
    "create_incoming_secret": Operation("incoming-source", ("write",)),
    "delete_incoming_secret": Operation("incoming-source", ("write",)),
    "list_incoming_messages": Operation("incoming-message", ("read",)),
    "read_incoming_message": Operation("incoming-message", ("read",)),
    "release_incoming_message": Operation("incoming-message", ("release",)),
    "discard_incoming_message": Operation("incoming-message", ("release",)),
    # webhooks
    "list_webhooks": Operation("webhook", ("read",)),
    "read_webhook": Operation("webhook", ("read",)),
    "read_webhook_event_types": Operation("webhook", ("read",)),
    "list_webhook_deliveries": Operation("webhook", ("read",)),
    "read_webhook_delivery": Operation("webhook", ("read",)),
    "create_webhook": Operation("webhook", ("write",)),
    "patch_webhook": Operation("webhook", ("write",)),
    "delete_webhook": Operation("webhook", ("write",)),
    "rotate_webhook_secret": Operation("webhook", ("write",)),
    "enable_webhook": Operation("webhook", ("write",)),
    "disable_webhook": Operation("webhook", ("write",)),
    "ping_webhook": Operation("webhook", ("write",)),
    "redeliver_webhook": Operation("webhook", ("write",)),
    "replay_webhook": Operation("webhook", ("write",)),
    "recover_webhook": Operation("webhook", ("write",)),
    # access
    "list_clients": Operation("client", ("read",)),
    "read_client": Operation("client", ("read",)),
    "create_client": Operation("client", ("write",)),
    "patch_client": Operation("client", ("write",)),
    "create_client_secret": Operation("client", ("write",)),
    "delete_client_secret": Operation("client", ("write",)),
    "revoke_client": Operation("client", ("write",)),
    "issue_token": Operation("issuer", ("write",)),
    "revoke_token": Operation("issuer", ("write",)),
    "read_jwks": Operation("issuer", ("read",)),
    "read_issuer_metadata": Operation("issuer", ("read",)),
    "read_revocations": Operation("issuer", ("read",)),
    **dict(
        chain.from_iterable(
            (
                (f"list_{service}_audit", Operation("audit", ("read",))),
                (f"export_{service}_personal_data", Operation("personal-data", ("read",))),
                (f"erase_{service}_personal_data", Operation("personal-data", ("write",))),
            )
            for service in ("projects", "funding", "monitoring", "gateway")
        )
    ),
    # every process
    "livez": Operation("health", ("read",)),
    "readyz": Operation("health", ("read",)),
    "metrics": Operation("operation", ("read",)),
}
