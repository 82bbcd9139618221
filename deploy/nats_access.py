"""Who may publish and subscribe what on NATS: the one table of it, and the part of ``nats.conf`` that it gives.

Each service has a user of its own, known by its nkey; there is no connection without one. JetStream is asked by
publishing too, so the table holds what a service may ask of it. What it may not, and why:

* nobody but the operator changes, purges or deletes a stream: an owner that may change its own stream could have it
  republish under the subjects of another, and so write events in the other's name. Single messages of its own stream
  an owner deletes, to erase a person;
* nobody subscribes but to replies to itself: streams are read by cursors on the server, of those streams alone that
  the service keeps something of.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import nkeys

from shared.chassis.bus import inbox_prefix, stream_name
from shared.contracts.catalog import OWNERS

ACCOUNT = "DEVCOOP"
OPERATOR = "operator"
"""Sets streams up and looks after them; no service runs as this user."""

FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "projects": (),
    "funding": ("projects",),
    "monitoring": ("projects", "funding"),
    "gateway": OWNERS,
}
"""The owners whose streams each service reads."""

USERS = (*FOLLOWS, OPERATOR)

SERVERS = ("nats", "nats-2", "nats-3")
"""Those of a cluster, by the names that Compose gives them."""

_API = "$JS.API"


@dataclass(frozen=True, slots=True)
class Access:
    """Subjects that a user may publish and subscribe, by the wildcards of NATS; all others are refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def access_of(user: str) -> Access:
    """Return what a user may do.

    Raises:
        KeyError: there is no such user.

    """
    if user == OPERATOR:
        return Access((">",), (">",))
    followed = (subject for owner in FOLLOWS[user] for subject in _follow(stream_name(owner)))
    own = _own(user) if user in OWNERS else ()
    return Access((*own, *followed), (f"{inbox_prefix(user)}.>",))


def _own(owner: str) -> tuple[str, ...]:
    """Return what an owner needs of its stream: events go in; it is made where it is not there yet.

    An erasure (docs/adr/0016) looks for what the stream says of a person, and deletes those messages.
    """
    stream = stream_name(owner)
    made, deleted = f"{_API}.STREAM.CREATE.{stream}", f"{_API}.STREAM.MSG.DELETE.{stream}"
    return (f"{owner}.>", made, deleted, *_follow(stream))


def _follow(stream: str) -> tuple[str, ...]:
    """Return what following a stream needs: a cursor, and what is behind it."""
    return (
        f"{_API}.STREAM.INFO.{stream}",
        f"{_API}.CONSUMER.CREATE.{stream}",
        f"{_API}.CONSUMER.INFO.{stream}.*",
        f"{_API}.CONSUMER.MSG.NEXT.{stream}.*",
    )


def new_seed() -> str:
    """Return the seed of a new user's nkey."""
    seed: bytes = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_key(seed: str) -> str:
    """Return the public key of a seed, which is all that the server needs to know of it."""
    key: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    return key.decode()


def accounts_block(
    public_keys: Mapping[str, str], *, former: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the ``accounts`` block of ``nats.conf``, by the public key of each user.

    Users whose key is being replaced have a ``former`` one too, with the same rights.
    """
    keys = [(user, each[user]) for user in USERS for each in (public_keys, former) if user in each]
    users = "\n".join(_user_block(key, access_of(user)) for user, key in keys)
    return f"accounts {{\n  {ACCOUNT} {{\n    jetstream: enabled\n    users: [\n{users}\n    ]\n  }}\n}}\n"


def routes_block(password: str) -> str:
    """Return what the ``cluster`` block of ``nats.conf`` needs so that the servers of a cluster find one another, and nobody else joins."""
    routes = "\n".join(f"  nats://routes:{password}@{server}:6222" for server in SERVERS)
    return f'authorization {{ user: routes, password: "{password}" }}\nroutes: [\n{routes}\n]\n'


def _user_block(key: str, access: Access) -> str:
    return (
        f"      {{ nkey: {key}, permissions: {{\n"
        f"        publish: {{ allow: [{_listed(access.publish)}] }}\n"
        f"        subscribe: {{ allow: [{_listed(access.subscribe)}] }}\n"
        "      } }"
    )


def _listed(subjects: tuple[str, ...]) -> str:
    """Return subjects one a line, which NATS takes without commas."""
    return "".join(f'\n          "{subject}"' for subject in subjects) + "\n        "
