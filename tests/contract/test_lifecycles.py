"""State machines as the documentation draws them are those that decide."""

import re

import pytest

from services.funding.partnerships.domain import LIFECYCLE as AGREEMENTS
from services.funding.partnerships.due_diligence import LIFECYCLE as DUE_DILIGENCE
from services.funding.partnerships.mobilisation.pledges import LIFECYCLE as PLEDGES
from services.funding.workplans.domain import LIFECYCLE as SCENARIOS
from services.monitoring.learning.domain import FOLLOW_UP_LIFECYCLE as FOLLOW_UPS
from services.monitoring.learning.domain import LIFECYCLE as EVALUATIONS
from services.monitoring.locks.domain import LIFECYCLE as LOCKS
from services.monitoring.reports.domain import LIFECYCLE as REPORTS
from services.projects.proposals.domain import LIFECYCLE
from shared.contracts.funding.v1 import (
    AgreementAction,
    AgreementState,
    DueDiligenceAction,
    DueDiligenceState,
    PledgeAction,
    PledgeState,
    ScenarioAction,
    ScenarioState,
)
from shared.contracts.monitoring.v1 import (
    EvaluationAction,
    EvaluationState,
    FollowUpAction,
    FollowUpState,
    LockAction,
    LockState,
    ReportAction,
    ReportState,
)
from shared.contracts.projects.v1 import ProposalAction, ProposalState
from shared.contracts.snapshots import ROOT

DRAWING = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


PAGES = (
    ("proposals.md", LIFECYCLE),
    ("partnerships.md", AGREEMENTS),
    ("partnerships.md", DUE_DILIGENCE),
    ("partnerships.md", PLEDGES),
    ("workplans.md", SCENARIOS),
    ("learning.md", EVALUATIONS),
    ("learning.md", FOLLOW_UPS),
    ("monitoring.md", REPORTS),
    ("monitoring.md", LOCKS),
)


@pytest.mark.parametrize(("page", "lifecycle"), PAGES)
def test_a_page_draws_the_table(page, lifecycle):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert lifecycle.drawn() in DRAWING.findall(text)


def test_no_page_draws_anything_else():
    drawn = {
        drawing
        for page in (ROOT / "docs").glob("*.md")
        for drawing in DRAWING.findall(page.read_text("utf-8"))
    }
    assert drawn == {lifecycle.drawn() for _, lifecycle in PAGES}


@pytest.mark.parametrize(
    ("states", "actions", "lifecycle"),
    [
        (ProposalState, ProposalAction, LIFECYCLE),
        (AgreementState, AgreementAction, AGREEMENTS),
        (DueDiligenceState, DueDiligenceAction, DUE_DILIGENCE),
        (PledgeState, PledgeAction, PLEDGES),
        (ScenarioState, ScenarioAction, SCENARIOS),
        (EvaluationState, EvaluationAction, EVALUATIONS),
        (FollowUpState, FollowUpAction, FOLLOW_UPS),
        (ReportState, ReportAction, REPORTS),
        (LockState, LockAction, LOCKS),
    ],
)
def test_the_contract_knows_the_states_and_actions_of_the_table(states, actions, lifecycle):
    assert set(states.__args__) == set(lifecycle.states)
    assert actions.__args__ == lifecycle.actions
