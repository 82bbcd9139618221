"""The register of personal data: on its page as the contracts say, and no member that names persons is left out."""

import re
from collections.abc import Iterator

import pytest

from gateway.base import Base
from gateway.personal import KEEPER
from shared.contracts import snapshots
from shared.contracts.base import Contract
from shared.contracts.events import Header
from shared.contracts.personal import SCHEMA_MEMBER, personal_members
from shared.contracts.register import COMMAND, PAGE, main, page, table

NAMING = re.compile(
    r"(^|_)(by|who|name|person|persons|authors?|responsible|evaluators|actor|emails?|telephones?"
    r"|addressed_to|reasons?|comments?|rationale)$"
)
"""Members whose name says that they name a person, or that somebody says something."""
NOBODY = {
    "funding.mobilisation-target.v1 $.measured_by",  # approvals or receipts
    "projects.activity.v1 $.legacy_data[*].name",  # of a field in the publisher's system
    "projects.activity.v1 $.locations[*].srs_name",  # of a reference system of coordinates
}
BY_OTHER_MEANS = ("audit_", "erasure", "erased_payload")
"""Tables of the gateway that an erasure takes care of by itself."""
DIMENSION = "dimensions[*].name"
"""The side of a disaggregation, as sex."""


def members(
    schema: dict, node: dict, path: str = "$", seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, bool]]:
    """Yield the members of a schema by path, and whether they or what holds them is marked."""
    for part in (node, *node.get("anyOf", ())):
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            if name not in seen:
                yield from members(schema, schema["$defs"][name], path, (*seen, name))
        if "items" in part:
            yield from members(schema, part["items"], f"{path}[*]", seen)
        for name, member in part.get("properties", {}).items():
            marked = any(SCHEMA_MEMBER in each for each in (member, *member.get("anyOf", ())))
            yield f"{path}.{name}", marked
            if not marked:
                yield from members(schema, member, f"{path}.{name}", seen)


@pytest.mark.parametrize("name", snapshots.contracts())
def test_what_the_schema_marks_is_what_the_register_tells(name: str):
    schema = snapshots.schema(name)
    marked = {path for path, is_marked in members(schema, schema) if is_marked}
    assert marked == {path for path, _ in personal_members(snapshots.contracts()[name])}


@pytest.mark.parametrize("name", snapshots.contracts())
def test_no_member_that_names_persons_is_left_out(name: str):
    schema = snapshots.schema(name)
    told = dict(members(schema, schema))
    marked = [path for path, is_marked in told.items() if is_marked]
    left = {
        f"{name} {path}"
        for path in told
        if NAMING.search(path.rpartition(".")[2])
        and not path.endswith(DIMENSION)
        and not any(each.startswith(path) for each in marked)
    }
    assert left - NOBODY == set()


def test_no_column_of_the_gateway_that_names_persons_is_left_out():
    marked = {(each.model.__tablename__, name) for each in KEEPER.tables for name in each.part.members}
    left = {
        (name, column.name)
        for name, table in Base.metadata.tables.items()
        if not name.startswith(BY_OTHER_MEANS)
        for column in table.columns
        if NAMING.search(column.name)
    }
    assert left - marked - {("generation", "schema_name")} == set()
    assert left >= {("client", "created_by"), ("client_secret", "revoked_by"), ("import", "started_by")}


def test_the_register_is_on_its_page():
    text = (snapshots.ROOT / PAGE).read_text(encoding="utf-8")
    assert page(text) == text, f"run `{COMMAND}` and commit what it writes"


def test_every_event_tells_who_and_why():
    assert [path for path, _ in personal_members(Header)] == ["$.actor", "$.rationale"]


@pytest.mark.parametrize(
    "row",
    [
        "| projects | activity | `$.contacts[*].emails` | contact |",
        "| projects | proposal | `$.appraisals[*].appraiser.person` | name |",
        "| monitoring | evaluation | `$.recommendations[*].follow_up[*].responsible` | name |",
        "| every owner | events | `$.rationale` | text |",
    ],
)
def test_the_register_tells_of_members_wherever_they_are(row: str):
    assert row in table()


def test_a_page_that_is_out_of_date_is_named_and_written_anew(tmp_path, capsys):
    written = tmp_path / PAGE
    written.parent.mkdir()
    text = (snapshots.ROOT / PAGE).read_text(encoding="utf-8")
    written.write_text(text.replace("| contact |", "| something |"), encoding="utf-8")
    assert main(["--check"], root=tmp_path) == 1
    assert capsys.readouterr().out == f"differs: {PAGE}\n"
    assert main([], root=tmp_path) == 0
    assert written.read_text(encoding="utf-8") == text
    assert main(["--check"], root=tmp_path) == 0


def test_a_page_without_a_place_for_it_is_no_page_of_the_register():
    with pytest.raises(ValueError, match="no place"):
        page("# Personal data\n")


def test_a_contract_that_names_nobody_has_no_personal_members():
    assert personal_members(Contract) == []
