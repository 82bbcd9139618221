import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcoop_client import Backoff, Credentials, Documents, Link, Outbox, Puller, Pusher, Store

from tests.client.server import CLIENT_ID, SECRET, Office, served


@pytest.fixture(autouse=True)
def _no_noise() -> Iterator[None]:
    """Leave out what the server logs of the breaks that tests make."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    made = Store(home / "devcoop.db")
    yield made
    made.close()


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


@pytest.fixture
def documents(store: Store) -> Documents:
    return Documents(store)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    with served(office) as told:
        yield told


@pytest.fixture
def link(address: str, home: Path) -> Iterator[Link]:
    made = Link(Credentials(address, CLIENT_ID, SECRET), home)
    yield made
    made.close()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def pusher(link: Link, store: Store, slept: list[float]) -> Pusher:
    return Pusher(link, store, backoff=Backoff(draw=lambda: 0.5), sleep=slept.append)


@pytest.fixture
def puller(link: Link, store: Store, slept: list[float]) -> Puller:
    return Puller(link, store, backoff=Backoff(draw=lambda: 0.5), sleep=slept.append)
