"""The sample's programming frameworks through the gateway: loaded twice, read, and taken in as events."""

import io

import pytest
from rich.console import Console

from deploy.local.portfolio import PortfolioRefused, load_documents
from deploy.local.sample import sample_frameworks
from shared.contracts.iati import Narrative
from shared.contracts.projects.v1 import FieldOffice
from tests.flow.client import Gateway


def load(gateway: Gateway, sets=None) -> str:
    console = Console(file=io.StringIO(), width=200)
    load_documents(console, gateway.office, "Frameworks", sample_frameworks() if sets is None else sets)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def loaded(gateway: Gateway) -> str:
    return load(gateway)


def test_the_sample_is_loaded_once_however_often_it_is_sent(gateway: Gateway, loaded: str):
    count = sum(len(documents) for _, documents in sample_frameworks())
    assert loaded == f"Frameworks: {count} created, 0 changed, 0 unchanged\n"
    assert load(gateway) == f"Frameworks: 0 created, 0 changed, {count} unchanged\n"


@pytest.mark.usefixtures("loaded")
def test_lists_are_read_through_the_gateway(gateway: Gateway):
    for path, documents in sample_frameworks():
        items = gateway.get(f"{path}?limit=500")["items"]
        assert len(items) >= len(documents)
    kenya = gateway.get("/v1/country-programmes?country=KE&biennium=2024-25")["items"]
    assert [each["document"]["sample"] for each in kenya] == [True]
    served = gateway.get("/v1/field-offices?country=KE&kind=country-office")["items"]
    assert [each["identifier"] for each in served] == ["SAMPLE-CO-1027"]


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(("path", "documents"), sample_frameworks())
def test_a_write_of_each_kind_is_taken_in_by_the_read_model(gateway: Gateway, path, documents):
    (item,) = gateway.get(f"{path}?limit=1")["items"]
    address = f"{path}/{item['identifier']}"
    sample = item["document"].get("sample", False)
    written = gateway.http.patch(address, json={"sample": not sample})
    assert written.json()["outcome"] == "changed", documents
    after = {"DevCoop-After": written.headers["devcoop-write"]}
    answer = gateway.http.get("/v1/results/projects?limit=1", headers=after)
    assert answer.status_code == 200, answer.text
    assert gateway.http.patch(address, json={"sample": sample}).json()["outcome"] == "changed"


def test_a_document_that_is_refused_stops_the_load(gateway: Gateway):
    office = FieldOffice(code="X", names=(Narrative(text="X"),), kind="liaison")
    broken = office.model_copy(update={"code": ""})
    with pytest.raises(PortfolioRefused, match="/v1/field-offices"):
        load(gateway, [("/v1/field-offices", (broken,))])
