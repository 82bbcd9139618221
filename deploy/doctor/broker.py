"""NATS: who gets in, what the server takes, and whether streams are as this version wants them."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import NotFoundError
from nkeys import NkeysError

from deploy.broker import BrokerUser, connect
from deploy.doctor.findings import Finding, fault, ok, warning
from deploy.nats_access import FOLLOWS, OPERATOR
from shared.chassis.bus import MAX_PAYLOAD_BYTES, stream_configuration, stream_name
from shared.contracts.catalog import OWNERS

PART = "NATS"
_MIGRATE = "run `devcoop ops migrate`, which brings streams to this version's configuration."
_OPERATOR = "give the operator's seed as DEVCOOP_NATS_SEED, and its public key to the server."
_FAILURES = (OSError, NatsError, TimeoutError, NkeysError)
"""How a connection fails."""
_ONCE = {
    "allow_reconnect": False,
    "max_reconnect_attempts": 1,
    "reconnect_time_wait": 0.1,
    "connect_timeout": 3,
}
"""Options of a connection that is not tried for long; 0 attempts would be without end."""
_NOWHERE = {"Nats-Expected-Stream": "none"}
"""Keeps what is published to try a permission out of every stream."""


async def examine(url: str, seed: str, replicas: int) -> Sequence[Finding]:
    """Look at the server as its operator, and at every owner's stream."""
    errors: list[Exception] = []
    try:
        connection = await _connected(url, seed, OPERATOR, errors)
    except _FAILURES as error:
        return [_away(error)]
    try:
        found = [ok("nats", PART, "it lets the operator in."), *_payload(connection.max_payload)]
        return [*found, *await _jetstream(connection, replicas, errors), *await _anonymous(url)]
    finally:
        await connection.close()


async def _connected(url: str, seed: str | None, name: str, errors: list[Exception]) -> Connection:
    """Return a connection that is made once or not at all; what the server refuses later goes to the list."""

    async def note(error: Exception) -> None:
        errors.append(error)

    options: dict[str, Any] = {**_ONCE, "error_cb": note}
    if seed is not None:
        return await BrokerUser(url, seed, name).connect(**options)
    return await connect(url, **options)


def _away(error: Exception) -> Finding:
    if isinstance(error, NkeysError):
        return fault("nats-refused", PART, "DEVCOOP_NATS_SEED is no seed of a user.", _OPERATOR)
    if "authorization" in str(error).lower():
        return fault("nats-refused", PART, "it does not let the operator in by this seed.", _OPERATOR)
    if "connect url" in str(error):
        mend = "write it as nats://HOST:PORT, several with commas between."
        return fault("nats-address", PART, "DEVCOOP_NATS_URL is no address.", mend)
    what = f"it cannot be reached ({type(error).__name__})."
    return fault("nats-unreachable", PART, what, "see whether it is up, and DEVCOOP_NATS_URL right.")


def _payload(told: int) -> Iterator[Finding]:
    if told < MAX_PAYLOAD_BYTES:
        what = f"max_payload is {told}, so that large documents are never published."
        yield fault("nats-payload", PART, what, f"set max_payload: {MAX_PAYLOAD_BYTES} in nats.conf.")


async def _anonymous(url: str) -> Sequence[Finding]:
    """Try to get in without a seed."""
    try:
        connection = await _connected(url, None, "nobody", [])
    except _FAILURES:
        return [ok("nats-open", PART, "it lets nobody in without a seed.")]
    await connection.close()
    mend = "include nats-accounts.conf in nats.conf."
    return [fault("nats-open", PART, "it lets anybody in without a seed.", mend)]


async def _jetstream(connection: Connection, replicas: int, errors: list[Exception]) -> Sequence[Finding]:
    js = connection.jetstream(timeout=3)
    try:
        await js.account_info()
    except (NatsError, TimeoutError):
        if _are_violations(errors):
            return [fault("nats-refused", PART, "this seed is of another user than the operator.", _OPERATOR)]
        mend = "add jetstream { store_dir: ... } to nats.conf, and jetstream: enabled to the account."
        return [fault("nats-jetstream", PART, "it has no JetStream, so that no event is published.", mend)]
    found: list[Finding] = []
    for owner in OWNERS:
        part = f"stream {stream_name(owner)}"
        try:
            found.extend(stream(part, await js.stream_info(stream_name(owner)), owner, replicas))
        except NotFoundError:
            mend = f"start {owner}, which makes it. If it was there before, make it anew from the outbox."
            found.append(warning("stream-missing", part, "there is none.", mend))
        except (NatsError, TimeoutError) as error:
            what = f"it does not tell of itself ({type(error).__name__})."
            found.append(
                fault("stream-leader", part, what, "see whether most servers of the cluster are up.")
            )
    return found


