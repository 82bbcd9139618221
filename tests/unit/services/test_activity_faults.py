"""What an author may not write of an activity: shares that are no parts of one whole."""

import pytest

from services.projects.domain import faults_of_activity
from shared.contracts.projects.v1 import Activity


def faults(**members) -> list[tuple[str, str]]:
    required = {"iati_identifier": "X-1", "reporting_organisation": {}, "titles": [], "status": "2"}
    activity = Activity.model_validate({**required, **members})
    return [(pointer, code) for pointer, code, _ in faults_of_activity(activity)]


def share(percentage: str | None, vocabulary: str | None = None, uri: str | None = None) -> dict:
    return {"code": "1", "percentage": percentage, "vocabulary": vocabulary, "vocabulary_uri": uri}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"recipient_countries": [share(None)], "recipient_regions": [share(None)]},
        {"recipient_countries": [share("60")], "recipient_regions": [share("40", "1")]},
        {"recipient_countries": [share("100")], "recipient_regions": [share("100", "2")]},
        {"sectors": [share("100", "1"), share("100", "2"), share("50", "7"), share("50.05", "7")]},
        {"sectors": [share("100", "99", "https://one"), share("100", "99", "https://other")]},
        {"sectors": [share("70")]},
    ],
)
def test_parts_of_one_whole(members: dict):
    assert not faults(**members)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"recipient_countries": [share("60")], "recipient_regions": [share("60", "1")]},
            [("/recipient_countries/0/percentage", "shares-over-100")],
        ),
        (
            {"recipient_regions": [share("60"), share("60", "1")]},
            [("/recipient_regions/0/percentage", "shares-over-100")],
        ),
        (
            {"sectors": [share("60"), share("100", "2"), share("60", "1"), share("1", "2")]},
            [("/sectors/0/percentage", "shares-over-100"), ("/sectors/1/percentage", "shares-over-100")],
        ),
        (
            {"sectors": [share("60", "2", "https://one"), share("60", "2")]},
            [("/sectors/0/percentage", "shares-over-100")],
        ),
        (
            {"recipient_countries": [share("-1")], "recipient_regions": [share("101", "99")]},
            [
                ("/recipient_countries/0/percentage", "share-out-of-range"),
                ("/recipient_regions/0/percentage", "share-out-of-range"),
            ],
        ),
    ],
)
def test_what_is_no_part_of_one_whole(members: dict, expected: list):
    assert faults(**members) == expected
