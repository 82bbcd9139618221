"""Small files of the tests' own, and real ones under other identifiers so that they are new to the system."""

from pathlib import Path
from uuid import uuid4

from lxml import etree

from tests.flow import xml_counts

_ACTIVITY = """\
<iati-activity default-currency="EUR">
<iati-identifier>{identifier}</iati-identifier>
<reporting-org ref="XM-FLOW" type="40"><narrative>Reporter</narrative></reporting-org>
<title><narrative>{title}</narrative></title>
<description><narrative>About it</narrative></description>
<participating-org role="1"/>
<activity-status code="2"/>
<activity-date type="1" iso-date="2020-01-01"/>
</iati-activity>
"""


def new_identifier() -> str:
    return f"XM-FLOW-{uuid4().hex[:12]}"


def activity_xml(identifier: str, title: str = "Title") -> str:
    return _ACTIVITY.format(identifier=identifier, title=title)


def file_of(*activities: str, version: str = "2.03") -> bytes:
    return f'<iati-activities version="{version}">\n{"".join(activities)}</iati-activities>\n'.encode()


def as_new(path: Path, mark: str) -> bytes:
    """Return a file whose items have identifiers that end in a mark."""
    root = xml_counts.parse(path)
    assert root is not None
    for item in xml_counts.items_of(root):
        child = item.find(xml_counts.IDENTIFIERS[item.tag])
        child.text = f"{(child.text or '').strip()}{mark}"
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def activity_document(identifier: str, title: str = "Decent work") -> dict[str, object]:
    """Return an activity as its owner takes it."""
    return {
        "iati_identifier": identifier,
        "reporting_organisation": {"ref": "XM-FLOW"},
        "titles": [{"text": title}],
        "status": "2",
        "recipient_countries": [{"code": "KE"}],
    }
