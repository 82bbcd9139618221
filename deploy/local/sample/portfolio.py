"""The file of the sample portfolio."""

from pathlib import Path

from deploy.local.sample.activity import activity
from deploy.local.sample.project import REFERENCE, draw_project

INVENTED = "<!-- Sample data: every project, amount and result in this file is invented. -->\n"


def write_portfolio(path: Path, *, projects: int = 200, seed: int = 1) -> None:
    """Write a portfolio of invented projects as an IATI 2.03 activity file.

    The same numbers give the same bytes; nothing is held but the project being written.

    Args:
        path: the file, replaced if it exists.
        projects: how many activities.
        seed: which portfolio.

    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        file.write(INVENTED)
        file.write(f'<iati-activities version="2.03" generated-datetime="{REFERENCE}T00:00:00Z">\n')
        for number in range(projects):
            file.write(activity(draw_project(number, projects, seed)))
        file.write("</iati-activities>\n")
