"""State machines as tables: what leads where, and what is no table."""

import pytest

from shared.figures.lifecycle import IllegalStep, Lifecycle, Step

DOOR = Lifecycle(
    "open",
    (
        Step("shut", ("open",), "shut"),
        Step("open", ("shut",), "open"),
        Step("lock", ("shut",), "locked-for-good"),
    ),
)


def test_a_table_tells_its_states_and_actions_in_order():
    assert DOOR.states == ("open", "shut", "locked-for-good")
    assert DOOR.actions == ("shut", "open", "lock")


@pytest.mark.parametrize(
    ("state", "allowed"), [("open", ("shut",)), ("shut", ("open", "lock")), ("locked-for-good", ())]
)
def test_each_state_allows_its_steps_and_no_other(state, allowed):
    assert DOOR.allowed(state) == allowed
    for action in DOOR.actions:
        if action in allowed:
            assert DOOR.after(state, action) in DOOR.states
        else:
            with pytest.raises(IllegalStep) as told:
                DOOR.after(state, action)
            assert (told.value.state, told.value.action, told.value.allowed) == (state, action, allowed)


def test_what_is_reachable_depends_on_what_is_left_out():
    assert DOOR.reachable(["shut"]) == {"open", "shut", "locked-for-good"}
    assert DOOR.reachable(["open"], without=["lock"]) == {"open", "shut"}
    assert DOOR.reachable(["locked-for-good"]) == {"locked-for-good"}


def test_a_table_is_drawn():
    assert DOOR.drawn() == (
        "stateDiagram-v2\n"
        '    state "locked-for-good" as locked_for_good\n'
        "    [*] --> open\n"
        "    open --> shut: shut\n"
        "    shut --> open: open\n"
        "    shut --> locked_for_good: lock\n"
        "    locked_for_good --> [*]\n"
    )


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((Step("go", ("a",), "b"), Step("go", ("a",), "c")), "one state"),
        ((Step("go", ("a", "a"), "b"),), "one state"),
        ((Step("go", ("a",), "b"), Step("on", ("c",), "a")), "no step leads to c"),
    ],
)
def test_what_is_no_table_is_refused(steps, reason):
    with pytest.raises(ValueError, match=reason):
        Lifecycle("a", steps)
