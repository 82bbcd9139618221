"""The template of a project, made of what its owners answer to who asks for it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

from pydantic_core import to_json

from gateway.batch.commands import Command
from gateway.batch.sending import Answer, Sender
from gateway.spreadsheets.layout import MOST_LINES, Template
from gateway.spreadsheets.lines import lines_of, text_in
from gateway.spreadsheets.texts import TEXTS
from shared.chassis.errors import Invalid
from shared.chassis.ids import uuid7
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.iati import Narratives
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity
from shared.figures.currencies import CURRENT

PARTS = {"projects": "activities", "funding": "finances", "monitoring": "frameworks"}


class NotAnswered(Exception):
    """An owner refused to tell its part; ``answer`` is what it said."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


async def template_of(sender: Sender, identifier: str, lang: str) -> Template:
    """Return the template of a project.

    Raises:
        NotAnswered: an owner does not tell, or none knows the project.
        Invalid: there is too much to be reported.

    """
    answers = await asyncio.gather(*(_part(sender, owner, identifier) for owner in PARTS))
    _require(answers)
    told = [to_json(answer.document["document"]) if answer.is_good else None for answer in answers]
    activity = Activity.from_event(told[0]) if told[0] else None
    finance = ActivityFinance.from_event(told[1]) if told[1] else None
    framework = ResultsFramework.from_event(told[2]) if told[2] else None
    found = list(lines_of(framework, lang, TEXTS[lang].units)) if framework else []
    if len(found) > MOST_LINES:
        raise Invalid(f"A template has at most {MOST_LINES} lines.", code="spreadsheet-too-long")
    return Template(
        id=uuid7(),
        identifier=identifier,
        title=text_in(activity.titles, lang) if activity else "",
        made_at=datetime.now(UTC).replace(microsecond=0),
        lang=lang,
        lines=tuple(line for line, _ in found),
        shown=tuple(shown.cells for _, shown in found),
        currencies=_currencies(finance),
        organisations=tuple(dict.fromkeys(_organisations(activity, lang))) if activity else (),
    )


async def _part(sender: Sender, owner: str, identifier: str) -> Answer:
    target = f"/v1/{PARTS[owner]}/{quote(identifier, safe='')}"
    return await sender.send(Command(key="", method="GET", target=target, owner=owner))


def _require(answers: list[Answer]) -> None:
    """Check that somebody knows the project, and that nobody failed to tell of it."""
    for answer in answers:
        if not answer.is_good and answer.status != HTTPStatus.NOT_FOUND:
            raise NotAnswered(answer)
    if not any(answer.is_good for answer in answers):
        raise NotAnswered(answers[0])


def _currencies(finance: ActivityFinance | None) -> tuple[str, ...]:
    """Return the currencies to choose of, that of the activity first."""
    own = [finance.default_currency] if finance and finance.default_currency in CURRENT else []
    return tuple(dict.fromkeys([*own, *sorted(CURRENT)]))


def _organisations(activity: Activity, lang: str) -> Iterator[str]:
    """Yield the organisations of an activity as they are chosen: by name, and identifier in brackets."""
    told: list[tuple[str | None, Narratives]] = [
        (each.ref, each.names) for each in activity.participating_organisations
    ]
    told.append((activity.reporting_organisation.ref, activity.reporting_organisation.names))
    for ref, names in told:
        name = text_in(names, lang)
        text = f"{name} [{ref}]" if ref else name
        if text:
            yield text.strip()
