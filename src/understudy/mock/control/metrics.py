"""Counters of the whole server, in the text format of Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from understudy.mock.control.desk import Desk
from understudy.mock.sessions import Sessions, shown
from understudy.model.call import Call, Reply


class _Collected(Collector):
    """Reads the counters of the sessions that are there, when it is asked."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("understudy_sessions", "Sessions that are there.", value=len(self._sessions))
        labels = ["session", "vendor", "operation", "status"]
        calls = CounterMetricFamily("understudy_calls", "Calls that were answered.", labels=labels)
        records = GaugeMetricFamily("understudy_records", "Records that are held.", labels=labels[:1])
        faults = CounterMetricFamily("understudy_faults", "Faults that were played.", labels=["session", "fault"])
        for each in self._sessions:
            name = shown(each.name)
            records.add_metric([name], each.records)
            for (vendor, operation, status), count in each.journal.counted.items():
                calls.add_metric([name, vendor, operation, str(status)], count)
            for counted in each.faults:
                faults.add_metric([name, counted.fault.name], counted.played)
        yield from (calls, records, faults)


def add(desk: Desk) -> None:
    """Register the handler."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(desk.sessions))

    @desk.answers("metrics")
    def metrics(call: Call) -> Reply:
        return Reply(200, generate_latest(registry).decode(), media_type="text/plain")
