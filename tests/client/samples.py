"""Documents of one project, as they are pulled."""

from typing import Any

from devcoop_client import Documents

PROJECT = "XM-DAC-41302-KEN/01/25"
FRAMEWORK: dict[str, Any] = {
    "iati_identifier": PROJECT,
    "results": [
        {
            "type": "1",
            "titles": [{"text": "People trained"}],
            "indicators": [
                {
                    "measure": "1",
                    "titles": [{"text": "Number of people trained"}],
                    "periods": [
                        {"start": "2026-01-01", "end": "2026-03-31"},
                        {"start": "2026-04-01", "end": "2026-06-30"},
                    ],
                },
                {
                    "measure": "2",
                    "titles": [{"text": "Share of women"}],
                    "periods": [{"start": "2026-01-01", "end": "2026-12-31"}],
                },
                {
                    "measure": "5",
                    "periods": [
                        {"start": "2026-01-01", "end": "2026-12-31"},
                        {"start": "2026-06-01", "end": "2026-12-31"},
                    ],
                },
            ],
        }
    ],
}


def line(aggregate: str, identifier: str, document: dict[str, Any], version: int = 3) -> dict[str, Any]:
    told = {"aggregate": aggregate, "id": f"{aggregate}-{identifier}", "identifier": identifier}
    return {"change": "upsert", **told, "version": version, "document": document}


def pulled_project(documents: Documents, *others: dict[str, Any]) -> None:
    """Take in one project, with its money and results."""
    lines = [
        line("activity", PROJECT, {"iati_identifier": PROJECT}),
        line("framework", PROJECT, FRAMEWORK),
        line("finance", PROJECT, {"iati_identifier": PROJECT, "default_currency": "USD"}),
    ]
    documents.apply([*lines, *others], "1", complete=True)
