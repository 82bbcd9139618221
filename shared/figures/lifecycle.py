"""State machines as tables: which action leads from which state to which, and nothing else does.

A table is checked when it is made: from a state an action leads to one state, and every state can be reached.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.contracts.workflow import IllegalStep


@dataclass(frozen=True, slots=True)
class Step:
    """An action with the states that it is allowed in and the state that it leads to."""

    action: str
    before: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A state machine: where it begins, and its steps in the order in which they are told."""

    initial: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        """Check the table.

        Raises:
            ValueError: an action leads to several states from one, or a state cannot be reached.

        """
        edges = [(before, action) for before, action, _ in self._edges()]
        if len(edges) != len(set(edges)):
            raise ValueError("an action leads from one state to one state")
        if unreached := set(self.states) - self.reachable([self.initial]):
            raise ValueError(f"no step leads to {', '.join(sorted(unreached))}")

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the table names them."""
        named = [self.initial]
        for step in self.steps:
            named += [*step.before, step.after]
        return tuple(dict.fromkeys(named))

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action, in the order of the table."""
        return tuple(dict.fromkeys(step.action for step in self.steps))

    def allowed(self, state: str) -> tuple[str, ...]:
        """Return the actions that are allowed in a state; of a final state there are none."""
        return tuple(step.action for step in self.steps if state in step.before)

    def after(self, state: str, action: str) -> str:
        """Return the state that an action leads to.

        Raises:
            IllegalStep: the action is not allowed in that state.

        """
        for step in self.steps:
            if step.action == action and state in step.before:
                return step.after
        raise IllegalStep(state, action, self.allowed(state))

    def reachable(self, states: Iterable[str], *, without: Iterable[str] = ()) -> set[str]:
        """Return the states that steps lead to from some states, these among them, if some actions are left out."""
        left_out = set(without)
        reached: set[str] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in reached:
                reached.add(state)
                waiting += [
                    after
                    for before, action, after in self._edges()
                    if before == state and action not in left_out
                ]
        return reached

    def drawn(self) -> str:
        """Return the table as a state diagram of Mermaid."""
        finals = [state for state in self.states if not self.allowed(state)]
        names = [f'    state "{state}" as {_name(state)}' for state in self.states if state != _name(state)]
        edges = [
            f"    {_name(before)} --> {_name(after)}: {action}" for before, action, after in self._edges()
        ]
        ends = [f"    {_name(state)} --> [*]" for state in finals]
        return (
            "\n".join(["stateDiagram-v2", *names, f"    [*] --> {_name(self.initial)}", *edges, *ends]) + "\n"
        )

    def _edges(self) -> Iterator[tuple[str, str, str]]:
        for step in self.steps:
            for before in step.before:
                yield before, step.action, step.after


def _name(state: str) -> str:
    """Return the id of a state in a diagram, which holds no dashes."""
    return state.replace("-", "_")
