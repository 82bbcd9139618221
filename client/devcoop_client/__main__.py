"""``python -m devcoop_client``."""

from devcoop_client.cli import run

run()
