"""Work with DevCoop from a field office: pull, report offline, and push over a link that drops.

The command line is ``devcoop`` (or ``python -m devcoop_client``). What it does can be done from Python too::

    store = Store(home / "devcoop.db")
    Outbox(store).queue([Draft("PATCH", "/v1/reports/R-1", {"rating": "amber"}, "R-1 is amber")])
    link = Link(Credentials(address, client_id, client_secret), home)
    Pusher(link, store).push()
"""

from devcoop_client.backoff import Backoff
from devcoop_client.chunks import ChunkSize
from devcoop_client.credentials import Credentials
from devcoop_client.documents import Documents, Pulled
from devcoop_client.errors import (
    FieldClientError,
    LinkDown,
    LoginRefused,
    NotReady,
    ServerRefused,
    Unusable,
)
from devcoop_client.link import Link
from devcoop_client.outbox import Command, Draft, Outbox, Outcome
from devcoop_client.pull import Puller, PullReport, Wanted
from devcoop_client.push import Pusher, PushReport
from devcoop_client.resolve import resolve
from devcoop_client.store import Store

__all__ = [
    "Backoff",
    "ChunkSize",
    "Command",
    "Credentials",
    "Documents",
    "Draft",
    "FieldClientError",
    "Link",
    "LinkDown",
    "LoginRefused",
    "NotReady",
    "Outbox",
    "Outcome",
    "PullReport",
    "Pulled",
    "Puller",
    "PushReport",
    "Pusher",
    "ServerRefused",
    "Store",
    "Unusable",
    "Wanted",
    "resolve",
]
