"""The examples of the documentation: shell blocks of `curl`, read as the requests that they are.

What is not understood fails: an example that nothing tries is worth nothing.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ADDRESS = "http://127.0.0.1:8100"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FLAGS = {"-i", "-s", "-sS"}
_BODY = {"-d", "--data", "--data-binary"}


@dataclass(slots=True)
class Request:
    """One request; ``content`` is sent as it is."""

    line: int
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None

    def __str__(self) -> str:
        return f"line {self.line}: {self.method} {self.target}"


def requests_of(page: Path) -> Iterator[Request]:
    """Yield the requests of a page's examples, in order."""
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1)) + 1
        yield from _requests(block[1], page, line)


def _requests(block: str, page: Path, line: int) -> Iterator[Request]:
    words = shlex.split(block.replace("\\\n", " "), comments=True)
    commands: list[list[str]] = []
    for word in words:
        if word == "curl":
            commands.append([])
        elif commands:
            commands[-1].append(word)
        else:
            raise ValueError(f"{page.name}:{line}: {word} is no curl")
    for command in commands:
        yield _request(command, page, line)


def _request(words: list[str], page: Path, line: int) -> Request:
    request = Request(line)
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            continue
        if word == "-X":
            request.method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            request.headers[name] = value
        elif word in _BODY:
            told = next(rest)
            is_file = told.startswith("@")
            request.content = (page.parents[1] / told[1:]).read_bytes() if is_file else told.encode()
        elif word.startswith(ADDRESS):
            request.target = word.removeprefix(ADDRESS)
        else:
            raise ValueError(f"{page.name}:{line}: {word} is not understood")
    request.method = request.method or ("GET" if request.content is None else "POST")
    return request
