from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.imports.iati.problems import FileRefused, Problem
from gateway.imports.iati.reader import Item, read
from gateway.imports.iati.scan import FileFacts, scan

_ACTIVITY = """<iati-activity {attributes}>
<iati-identifier>{identifier}</iati-identifier>
<reporting-org ref="XM-DAC-1" type="40"><narrative>Reporter</narrative></reporting-org>
<title>{title}</title>
<description><narrative>About it</narrative></description>
<participating-org role="1"/>
<activity-status code="2"/>
{dates}{more}
</iati-activity>"""


@pytest.fixture
def activity() -> Callable[..., str]:
    """Return a valid activity; ``more`` is what follows its dates, in the order of the standard."""

    def write(identifier: str = "AA-1", more: str = "", **parts: str) -> str:
        usual = {
            "attributes": 'default-currency="EUR"',
            "title": "<narrative>Title</narrative>",
            "dates": '<activity-date type="1" iso-date="2020-01-01"/>',
        }
        return _ACTIVITY.format(identifier=identifier, more=more, **{**usual, **parts})

    return write


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file, or activities into the root element of one."""

    def to_disk(content: str | bytes) -> Path:
        if isinstance(content, str):
            content = f'<iati-activities version="2.03">\n{content}\n</iati-activities>\n'.encode()
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return to_disk


@pytest.fixture
def scanned(write: Callable[[str | bytes], Path]) -> Callable[..., FileFacts]:
    return lambda content, **options: scan(write(content), **options)


@pytest.fixture
def refused(write: Callable[[str | bytes], Path]) -> Callable[..., Problem]:
    """Return what refuses a file as a whole."""

    def refusal(content: str | bytes, **options: int) -> Problem:
        with pytest.raises(FileRefused) as raised:
            scan(write(content), **options)
        return raised.value.problem

    return refusal


@pytest.fixture
def items(write: Callable[[str | bytes], Path]) -> Callable[..., list[Item]]:
    def read_all(content: str | bytes, *, skip: int = 0) -> list[Item]:
        path = write(content)
        return list(read(path, scan(path), skip=skip))

    return read_all


@pytest.fixture
def item(items: Callable[..., list[Item]]) -> Callable[[str], Item]:
    """Return the only item of a file."""

    def read_one(content: str) -> Item:
        (only,) = items(content)
        return only

    return read_one
