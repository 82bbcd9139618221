"""Runs the vectors beside this file against a function or an HTTP address. Needs the standard library alone.

python tests/conformance/runner.py --http http://localhost:8000/answer
python tests/conformance/runner.py --function package.module:function

Each vector that fails has a line of its own, and the exit status is 1 if there is one. See README.md for the format.
"""

import argparse
import importlib
import json
import re
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

VECTORS = Path(__file__).parent / "vectors"
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
TIMEOUT = 30.0

Answer = Callable[[str, dict[str, Any]], Any]


class Vector(NamedTuple):
    """One case of a rule: what is given, and what has to come of it."""

    rule: str
    id: str
    given: dict[str, Any]
    expect: dict[str, Any]
    why: str


class Failure(NamedTuple):
    """A vector that failed, and where the answer first differs."""

    rule: str
    id: str
    difference: str
    why: str

    def __str__(self) -> str:
        return f"{self.rule}/{self.id}: {self.difference} ({self.why})"


def vectors(folder: Path = VECTORS, rules: Sequence[str] = ()) -> Iterator[Vector]:
    """Yield the vectors of all files of a folder, or those of some rules."""
    for path in sorted(folder.glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        if not rules or file["rule"] in rules:
            for each in file["vectors"]:
                yield Vector(file["rule"], each["id"], each["given"], each["expect"], each["why"])


def failures(answer: Answer, cases: Iterable[Vector]) -> Iterator[Failure]:
    """Yield the vectors whose answer is not the one expected; an answer that raises is none."""
    for case in cases:
        given = json.loads(json.dumps(case.given))
        try:
            answered = answer(case.rule, given)
        except Exception as error:  # noqa: BLE001 - whatever it is, the vector failed
            found: str | None = f"no answer: {type(error).__name__}: {error}"
        else:
            found = difference(case.expect, answered)
        if found:
            yield Failure(case.rule, case.id, found, case.why)


def difference(expected: Any, answered: Any, place: str = "") -> str | None:
    """Return where an answer first differs from what is expected, None if nowhere.

    Numbers are compared by value, however they are written; null is equal to nothing but null. An answer may tell
    more than is expected, but a list has to be as long.
    """
    if isinstance(expected, dict):
        if not isinstance(answered, dict):
            return _told(expected, answered, place)
        if missing := sorted(expected.keys() - answered.keys()):
            return f"{place}/{missing[0]} is missing"
        parts: Iterable[tuple[str, Any, Any]] = ((key, expected[key], answered[key]) for key in expected)
    elif isinstance(expected, list):
        if not isinstance(answered, list | tuple) or len(answered) != len(expected):
            return _told(expected, answered, place)
        parts = ((str(at), *pair) for at, pair in enumerate(zip(expected, answered, strict=True)))
    else:
        return None if _same(expected, answered) else _told(expected, answered, place)
    found = (difference(one, other, f"{place}/{key}") for key, one, other in parts)
    return next(filter(None, found), None)


def _same(expected: Any, answered: Any) -> bool:
    if expected is None or isinstance(expected, bool) or answered is None or isinstance(answered, bool):
        return expected is answered
    numbers = _number(expected), _number(answered)
    return numbers[0] == numbers[1] if None not in numbers else expected == answered


def _number(value: Any) -> Decimal | None:
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and NUMBER.fullmatch(value) else None


def _told(expected: Any, answered: Any, place: str) -> str:
    shown = [json.dumps(value, ensure_ascii=False, default=str) for value in (expected, answered)]
    return f"{place or '/'} is {shown[1]}, not {shown[0]}"


def ask(address: str, rule: str, given: dict[str, Any]) -> Any:
    """Post a vector to an HTTP address and return its answer; numbers in it are read as decimals."""
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address} is no HTTP address")
    body = json.dumps({"rule": rule, "given": given}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
        return json.load(response, parse_float=Decimal)


def named(function: str) -> Answer:
    """Return the function of a name such as ``package.module:function``."""
    module, _, name = function.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found: Answer = getattr(importlib.import_module(module), name)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the vectors as the command line asks, and return the exit status."""
    parser = argparse.ArgumentParser(description="Run the conformance vectors.")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--http", metavar="URL", help="address that rule and given are posted to")
    whom.add_argument("--function", metavar="MODULE:NAME", help="function of rule and given")
    parser.add_argument("--rule", action="append", default=[], help="only this rule; may be repeated")
    asked = parser.parse_args(arguments)
    cases = list(vectors(rules=asked.rule))
    if unknown := sorted(set(asked.rule) - {case.rule for case in cases}):
        parser.error(f"there is no rule {unknown[0]}")
    answer = partial(ask, asked.http) if asked.http else named(asked.function)
    failed = 0
    for failure in failures(answer, cases):
        failed += 1
        sys.stdout.write(f"{failure}\n")
    sys.stdout.write(f"{len(cases) - failed} of {len(cases)} vectors pass\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