def stream(part: str, info: StreamInfo, owner: str, replicas: int) -> Iterator[Finding]:
    """Yield what is wrong with a stream."""
    wanted = stream_configuration(owner, replicas)
    told = ("subjects", "storage", "retention", "max_msg_size")
    differing = [name for name in told if getattr(info.config, name) != getattr(wanted, name)]
    differing.extend(_limits(info.config))
    if differing:
        yield fault("stream-configuration", part, f"another {', '.join(differing)} than wanted.", _MIGRATE)
    if (info.config.duplicate_window or 0) < (wanted.duplicate_window or 0):
        what = f"it knows ids for {info.config.duplicate_window or 0:g} s only: what is sent again would be twice."
        yield fault("stream-duplicates", part, what, _MIGRATE)
    if info.config.num_replicas != replicas:
        what = f"it has {info.config.num_replicas} replicas, and DEVCOOP_STREAM_REPLICAS is {replicas}."
        yield fault("stream-replicas", part, what, _MIGRATE)
    yield from _cluster(part, info)
    if not differing:
        yield ok("stream-configuration", part, f"it has {info.state.messages} messages.")


def _limits(config: StreamConfig) -> Iterator[str]:
    """Yield what would remove messages, or write them where they do not belong."""
    for name in ("max_age", "max_bytes", "max_msgs", "max_msgs_per_subject"):
        if (getattr(config, name) or 0) > 0:
            yield name
    for name in ("republish", "sources", "mirror"):
        if getattr(config, name):
            yield name


def _cluster(part: str, info: StreamInfo) -> Iterator[Finding]:
    if info.cluster is None:
        return
    if not info.cluster.leader:
        mend = "see whether most servers of the cluster are up."
        yield fault("stream-leader", part, "it has no leader, so that nothing is published.", mend)
    behind = [each.name for each in info.cluster.replicas or [] if each.offline or not each.current]
    if behind:
        what = f"its replicas on {', '.join(str(name) for name in behind)} are away or behind."
        yield warning(
            "stream-replica", part, what, "see whether these servers are up; they catch up by themselves."
        )


async def permissions(url: str, folder: Path) -> Sequence[Finding]:
    """Try for each service, by its seed, to publish an event of another; no stream takes it."""
    told = await asyncio.gather(*(_permission(url, folder, user) for user in FOLLOWS))
    return [finding for findings in told for finding in findings]


async def _permission(url: str, folder: Path, user: str) -> Sequence[Finding]:
    part, errors = f"NATS user {user}", list[Exception]()
    other = next(owner for owner in OWNERS if owner != user)
    try:
        connection = await _connected(url, (folder / f"nats-{user}").read_text().strip(), user, errors)
    except _FAILURES as error:
        mend = "remove nats-accounts.conf from the folder, run `devcoop ops secrets` and let NATS read it."
        return [fault("nats-user", part, f"its seed does not let it in ({type(error).__name__}).", mend)]
    try:
        await connection.publish(f"{other}.v1.doctor.tried.none", b"", headers=_NOWHERE)
        for _ in range(2):  # the library lets a ping overtake what was published before it
            await connection.flush(3)
    finally:
        await connection.close()
    if _are_violations(errors):
        return [ok("nats-permissions", part, f"it may not publish events of {other}.")]
    mend = "include nats-accounts.conf as `devcoop ops secrets` makes it."
    return [fault("nats-permissions", part, f"it may publish events of {other}.", mend)]


def _are_violations(errors: Sequence[Exception]) -> bool:
    """Whether the server refused what the user may not do."""
    return any("permissions violation" in str(error).lower() for error in errors)
