"""The connection to NATS, and the streams that owners publish to."""

import asyncio
import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError
from pydantic import SecretStr

from shared.contracts.base import MAX_DOCUMENT_BYTES

DUPLICATE_SECONDS = 600
"""How long a stream knows the ids of messages; longer than the relay goes on trying one."""

HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = MAX_DOCUMENT_BYTES + HEADER_BYTES
"""Largest event; the server's ``max_payload`` is set to it."""

API_SECONDS = 5.0
CONNECT_SECONDS = 3.0

_log = structlog.get_logger()


async def _note_error(error: Exception) -> None:
    _log.warning("nats.error", error=str(error) or type(error).__name__)


_OPTIONS: dict[str, Any] = {
    "connect_timeout": 1,
    "allow_reconnect": True,
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.2,
    "pending_size": -1,
    "error_cb": _note_error,
}


class BrokerAway(Exception):
    """NATS cannot be reached, or does not answer."""


def stream_name(owner: str) -> str:
    """Return the name of an owner's stream."""
    return owner.upper()


def stream_configuration(owner: str, replicas: int) -> StreamConfig:
    """Return the configuration that an owner's stream has by this version."""
    return StreamConfig(
        name=stream_name(owner),
        subjects=[f"{owner}.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_SECONDS,
        max_msg_size=MAX_PAYLOAD_BYTES,
    )


def inbox_prefix(name: str) -> str:
    """Return what the subjects begin with on which a client gets replies; no other may subscribe them."""
    return f"_INBOX_{name}"


class Bus:
    """One connection; it comes back by itself, and buffers nothing while it is away.

    The address may be that of several servers of one cluster, with commas between: any of them will do. The name is that of
    the user whose nkey the seed is; without a seed the connection is anonymous.
    """

    def __init__(self, url: str, *, name: str, replicas: int = 1, seed: SecretStr | None = None) -> None:
        self._url, self._name, self._replicas, self._seed = url, name, replicas, seed
        self._connection: Connection | None = None
        self._jetstream: JetStreamContext | None = None
        self._connecting = asyncio.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether NATS can be reached now."""
        return self._connection is not None and self._connection.is_connected

    async def connect(self) -> Connection:
        """Return the connection, made on first use.

        Raises:
            BrokerAway: NATS cannot be reached.

        """
        async with self._connecting:
            if self._connection is None or self._connection.is_closed:
                self._connection = await self._first_connection()
                self._jetstream = self._connection.jetstream(
                    timeout=API_SECONDS, publish_async_max_pending=4000
                )
        if not self._connection.is_connected:
            raise BrokerAway("the connection is lost")
        return self._connection

    async def _first_connection(self) -> Connection:
        """Return a new connection; the library itself would go on trying for ever."""
        connection = Connection()
        try:
            await asyncio.wait_for(
                connection.connect(
                    self._url.split(","),
                    name=self._name,
                    inbox_prefix=inbox_prefix(self._name),
                    nkeys_seed_str=self._seed.get_secret_value() if self._seed is not None else None,
                    **_OPTIONS,
                ),
                CONNECT_SECONDS,
            )
        except (OSError, NatsError, TimeoutError) as error:
            if connection.options:  # one that never began cannot be closed
                await connection.close()
            raise BrokerAway(str(error) or type(error).__name__) from error
        return connection

    async def jetstream(self) -> JetStreamContext:
        """Return the JetStream context of the connection; there is one, since each has a subscription of its own.

        Raises:
            BrokerAway: NATS cannot be reached.

        """
        await self.connect()
        if self._jetstream is None:
            raise BrokerAway("the connection was closed")
        return self._jetstream

    async def stream(self, owner: str) -> StreamInfo:
        """Return what an owner's stream holds.

        Raises:
            BrokerAway: NATS cannot be reached or does not answer, or the owner has not made the stream yet.

        """
        js = await self.jetstream()
        with _answering(owner):
            return await js.stream_info(stream_name(owner))

    async def ensure_stream(self, owner: str) -> StreamInfo:
        """Return what an owner's stream holds; one that does not exist yet is created.

        Raises:
            BrokerAway: NATS cannot be reached or does not answer.

        """
        js = await self.jetstream()
        with _answering(owner):
            try:
                return await js.stream_info(stream_name(owner))
            except NotFoundError:
                return await js.add_stream(stream_configuration(owner, self._replicas))

    async def configure_stream(self, owner: str) -> StreamInfo:
        """Create an owner's stream, or bring it to this configuration; a matter of the operator's.

        Raises:
            BrokerAway: NATS cannot be reached, does not answer, or refuses.

        """
        await self.ensure_stream(owner)
        js = await self.jetstream()
        with _answering(owner):
            return await js.update_stream(stream_configuration(owner, self._replicas))

    async def close(self) -> None:
        """Close the connection; what was not acknowledged will be published again."""
        if self._connection is not None:
            with contextlib.suppress(NatsError, OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self._connection.close(), timeout=2)


@contextlib.contextmanager
def _answering(owner: str) -> Iterator[None]:
    """Tell that an owner's stream cannot be had, whatever the reason."""
    try:
        yield
    except (NatsError, APIError, TimeoutError) as error:
        raise BrokerAway(f"no stream {owner}: {error or type(error).__name__}") from error


def status_of(message: Any) -> int | None:  # noqa: ANN401
    """Return the status that a message without data carries (404, 408, 409, 100), None for a message with data."""
    headers = message.headers
    status = headers.get("Status") if headers and not message.data else None
    return int(status) if status else None


NO_MESSAGES = HTTPStatus.NOT_FOUND
REQUEST_EXPIRED = HTTPStatus.REQUEST_TIMEOUT
HEARTBEAT = HTTPStatus.CONTINUE
