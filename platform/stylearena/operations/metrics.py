"""What Prometheus scrapes of judging: gauges read from the database when they are asked for."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from stylearena.operations.queries import Status, status

__all__ = ["registry"]


def registry() -> CollectorRegistry:
    """A registry of judging's gauges alone, the same from whichever web process is asked."""
    found = CollectorRegistry()
    found.register(_Judging())
    return found


class _Judging(Collector):
    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing yet: registering must not ask the database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = status()
        yield from _work(now)
        yield from _people(now)
        yield from _faults(now)


def _work(now: Status) -> Iterator[GaugeMetricFamily]:
    if now.messages is not None:
        yield _gauge("broker_messages", "Messages that wait in the broker.", now.messages)
    shards = _labelled("queued_shards", "Shards that wait for a worker.", "lane")
    oldest = _labelled("queued_seconds", "How long the first shard has waited.", "lane")
    for queue in now.queues:
        shards.add_metric([queue.lane], queue.shards)
        oldest.add_metric([queue.lane], queue.oldest_seconds)
    yield shards
    yield oldest
    late = sum(lease.seconds_left < 0 for lease in now.leases)
    yield _gauge("leases", "Shards in the hands of a worker.", len(now.leases))
    yield _gauge("leases_expired", "Leases that ran out and were not swept yet.", late)


def _people(now: Status) -> Iterator[GaugeMetricFamily]:
    submissions = _labelled("submissions", "Submissions by state.", "state")
    for state, count in now.submissions.items():
        submissions.add_metric([state], count)
    yield submissions
    age = now.oldest_submission_seconds
    yield _gauge("oldest_submission_seconds", "Age of the oldest one without a verdict.", age)
    workers = _labelled("workers", "Live workers by device.", "device")
    live = [worker.device for worker in now.workers if worker.alive]
    for device in sorted(set(live)):
        workers.add_metric([device], live.count(device))
    yield workers


def _faults(now: Status) -> Iterator[GaugeMetricFamily]:
    yield _gauge("faults", "Faults of ours met by shards that are not finished.", now.faults)
    failures = GaugeMetricFamily(
        "stylearena_failures_1d",
        "Evaluations that ended badly within a day.",
        labels=["state", "code"],
    )
    for failure in now.failures:
        failures.add_metric([failure.state, failure.code], failure.count)
    yield failures


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"stylearena_{name}", documentation, value=value)


def _labelled(name: str, documentation: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"stylearena_{name}", documentation, labels=[label])
