import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real files, which are nobody's here to commit."""
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"The real files are not at {folder}."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
