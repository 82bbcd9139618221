"""The examples of the documentation: shell blocks of `curl`, read as the requests that they are.

A block of JSON that follows an example is a part of its answer, or with a status of 400 or more the refusal that it
meets. What is not understood fails: an example that nothing tries is worth nothing. A request has a token only where
the page gives it one.
"""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from shared.contracts.snapshots import ROOT

ADDRESS = "http://127.0.0.1:8100"
PATIENCE_SECONDS = 20
POLL_SECONDS = 0.1
REFUSED = 400
_BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BIENNIUM = re.compile(r"\b(20\d\d)-(\d\d)(?![-\d])")
_YEAR = re.compile(r"\b20\d\d\b")
_FLAGS = {"-i", "-s", "-sS", "--get"}
_BODY = {"-d", "--data", "--data-binary"}
TOKEN = "$TOKEN"  # noqa: S105  (how pages write it)


@dataclass(slots=True)
class Example:
    """One request, with the part of its answer that the page tells; ``content`` is sent as it is.

    ``bears_token`` says that it is made with the token of the page.
    """

    page: str
    line: int
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    bears_token: bool = False
    expected: Any = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.method} {self.target}"

    def holds(self, answer: httpx.Response) -> str | None:
        """Return what of the answer is not as the page tells it, None if nothing is."""
        expected = self.expected
        refused = isinstance(expected, dict) and expected.get("status", 0) >= REFUSED
        if refused != answer.is_error:
            return f"answered {answer.status_code}"
        return None if expected is None else difference(expected, answer.json())


def attempt(client: httpx.Client, example: Example, token: Callable[[], str]) -> None:
    """Make the request, again for a while if it fails: what it reads may be on its way.

    Args:
        client: of the gateway, with no token of its own.
        example: the request, and what its answer is to be.
        token: tells the one that the page means by ``$TOKEN``.

    Raises:
        AssertionError: the answer is not as the page tells it.

    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        bearer = {"Authorization": f"Bearer {token()}"} if example.bears_token else {}
        answer = client.request(
            example.method,
            example.target,
            headers={**example.headers, **bearer},
            content=example.content,
        )
        wrong = example.holds(answer)
        if wrong is None:
            return
        assert time.monotonic() < deadline, f"{example}: {wrong}\n{answer.text[:3000]}"
        time.sleep(POLL_SECONDS)


def is_for_everybody(example: Example, public: httpx.Client, authorised: httpx.Client) -> bool:
    """Tell whether a request that the page shows without a token gets the same answer with one of all roles.

    What tells up to where an answer knows the events may have moved on in between.
    """
    if example.bears_token or example.method != "GET":
        return True
    answers = [each.get(example.target, headers=example.headers).json() for each in (public, authorised)]
    for answer in answers:
        for moving in ("as_of", "position"):
            answer.pop(moving, None)
    return answers[0] == answers[1]


def difference(expected: Any, told: Any, at: str = "") -> str | None:
    """Return where an answer lacks a part, None if it has it; the items of a list may be among others, in order."""
    if isinstance(expected, dict) and isinstance(told, dict):
        for name, part in expected.items():
            if name not in told:
                return f"{at}/{name} is missing"
            if found := difference(part, told[name], f"{at}/{name}"):
                return found
        return None
    if isinstance(expected, list) and isinstance(told, list):
        rest = iter(told)
        for place, part in enumerate(expected):
            if all(difference(part, each) for each in rest):
                return f"{at}/{place} is missing: {json.dumps(part)}"
        return None if expected or not told else f"{at} is not empty"
    return None if expected == told else f"{at} is {json.dumps(told)}, not {json.dumps(expected)}"


def later(text: str, years: int) -> str:
    """Return a text whose years and bienniums are so many years later: a story goes on when its time is over."""

    def label(match: re.Match[str]) -> str:
        return f"{int(match[1]) + years}-{(int(match[2]) + years) % 100:02d}"

    if not years:
        return text
    marked = _BIENNIUM.sub(lambda match: label(match).replace("20", "\0", 1), text)
    return _YEAR.sub(lambda match: str(int(match[0]) + years), marked).replace("\0", "20")


def examples_of(page: Path, *, years_later: int = 0) -> list[Example]:
    """Return the examples of a page, in order.

    Raises:
        ValueError: a block is not understood.

    """
    text = later(page.read_text(encoding="utf-8"), years_later)
    examples: list[Example] = []
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(2)) + 1
        if block[1] == "sh":
            examples += _requests(block[2], page, line)
        elif examples and examples[-1].expected is None:
            examples[-1].expected = json.loads(block[2])
    return examples


def _requests(block: str, page: Path, line: int) -> Iterator[Example]:
    commands: list[list[str]] = []
    for word in shlex.split(block.replace("\\\n", " "), comments=True):
        if word == "curl":
            commands.append([])
        elif commands:
            commands[-1].append(word)
        else:
            raise ValueError(f"{page.name}:{line}: {word} is no curl")
    return (_request(command, page, line) for command in commands)


def _request(words: list[str], page: Path, line: int) -> Example:
    example = Example(page.name, line)
    rest = iter(words)
    query: list[str] = []
    for word in rest:
        if word in _FLAGS:
            continue
        if word == "--data-urlencode":
            name, _, value = next(rest).partition("=")
            query.append(f"{name}={quote(value)}")
        elif word == "-X":
            example.method = next(rest)
        elif word == "--oauth2-bearer" and next(rest) == TOKEN:
            example.bears_token = True
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            example.headers[name] = value
        elif word in _BODY:
            told = next(rest)
            is_file = told.startswith("@")
            example.content = (ROOT / told[1:]).read_bytes() if is_file else told.encode()
        elif word.startswith(ADDRESS):
            example.target = word.removeprefix(ADDRESS)
        else:
            raise ValueError(f"{page.name}:{line}: {word} is not understood")
    if "--get" in words:
        query += [example.content.decode()] if example.content else []
        example.content, example.target = None, f"{example.target}?{'&'.join(query)}"
    example.method = example.method or ("GET" if example.content is None else "POST")
    return example
