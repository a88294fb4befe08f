"""What a console counts. The registry is passed in; what is in the state directory is looked at on being asked."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from console.deployments import DeploymentState
from console.experiments import ExperimentState
from console.jobs import JobKind, JobState
from console.services import Services


class ConsoleMetrics:
    """The counters of one console process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Counter(
            "assay_console_requests", "Requests answered", ("door", "method", "code"), registry=registry
        )
        self._seconds = Histogram(
            "assay_console_request_duration_seconds", "From a request to its answer", ("door",), registry=registry
        )
        self._jobs = Gauge("assay_console_jobs", "Jobs that were ever started", ("kind", "state"), registry=registry)
        self._rows = Gauge("assay_console_data_rows", "Rows of the data set", registry=registry)
        self._parts = Gauge("assay_console_data_parts", "Parts of the data set", registry=registry)
        self._experiments = Gauge("assay_console_experiments", "Experiments", ("state",), registry=registry)
        self._deployments = Gauge("assay_console_deployments", "Deployments", ("state",), registry=registry)

    def count_request(self, *, door: str, method: str, code: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(door, method, code).inc()
        self._seconds.labels(door).observe(seconds)

    def exposition(self, services: Services) -> bytes:
        """Everything counted, in Prometheus' text format. Raises StateNotUsable."""
        jobs = Tally((job.order.kind, job.state) for job in services.jobs.look())
        for kind in JobKind:
            for job_state in JobState:
                self._jobs.labels(kind, job_state).set(jobs[kind, job_state])
        parts = services.data.look()
        self._parts.set(len(parts))
        self._rows.set(sum(part.rows for part in parts))
        _set_all(self._experiments, ExperimentState, (one.state for one in services.experiments.look()))
        _set_all(self._deployments, DeploymentState, (one.state for one in services.deployments.look()))
        return generate_latest(self._registry)


def _set_all(gauge: Gauge, states: Iterable[str], found: Iterable[str]) -> None:
    counts = Tally(found)
    for state in states:
        gauge.labels(state).set(counts[state])
