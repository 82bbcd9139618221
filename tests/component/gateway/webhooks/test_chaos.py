"""10,000 events to 50 subscribers whose endpoints drop, delay, fail, go away and come back.

Every subscriber ends with exactly the events that its filter and scope allow, in order for each thing, none missing, and
what comes twice has the same id. What is expected is worked out here from the events alone.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import standardwebhooks

from gateway.projection.events import Event
from shared.contracts.catalog import AGREEMENT
from shared.contracts.funding.v1.partnerships import Agreement, EarmarkingScope
from shared.policy.grants import Grant, Role
from shared.testing.mission import MISSION
from shared.testing.read_models import event
from tests.component.gateway.webhooks.conftest import Office, Partner, ServeHooks
from tests.component.gateway.webhooks.receiver import Answer, Received, Receiver
from tests.contract.node_verifier import judged_by_node

EVENTS, SUBSCRIBERS, THINGS = 10_000, 50, 1_500
ORGANISATIONS = [f"XM-CHAOS-{number}" for number in range(25)]
COUNTRIES = ["KE", "TZ", "UG"]
BATCH = 500
PATIENCE_SECONDS = 240

Told = tuple[int, bool]
"""A version, and whether it tells that the thing is gone."""


@dataclass
class Subscriber:
    """One endpoint with its temper; ``kept`` is what it took in, by thing, in the order in which it came first."""

    organisation: str
    country: str | None
    temper: str
    random: Random
    verify: standardwebhooks.Webhook | None = None
    hook: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[tuple[str, Told], str] = field(default_factory=dict)
    requests: int = 0
    count: int = 0
    samples: list[Received] = field(default_factory=list)

    def behave(self, got: Received) -> Answer:
        self.requests += 1
        payload = self.verify.verify(got.body, got.headers)
        if self.temper == "gone once" and self.requests == 30:
            return Answer(410)
        if self.temper == "fails" and self.random.random() < 0.15:
            return Answer(self.random.choice([500, 502, 429]))
        if self.temper == "drops" and self.random.random() < 0.1:
            return Answer(0)
        if self.requests % 20 == 0:
            self.samples.append(got)
        self._keep(got.id, payload)
        if self.temper == "loses answers" and self.random.random() < 0.1:
            return Answer(0)
        if self.temper == "slow bodies" and self.random.random() < 0.01:
            return Answer(200, body=b"x", late=4)
        return Answer(seconds=self.random.random() * 0.03 if self.temper == "delays" else 0)

    def _keep(self, id_: str, payload: dict[str, Any]) -> None:
        data = payload["data"]
        told = (data["version"], payload["type"] == "devcoop.removed")
        known = self.ids.setdefault((data["identifier"], told), id_)
        assert known == id_, "the same twice under two ids"
        if told not in self.kept[data["identifier"]]:
            self.kept[data["identifier"]].append(told)
            self.count += 1

    def wants(self, agreement: Agreement) -> bool:
        countries = agreement.scope.countries
        of_mine = agreement.partners[0].organisation.ref == self.organisation
        return of_mine and (self.country is None or self.country in countries)


TEMPERS = ("calm", "fails", "drops", "delays", "loses answers", "slow bodies", "gone once", "restarts")


def subscribers(random: Random) -> list[Subscriber]:
    return [
        Subscriber(
            ORGANISATIONS[number % len(ORGANISATIONS)],
            COUNTRIES[number % 3] if number % 4 == 3 else None,
            TEMPERS[number % len(TEMPERS)],
            Random(random.random()),  # noqa: S311
        )
        for number in range(SUBSCRIBERS)
    ]


def history(random: Random) -> Iterator[tuple[Agreement, int, Event]]:
    """Yield versions of agreements that now and then move to another partner or country."""
    known = MISSION["funding.agreement.v1"].model_copy(
        update={
            "receipts": (),
            "allocations": (),
            "amendments": (),
            "due_diligence": (),
            "history": (),
            "tranches": (),
        }
    )
    (first,) = known.partners[:1]
    versions: dict[str, int] = defaultdict(int)
    current: dict[str, tuple[str, str]] = {}
    for _ in range(EVENTS):
        number = f"C/{random.randrange(THINGS)}"
        versions[number] += 1
        if number not in current or random.random() < 0.1:
            current[number] = (random.choice(ORGANISATIONS), random.choice(COUNTRIES))
        organisation, country = current[number]
        partner = first.model_copy(
            update={"organisation": first.organisation.model_copy(update={"ref": organisation})}
        )
        agreement = known.model_copy(
            update={"number": number, "partners": (partner,), "scope": EarmarkingScope(countries=(country,))}
        )
        yield agreement, versions[number], event(AGREEMENT, agreement, versions[number])


def expected(subscriber: Subscriber, told: list[tuple[Agreement, int, Event]]) -> dict[str, list[Told]]:
    """Return what a subscriber is to end with: versions that it sees, and that a thing left what it sees."""
    sees: dict[str, bool] = {}
    found: dict[str, list[Told]] = defaultdict(list)
    for agreement, version, _ in told:
        seen, before = subscriber.wants(agreement), sees.get(agreement.number, False)
        if seen or before:
            found[agreement.number].append((version, not seen))
        sees[agreement.number] = seen
    return found


async def restart_now_and_then(receivers: list[Receiver], stop: asyncio.Event, random: Random) -> None:
    while not stop.is_set():
        await asyncio.sleep(1)
        receiver = random.choice(receivers)
        await receiver.stop()
        await asyncio.sleep(0.3)
        await receiver.start()


async def enable_what_is_disabled(office: Office, everybody: list[Subscriber], stop: asyncio.Event) -> int:
    """Enable what was disabled for an answer of 410, and return how often."""
    count = 0
    while not stop.is_set():
        for subscriber in everybody:
            address = f"/v1/webhooks/{subscriber.hook['id']}"
            if subscriber.temper == "gone once":
                view = (await office.client.get(address)).json()
                if view["state"] == "disabled":
                    await office.client.post(f"{address}/enable", json={})
                    count += 1
        await asyncio.sleep(0.5)
    return count


async def test_every_subscriber_ends_with_exactly_its_events(serve_hooks: ServeHooks):
    random = Random(7)  # noqa: S311
    everybody = subscribers(random)
    told = list(history(random))
    stop = asyncio.Event()
    async with serve_hooks() as office:
        receivers = []
        for subscriber in everybody:
            receiver = Receiver(subscriber.behave)
            await receiver.start()
            receivers.append(receiver)
            partner = Partner()
            grant = Grant(role=Role.PARTNER, organisations={subscriber.organisation})
            asked = {"filter": {"countries": [subscriber.country]}} if subscriber.country else {}
            subscriber.hook = await office.subscribe(receiver.url, partner, grant, **asked)
            subscriber.verify = standardwebhooks.Webhook(subscriber.hook["secret"])
        restarted = [r for r, s in zip(receivers, everybody, strict=True) if s.temper == "restarts"]
        chaos = asyncio.create_task(restart_now_and_then(restarted, stop, random))
        enabling = asyncio.create_task(enable_what_is_disabled(office, everybody, stop))
        for first in range(0, EVENTS, BATCH):
            await office.tell(*(each for _, _, each in told[first : first + BATCH]))
        wanted = [expected(subscriber, told) for subscriber in everybody]
        counts = [sum(map(len, each.values())) for each in wanted]

        async def all_came() -> bool:
            return [each.count for each in everybody] == counts

        await office.eventually(all_came, seconds=PATIENCE_SECONDS)
        await asyncio.sleep(0.5)
        stop.set()
        await chaos
        gone = [each for each in everybody if each.temper == "gone once" and each.requests >= 30]
        assert await enabling >= len(gone) > 0
        for receiver in receivers:
            await receiver.stop()
    for subscriber, wants in zip(everybody, wanted, strict=True):
        assert subscriber.kept == wants, subscriber.temper
    assert sum(counts) > EVENTS
    judged = judged_by_node(
        (each.hook["secret"], sample.body, sample.headers) for each in everybody for sample in each.samples
    )
    assert len(judged) > EVENTS / 20
    assert "WebhookVerificationError" not in judged
