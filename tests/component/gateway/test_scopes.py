"""What each principal is answered is the full answer, filtered by the policy: on random worlds, for random grants.

Which projects and documents are seen is told by the policy from the documents themselves (``scoped.py``). A sum is what
an administrator gets who asks for just the projects that are seen.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, settings

from gateway.results.accountability.delivered import Yardstick, group_rows, named
from gateway.results.dimensions import GroupBy
from gateway.results.filters import SummaryQuery
from gateway.results.summary import explain_rows, summarise
from gateway.results.terms import Terms
from gateway.settings import Settings
from shared.contracts.alerts import Alert
from shared.contracts.projects.v1 import CountryProgramme
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.policy.grants import Grant
from shared.testing.identity import TestIssuer
from shared.testing.read_models import reading
from tests.component.gateway.asking import OK, Asker, asked_about
from tests.component.gateway.conftest import ServeEvents
from tests.component.gateway.scoped import ALL_OF_THEM, FINANCE_ALONE, NAME, YEAR, World, worlds

UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]
"""To look for a smaller world would serve the gateway hundreds of times."""
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)
PROGRAMMES = ("country_programme", "country_outcome")
"""Groups that a country programme names."""


class OfThese(SummaryQuery):
    """A summary of some projects and no others."""

    these: list[str]

    def conditions(self) -> tuple[str, dict[str, Any]]:
        where, bound = super().conditions()
        return f"{where} AND a.iati_identifier = ANY(:these)", {**bound, "these": self.these}


@settings(max_examples=2, phases=UNSHRUNK, suppress_health_check=UNHURRIED)
@given(world=worlds(), granted=ALL_OF_THEM)
async def test_an_answer_is_the_full_answer_filtered_by_the_policy(
    serve_events: ServeEvents, issuer: TestIssuer, world: World, granted: list[list[Grant]]
):
    async with asked_about(serve_events, issuer, world, granted) as (full, askers):
        for one in askers:
            await assert_projects(one, full)
            await assert_each_project(one, full)
            await assert_summaries(one)
            await assert_deliveries(one, full)
            await assert_alerts(one, full)


async def assert_projects(one: Asker, full: Asker) -> None:
    assert one.eye.status("results") == OK  # everybody sees what is published
    seen = one.eye.projects()
    for asked in ({}, {"country": "KE"}, {"text": "decent"}, {"text": NAME}, {"explain": "true"}):
        items, all_items = [await each.pages("/projects", "results", **asked) for each in (one, full)]
        expected = [each for each in all_items if each["iati_identifier"] in seen]
        for each in expected:
            keep_back(each.get("explanation"), seen)
        assert items == expected


def keep_back(explanation: Any, seen: list[str]) -> None:
    """Take the names of those activities out of an explanation that are not seen."""
    for value in explanation["inputs"] if explanation else ():
        if value["because"] not in seen:
            value["because"] = None


async def assert_each_project(one: Asker, full: Asker) -> None:
    revisions = one.eye.status("revision")
    for identifier in [*one.eye.world.activities, FINANCE_ALONE, "XM-NOBODY-1"]:
        path = f"/projects/{quote(identifier, safe='')}"
        status, told = await one.answer(path)
        full_status, expected = await full.answer(path)
        if not one.eye.sees_project(identifier) or full_status != OK:
            assert (status, told["code"]) == (404, "not-found")
        else:
            hide_contacts(one, identifier, expected)
            assert told == expected
        status, told = await one.answer(f"{path}/revisions")
        full_status, expected = await full.answer(f"{path}/revisions")
        if revisions != OK:
            assert status == revisions
        elif not one.eye.sees_project(identifier, "revision") or full_status != OK:
            assert (status, told["code"]) == (404, "not-found")
        else:
            assert told == expected


def hide_contacts(one: Asker, identifier: str, project: Any) -> None:
    withheld = one.eye.withheld(identifier) if project["activity"] else []
    if withheld:
        assert withheld == ["contacts"]
        project["activity"]["data"].pop("contacts", None)
        project["activity"]["withheld"] = withheld


async def assert_summaries(one: Asker) -> None:
    drafts = [each for each in one.eye.world.told(CountryProgramme) if not one.eye.sees_programme(each)]
    terms = Terms(datetime.now(UTC).date(), DISBURSEMENT_AND_EXPENDITURE, "ECB")
    seen = one.eye.projects()
    for group in GROUPS:
        for explain in (False, True):
            told = await one.told("/summary", "results", group_by=group, explain=explain)
            async with reading(one.client.read_model) as session:  # type: ignore[attr-defined]
                query = OfThese(group_by=group, explain=explain, these=seen)
                rows, whole = await summarise(session, query, terms)
                if explain:
                    await explain_rows(session, query, terms, rows, whole)
            expected = [row.model_dump(mode="json") for row in (*rows, whole)]
            for row in expected:
                keep_back(row["explanation"], seen)
                row["label"] = None if group in PROGRAMMES and drafts else row["label"]
            found = [*told["groups"], told["whole"]]
            assert [{**row, "explain": ""} for row in found] == expected
            explained = await one.client.get(found[0]["explain"], headers=one.headers)
            assert explained.status_code == OK


async def assert_deliveries(one: Asker, full: Asker) -> None:
    seen = one.eye.projects("delivery")
    rows, all_rows = [
        await each.pages("/delivery", "delivery", by="project", year=YEAR) for each in (one, full)
    ]
    if rows is None:
        return
    assert rows == [row for row in all_rows if row["code"] in seen]
    terms = Terms(datetime.now(UTC).date(), DISBURSEMENT_AND_EXPENDITURE, "ECB")
    begins = Settings.model_fields["delivery_from"].default
    for by in ("country", "donor", "outcome", "field_office"):
        told = await one.told("/delivery", "delivery", by=by, year=YEAR, limit=500)
        async with reading(one.client.read_model) as session:  # type: ignore[attr-defined]
            asked = OfThese(group_by=by, these=seen, year=[YEAR])
            groups, whole = await summarise(session, asked, terms)
        yardstick = Yardstick(Decimal(told["threshold"]), begins, terms.today, terms.convention)
        expected = [
            row.model_dump(mode="json")
            for group in groups
            for row in group_rows(named(group.code, group.label, YEAR), group.counted_once, yardstick)
        ]
        assert sorted(told["items"], key=str) == sorted(expected, key=str)
        together = group_rows(named(None, None, YEAR), whole.counted_once, yardstick)
        assert told["whole"] == [row.model_dump(mode="json") for row in together]


async def assert_alerts(one: Asker, full: Asker) -> None:
    items, all_items = [await each.pages("/alerts", "alert") for each in (one, full)]
    seen = [each.identifier for each in one.eye.world.told(Alert) if one.eye.covers("alert", each)]
    assert len(all_items) == len(one.eye.world.told(Alert))
    if items is not None:
        assert items == [each for each in all_items if each["identifier"] in seen]
