"""What makes cooperation triangular or South-South (IATI CollaborationType 8)."""

import pytest

from shared.contracts.funding.v1 import Agreement
from shared.figures.triangular import ODA_RECIPIENTS, faults_of_roles
from shared.testing import partnerships as sample


def codes(*partners, kind="triangular", collaboration_type="8"):
    document = sample.agreement("A", kind=kind, collaboration_type=collaboration_type)
    document["partners"] = [sample.partner(f"P-{place}", *each) for place, each in enumerate(partners)]
    return [code for _, code, _ in faults_of_roles(Agreement.model_validate(document))]


@pytest.mark.parametrize(
    ("partners", "expected"),
    [
        ([("provider", "JP"), ("pivot", "BR"), ("beneficiary", "MZ")], []),
        ([("provider", "BR"), ("pivot", "IN"), ("beneficiary", "MZ"), ("beneficiary", "AO")], []),
        ([("provider", "JP"), ("pivot", "BR")], ["cooperation-role-missing"]),
        ([("provider", "JP"), ("pivot", None), ("beneficiary", "MZ")], ["cooperation-role-missing"]),
        (
            [("provider", "JP"), ("pivot", "MZ"), ("beneficiary", "MZ")],
            ["cooperation-countries-not-different"],
        ),
        ([("provider", "JP"), ("pivot", "DE"), ("beneficiary", "MZ")], ["south-south-element-missing"]),
        ([("provider", "JP"), ("pivot", "BR"), ("beneficiary", "DE")], ["south-south-element-missing"]),
    ],
)
def test_triangular_cooperation_has_three_countries_and_a_south_south_element(partners, expected):
    assert codes(*partners) == expected
    assert codes(*partners, kind="bilateral") == expected
    assert codes(*partners, kind="south-south") == expected


def test_the_code_is_that_of_triangular_cooperation():
    three = [("provider", "JP"), ("pivot", "BR"), ("beneficiary", "MZ")]
    assert codes(*three, collaboration_type=None) == []
    assert codes(*three, collaboration_type="1") == ["collaboration-type-differs"]
    assert codes(("funding", None), kind="bilateral", collaboration_type="1") == []


def test_south_south_cooperation_has_no_pivot_and_no_code():
    two = [("provider", "BR"), ("beneficiary", "MZ")]
    assert codes(*two, kind="south-south", collaboration_type=None) == []
    assert codes(*two, kind="south-south") == ["cooperation-role-missing"]
    north = [("provider", "JP"), ("beneficiary", "MZ")]
    assert codes(*north, kind="south-south", collaboration_type=None) == ["south-south-element-missing"]


def test_the_list_has_recipients_alone():
    assert {"MZ", "BR", "IN", "PS", "PW", "NR"} <= ODA_RECIPIENTS
    assert not {"JP", "DE", "US", "KR", "CL", "UY", "AG"} & ODA_RECIPIENTS
