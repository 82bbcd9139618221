"""Documents beside projects: the newest version of each is found by what it is about."""

from gateway.projection.documents import AGREEMENTS, COUNTRY_PROGRAMMES, KINDS
from gateway.results.documents import about, document, every
from shared.contracts.catalog import AGREEMENT, ALL, COUNTRY_PROGRAMME
from shared.contracts.funding.v1 import Agreement, AgreementPartner, Allocation
from shared.contracts.iati import Narrative, Organisation
from shared.contracts.ids import agreement_id
from shared.contracts.projects.v1 import ProgrammeOutcomeLink
from shared.testing.programming import PROGRAMMING
from shared.testing.read_models import event, reading, take

ELSEWHERE = {"activity", "finance", "framework", "partner", "rates", "criteria-set", "evaluation-policy"}


def agreement(**members):
    return Agreement(
        number="AGR-1",
        titles=(Narrative(text="Jobs"),),
        kind="bilateral",
        partners=(AgreementPartner(organisation=Organisation(ref="SE-0"), role="funding"),),
        **members,
    )


def allocated(code, outcome):
    return Allocation(
        code=code,
        amount=1,
        decided_on="2026-01-01",
        by="b.officer",
        activity="XM-1",
        programme_outcome=ProgrammeOutcomeLink(biennium="2026-27", code=outcome),
    )


def test_every_kind_of_the_catalog_is_a_document_or_has_tables_or_no_page():
    assert {facts.created.aggregate for facts in ALL} == KINDS.keys() | ELSEWHERE


async def test_a_document_is_found_by_its_keys_as_it_stands(new_read_model):
    read_model = await new_read_model()
    later = agreement(state="signed", allocations=(allocated("1", "3"), allocated("2", "4")))
    last = later.model_copy(update={"allocations": later.allocations[1:]})
    await take(read_model, [event(AGREEMENT, agreement()), event(AGREEMENT, later, 2)])
    await take(read_model, [event(AGREEMENT, last, 3)])
    await take(read_model, [event(AGREEMENT, later, 2)])
    async with reading(read_model) as session:
        assert await document(session, AGREEMENTS, agreement_id("AGR-1")) == last
        assert await document(session, AGREEMENTS, agreement_id("AGR-2")) is None
        assert await about(session, AGREEMENTS, "outcome", ["2026-27/4"]) == [last]
        assert await about(session, AGREEMENTS, "outcome", ["2026-27/3"]) == []
        assert await about(session, AGREEMENTS, "partner", ["SE-0", "CH-4"]) == [last]
        assert await about(session, COUNTRY_PROGRAMMES, "partner", ["SE-0"]) == []


async def test_documents_of_a_kind_are_told_in_order(new_read_model):
    read_model = await new_read_model()
    programme = PROGRAMMING["projects.country-programme.v1"]
    first = programme.model_copy(update={"code": "AA-1"})
    await take(read_model, [event(COUNTRY_PROGRAMME, programme), event(COUNTRY_PROGRAMME, first)])
    async with reading(read_model) as session:
        assert await every(session, COUNTRY_PROGRAMMES) == [first, programme]
        assert await about(session, COUNTRY_PROGRAMMES, "outcome", ["2024-25/2"]) == [first, programme]
