"""The metrics of a process for Prometheus: those that are counted as things happen, and those of the moment of a scrape."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared import VERSION

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TOTAL = "_total"


class Sample(NamedTuple):
    """A value of the moment; ``help`` is the same for all of a name, as are the names of labels.

    A name that ends in ``_total`` is of a counter.
    """

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = {}


class Moment(Collector):
    """Shows the samples of the last look; what nobody could tell then is left out, and is not what it was before."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def show(self, samples: Iterable[Sample]) -> None:
        """Show these in place of all that were shown."""
        self._samples = list(samples)

    def collect(self) -> Iterator[Metric]:
        """Yield the samples by name."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for name, told, value, labels in self._samples:
            if name not in families:
                kind = CounterMetricFamily if name.endswith(_TOTAL) else GaugeMetricFamily
                families[name] = kind(name.removesuffix(_TOTAL), told, labels=list(labels))
            families[name].add_metric(list(labels.values()), value)
        yield from families.values()


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self, service: str = "") -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.moment = Moment()
        self.registry.register(self.moment)
        build = Gauge(
            "devcoop_build_info", "Which service this is", ["service", "version"], registry=self.registry
        )
        build.labels(service, VERSION).set(1)
        self.requests = Counter(
            "http_requests_total", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time to answer a request",
            ["method", "route"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.check_states = Gauge(
            "devcoop_check_state", "0 ok, 1 degraded, 2 down", ["check"], registry=self.registry
        )
        self.check_values = Gauge(
            "devcoop_check_value", "A number that a check tells", ["check", "name"], registry=self.registry
        )

    def note_check(self, name: str, state: int, detail: Mapping[str, Any]) -> None:
        """Take note of a check, and of the numbers that it tells."""
        self.check_states.labels(name).set(state)
        for key, value in detail.items():
            if isinstance(value, int | float):
                self.check_values.labels(name, key).set(value)
