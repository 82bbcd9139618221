"""Settings as a process takes them at its start: whole and safe, or every fault told at once and no start."""

import secrets
import sys
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from shared.chassis.safety import Fault
from shared.chassis.sources import FOLDER, PREFIX

EX_CONFIG = 78
"""Exit status of a process that is configured wrongly (sysexits.h): to start it again does not help."""

S = TypeVar("S", bound=BaseSettings)


@runtime_checkable
class Checked(Protocol):
    """Settings that know what is unsafe in them."""

    environment: str

    def faults(self) -> Iterator[Fault]:
        """Yield what is unsafe to serve with in production."""


class Misconfigured(Exception):
    """Settings that nothing is started with; the message tells every fault."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        lines = "".join(f"\n- {fault}" for fault in faults)
        super().__init__(f"{name} does not start by these settings:{lines}")
        self.faults = faults


def load(kind: type[S], name: str, **stated: Any) -> S:  # noqa: ANN401
    """Return the settings of the environment, which hold and are safe.

    Args:
        kind: the class of the settings.
        name: who is to start by them.
        stated: settings by name that come from elsewhere.

    Raises:
        Misconfigured: they do not hold, or are unsafe in production.

    """
    settings, faults = examine(kind, **stated)
    if faults or settings is None:
        raise Misconfigured(name, faults)
    return settings


def load_or_exit(kind: type[S], name: str) -> S:
    """Return the settings of the environment; where they are faulty, tell how and end the process."""
    try:
        return load(kind, name)
    except Misconfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EX_CONFIG)


def examine(kind: type[S], **stated: Any) -> tuple[S | None, list[Fault]]:  # noqa: ANN401
    """Return the settings of the environment, None if they do not hold, and all that is wrong with them."""
    try:
        settings = kind(**stated)
    except ValidationError as error:
        faults = [_told(kind, each) for each in error.errors(include_url=False)]
        return None, [*faults, *_behind(kind, stated, error)]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "a file is no text"
        return None, [
            Fault(FOLDER, f"secrets cannot be read: {reason}.", "see that the process may read them.")
        ]
    return settings, _unsafe(settings)


def variable_of(field: str) -> str:
    """Return the variable of a setting."""
    return f"{PREFIX}{field}".upper()


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret."""
    return "SecretStr" in repr(field.annotation)


def _behind(kind: type[S], stated: dict[str, Any], error: ValidationError) -> list[Fault]:
    """Return what is unsafe besides settings that do not hold: with others in their place, the rest is looked at."""
    wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
    try:
        settings = kind(**{**stated, **{name: _in_place(name, kind.model_fields[name]) for name in wrong}})
    except ValidationError:  # faults of several settings together, which were told
        return []
    found = {variable_of(name) for name in wrong}
    return [fault for fault in _unsafe(settings) if fault.variable not in found]


def _in_place(name: str, field: FieldInfo) -> Any:  # noqa: ANN401
    if not field.is_required():
        return field.get_default(call_default_factory=True)
    return SecretStr("postgresql+asyncpg:///none" if name == "database_url" else secrets.token_urlsafe(32))


def _unsafe(settings: BaseSettings) -> list[Fault]:
    if not isinstance(settings, Checked) or settings.environment != "production":
        return []
    return list(settings.faults())


def _told(kind: type[BaseModel], error: ErrorDetails) -> Fault:
    """Return a fault that pydantic found, without the value that it found it in."""
    field, *inside = (str(part) for part in error["loc"]) if error["loc"] else ("",)
    variable = variable_of(field)
    if error["type"] == "missing" and not inside:
        secret = field in kind.model_fields and is_secret(kind.model_fields[field])
        mend = f"set it{f', or write it to the file {variable.lower()} of the folder of secrets' if secret else ''}."
        return Fault(variable, "it is required, and not set.", mend)
    place = f" at {'/'.join(inside)}" if inside else ""
    what = error["msg"].splitlines()[0].removeprefix("Value error, ").rstrip(".")
    json = " Lists and objects are written as JSON." if error["type"].endswith("_type") else ""
    return Fault(
        variable, f"it does not hold{place}: {what}.{json}", "see its type in docs/configuration.md."
    )
