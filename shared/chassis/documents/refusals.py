"""What the rules of a document's life refuse, as the problems that a caller gets."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.chassis.documents.faults import told
from shared.chassis.errors import IllegalTransition, Invalid
from shared.contracts.workflow import IllegalStep, StepRefused


@contextmanager
def refusals() -> Iterator[None]:
    """Tell a step that the rules refuse as a problem.

    Raises:
        IllegalTransition: the state does not allow it.
        Invalid: it may not be told so.

    """
    try:
        yield
    except IllegalStep as error:
        detail = f"To {error.action} is not allowed in the state {error.state!r}."
        raise IllegalTransition(detail, allowed=error.allowed) from error
    except StepRefused as error:
        raise Invalid("That can not be recorded.", errors=told(error.faults)) from error
