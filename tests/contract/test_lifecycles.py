"""State machines as the documentation draws them are those that decide."""

import re

import pytest

from services.projects.proposals.domain import LIFECYCLE
from shared.contracts.projects.v1 import ProposalAction, ProposalState
from shared.contracts.snapshots import ROOT

DRAWING = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "lifecycle"), [("proposals.md", LIFECYCLE)])
def test_a_page_draws_the_table(page, lifecycle):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert DRAWING.findall(text) == [lifecycle.drawn()]


def test_the_contract_knows_the_states_and_actions_of_the_table():
    assert set(ProposalState.__args__) == set(LIFECYCLE.states)
    assert ProposalAction.__args__ == LIFECYCLE.actions
