"""Who asks for a change: by whose permit, why, and in which request."""

from dataclasses import dataclass, replace

from shared.chassis.audit.entries import Attempt
from shared.chassis.errors import Fault, Forbidden
from shared.policy.permits import Permit, Refused
from shared.policy.principals import Principal

RULE = "rule"
"""What the audit calls an operation that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change, why, and the correlation that ties it to its cause.

    Without a permit it is the service itself, by a rule of its own. ``operation`` and ``source`` tell the audit what was
    asked, and from which address.
    """

    name: str
    correlation_id: str
    rationale: str | None = None
    permit: Permit | None = None
    operation: str = ""
    source: str = ""

    @property
    def attempt(self) -> Attempt:
        """The actor as the audit tells it."""
        if self.permit is None:
            return Attempt.of_service(
                self.name,
                action=self.operation or RULE,
                correlation_id=self.correlation_id,
                reason=self.rationale,
            )
        return Attempt.by(
            self.permit.principal,
            action=self.operation,
            source=self.source,
            correlation_id=self.correlation_id,
            reason=self.rationale,
        )

    def because(self, reasons: str | None) -> "Actor":
        """Return the actor with these reasons, unless the request itself tells why."""
        return replace(self, rationale=self.rationale or reasons)

    @property
    def reader(self) -> Principal | None:
        """Return who reads what a rule looks up; None where it is the service itself, which reads everything."""
        return self.permit.principal if self.permit is not None else None

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names that a person is known by, the one that is recorded first; of a system none: it acts for others."""
        if self.permit is None or not self.permit.principal.is_person:
            return ()
        principal = self.permit.principal
        return tuple(dict.fromkeys((principal.name, principal.subject)))

    def taking(self, step: str) -> "Actor":
        """Return the actor with its permit for one of the steps that the operation stands for.

        Raises:
            Forbidden: its roles do not allow the step.

        """
        if self.permit is None:
            return self
        try:
            return replace(self, permit=self.permit.narrowed(step))
        except Refused:
            detail = f"The roles that the token grants do not allow to {step}."
            raise Forbidden(detail, code="step-forbidden") from None

    def require_own_name(self, name: str, pointer: str) -> None:
        """Check that nobody is named as acting who is not: a person acts for themself, a system may say for whom.

        Raises:
            Forbidden: a person names somebody else.

        """
        own = self.own_names
        if own and name.casefold() not in {each.casefold() for each in own}:
            detail = "A person acts in their own name: that of the token."
            raise Forbidden(
                detail,
                code="not-your-name",
                errors=[Fault(pointer=pointer, code="not-your-name", detail=detail)],
            )
