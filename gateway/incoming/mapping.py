"""How messages of a partner become commands of ours: declared as data, checked when it is declared, never code.

A rule for each type of message names the command, by method and path, and a template of its body. In a template an object
with the member ``$get`` stands for what a JMESPath expression finds in the message, and one with ``$each`` for a list that
is made of each item which its expression finds; everything else stands for itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from gateway.incoming.operations import Command, commands
from shared.chassis.errors import MOST_FAULTS, Fault, faults_of

GET, EACH = "$get", "$each"
MOST_LEVELS = 20
MOST_EXPRESSION = 1000
MOST_DIGITS = 40
PLACE = re.compile(r"\{([a-z_]+)\}")
IDENTIFIER = "{identifier}"
"""What the owners call the one part of these paths that is not fixed."""

_FAILURES = (JMESPathError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What the library raises where an expression meets what it was not made for."""

Expression = Annotated[str, Field(min_length=1, max_length=MOST_EXPRESSION, description="JMESPath")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Codes = dict[Name, Annotated[str, Field(max_length=500)]]


class Declared(BaseModel):
    """What is declared has no members that are not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class Get(Declared):
    """Stands for what an expression finds.

    ``codes`` names a map from the partner's codes to ours. ``as`` makes a date of a moment, text of a number, or an exact
    decimal of either, times ten to the power of ``scale``. What is not found is ``default``; where there is none either,
    the member is left out if it is ``optional``, and the message does not fit if it is not.
    """

    get: Expression = Field(alias=GET)
    codes: Name | None = None
    convert: Literal["text", "date", "decimal"] | None = Field(default=None, alias="as")
    scale: Annotated[int, Field(ge=-9, le=9)] = 0
    default: str | int | bool | None = None
    optional: bool = False


class Each(Declared):
    """Stands for a list: ``item`` is the template of each, in which expressions look into the item that was found."""

    each: Expression = Field(alias=EACH)
    item: JsonValue


class Rule(Declared):
    """The command that messages of one type become; ``when`` is an expression that tells which of them do."""

    method: Literal["POST", "PATCH"]
    path: Annotated[str, Field(max_length=500, description="As `/v1/agreements/{agreement}/receipts`")]
    values: dict[Name, Get] = Field(description="What stands in the place of the name in the path")
    body: dict[str, JsonValue]
    when: Expression | None = None

    @property
    def command(self) -> Command | None:
        """The operation of an owner, None if there is none that messages may become."""
        return commands().get((self.method, PLACE.sub(IDENTIFIER, self.path)))


class MessageMapping(Declared):
    """How the messages of a source are mapped; ``type`` finds what a message is, and ``ignored`` are types without effect."""

    type: Expression = "type"
    rules: dict[Name, Rule] = Field(max_length=100)
    ignored: tuple[Name, ...] = Field(default=(), max_length=100)
    codes: dict[Name, Codes] = Field(default={}, max_length=50)


class NotMapped(Exception):
    """A message does not fit a mapping; ``pointer`` leads into the mapping to what could not be done."""

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer = code, detail, pointer


@dataclass(frozen=True, slots=True)
class Mapped:
    """A command that a message became; ``subject`` is the thing that it is about, whatever is done with it."""

    command: Command
    target: str
    subject: str
    body: dict[str, Any]


def type_of(mapping: MessageMapping, message: Any) -> str:  # noqa: ANN401
    """Return what a message is.

    Raises:
        NotMapped: it does not say.

    """
    found = _found(mapping.type, message, "/type")
    if not isinstance(found, str) or not found:
        raise NotMapped("type-missing", "The message does not say of which type it is.", "/type")
    return found


def mapped(mapping: MessageMapping, message: Any) -> Mapped | None:  # noqa: ANN401
    """Return the command that a message becomes, None if it is to have no effect.

    Raises:
        NotMapped: it does not fit.

    """
    type_ = type_of(mapping, message)
    if type_ in mapping.ignored:
        return None
    rule = mapping.rules.get(type_)
    if rule is None or rule.command is None:
        raise NotMapped("type-not-mapped", "There is no rule for messages of this type.", "/rules")
    at = f"/rules/{_step(type_)}"
    if rule.when is not None and not _found(rule.when, message, f"{at}/when"):
        return None
    filler = _Filler(mapping.codes)
    (place,) = PLACE.findall(rule.path)
    identifier = filler.got(rule.values[place], message, f"{at}/values/{place}")
    if not isinstance(identifier, str) or identifier in ("", ".", "..") or "\0" in identifier:
        raise NotMapped(
            "identifier-invalid", "What stands in the path is no identifier.", f"{at}/values/{place}"
        )
    encoded = quote(identifier, safe="")
    body = cast("dict[str, Any]", filler.filled(rule.body, message, f"{at}/body"))
    subject = f"{rule.command.path.split('/')[2]}/{identifier}"
    return Mapped(rule.command, PLACE.sub(lambda _: encoded, rule.path), subject, body)


class _Missing:
    """Stands for a member that is left out."""


_MISSING = _Missing()


class _Filler:
    """Fills templates from messages."""

    def __init__(self, codes: Mapping[str, Mapping[str, str]]) -> None:
        self._codes = codes

    def filled(self, template: JsonValue, message: Any, at: str) -> Any:  # noqa: ANN401
        if isinstance(template, dict):
            if GET in template:
                return self.got(Get.model_validate(template), message, at)
            if EACH in template:
                return self._listed(Each.model_validate(template), message, at)
            members = (
                (name, self.filled(each, message, f"{at}/{_step(name)}")) for name, each in template.items()
            )
            return {name: value for name, value in members if value is not _MISSING}
        if isinstance(template, list):
            items = [self.filled(each, message, f"{at}/{place}") for place, each in enumerate(template)]
            return [each for each in items if each is not _MISSING]
        return template

    def got(self, get: Get, message: Any, at: str) -> Any:  # noqa: ANN401
        value = _found(get.get, message, at)
        if value is None:
            if get.default is not None:
                return get.default
            if get.optional:
                return _MISSING
            raise NotMapped("member-missing", f"The message has nothing at {get.get}.", at)
        if get.codes is not None:
            value = self._code(get.codes, value, at)
        return value if get.convert is None else _converted(value, get, at)

    def _listed(self, each: Each, message: Any, at: str) -> list[Any]:  # noqa: ANN401
        found = _found(each.each, message, at)
        if not isinstance(found, list):
            raise NotMapped("list-missing", f"The message has no list at {each.each}.", at)
        items = [self.filled(each.item, item, f"{at}/item") for item in found]
        return [item for item in items if item is not _MISSING]

    def _code(self, name: str, value: Any, at: str) -> str:  # noqa: ANN401
        code = self._codes.get(name, {}).get(str(value).strip()) if isinstance(value, (str, int)) else None
        if code is None:
            raise NotMapped("code-not-mapped", f"The map {name} has nothing for what the message tells.", at)
        return code


def _found(expression: str, message: Any, at: str) -> Any:  # noqa: ANN401
    try:
        return _compiled(expression).search(message)
    except _FAILURES as error:
        detail = f"The expression cannot be applied to the message: {type(error).__name__}."
        raise NotMapped("expression-failed", detail, at) from error


def _compiled(expression: str) -> ParsedResult:
    """Return an expression that was read; the library keeps those that were read of late."""
    return jmespath.compile(expression)


def _converted(value: Any, get: Get, at: str) -> str:  # noqa: ANN401
    """Return a value as text of the form that is asked for."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise NotMapped("value-invalid", "The message has neither text nor a number there.", at)
    try:
        if get.convert == "date":
            return date.fromisoformat(str(value)[:10]).isoformat()
        return str(value) if get.convert == "text" else _decimal(str(value), get.scale)
    except (ValueError, InvalidOperation):
        raise NotMapped("value-invalid", f"What the message has there is no {get.convert}.", at) from None


def _decimal(written: str, scale: int) -> str:
    """Return a number in its plain form.

    Raises:
        ValueError: it is none, or a huge one.

    """
    number = Decimal(written)
    if not number.is_finite() or max(abs(number.adjusted()), len(number.as_tuple().digits)) > MOST_DIGITS:
        raise ValueError(written)
    return f"{number.scaleb(scale):f}"


def faults_of_mapping(mapping: MessageMapping) -> list[Fault]:
    """Return what is wrong with a mapping, each with a pointer into it."""
    found = [*_faults_of_expression(mapping.type, "/type")]
    for type_, rule in mapping.rules.items():
        at = f"/rules/{_step(type_)}"
        found += _faults_of_rule(mapping, rule, at)
        if type_ in mapping.ignored:
            found.append(_fault(at, "type-ignored-too", "The type is among those without effect."))
    return found[:MOST_FAULTS]


def _faults_of_rule(mapping: MessageMapping, rule: Rule, at: str) -> Iterator[Fault]:
    if rule.when is not None:
        yield from _faults_of_expression(rule.when, f"{at}/when")
    places = PLACE.findall(rule.path)
    if rule.command is None:
        told = ", ".join(sorted(f"{method} {path}" for method, path in commands()))
        yield _fault(f"{at}/path", "command-not-allowed", f"A message becomes one of: {told}.")
    elif set(places) != set(rule.values):
        yield _fault(f"{at}/values", "values-of-path", "The values are those that the path names.")
    for name, get in rule.values.items():
        yield from _faults_of_get(mapping, get, f"{at}/values/{_step(name)}")
    yield from _faults_of_template(mapping, rule.body, f"{at}/body", 0)
    if rule.command is not None and rule.command.members is not None:
        for name in sorted(rule.body.keys() - rule.command.members):
            yield _fault(f"{at}/body/{_step(name)}", "member-unknown", "The command has no such member.")
        for name in sorted(rule.command.required - rule.body.keys()):
            yield _fault(f"{at}/body", "member-missing", f"The command needs the member {name}.")


def _faults_of_template(mapping: MessageMapping, template: JsonValue, at: str, level: int) -> Iterator[Fault]:
    if level > MOST_LEVELS:
        yield _fault(at, "template-too-deep", f"A template has at most {MOST_LEVELS} levels.")
    elif isinstance(template, list):
        for place, item in enumerate(template):
            yield from _faults_of_template(mapping, item, f"{at}/{place}", level + 1)
    elif isinstance(template, dict) and (GET in template or EACH in template):
        try:
            if GET in template:
                yield from _faults_of_get(mapping, Get.model_validate(template), at)
            else:
                each = Each.model_validate(template)
                yield from _faults_of_expression(each.each, at)
                yield from _faults_of_template(mapping, each.item, f"{at}/item", level + 1)
        except ValidationError as error:
            yield from (
                fault.model_copy(update={"pointer": at + fault.pointer}) for fault in faults_of(error)
            )
    elif isinstance(template, dict):
        for name, member in template.items():
            yield from _faults_of_template(mapping, member, f"{at}/{_step(name)}", level + 1)


def _faults_of_get(mapping: MessageMapping, get: Get, at: str) -> Iterator[Fault]:
    yield from _faults_of_expression(get.get, at)
    if get.codes is not None and get.codes not in mapping.codes:
        yield _fault(at, "codes-unknown", "There is no map of codes of that name.")


def _faults_of_expression(expression: str, at: str) -> Iterator[Fault]:
    try:
        _compiled(expression)
    except JMESPathError as error:
        yield _fault(at, "expression-invalid", str(error).splitlines()[0][:300])
    except RecursionError:
        yield _fault(at, "expression-invalid", "The expression is nested too deeply.")


def _fault(pointer: str, code: str, detail: str) -> Fault:
    return Fault(pointer=pointer, code=code, detail=detail)


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
