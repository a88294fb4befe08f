"""Metrics, from the registries that the programs fill."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from console.metrics import ConsoleMetrics
from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory
from documentation.markdown import GENERATED, code, said, table
from predictor.metrics import PredictorMetrics
from promotion.gate.policy import Guardrail
from promotion.guardrails.findings import GuardrailFinding, GuardrailState
from promotion.rollout.metrics import rollout_metrics
from promotion.rollout.record import RolloutPlan, RolloutRecord, StepObservation
from promotion.routers.request_counts import RequestCounts

_INTRODUCTION = """# Metrics
In Prometheus' text format, at `/metrics` of each program. A histogram has `_bucket`, `_sum` and `_count`. What to watch
and what to do: [Alerts](../alerts.md), and the queries of [On Kubernetes](../kubernetes.md#metrics).
"""


class NotingRegistry(CollectorRegistry):
    """Which notes what registers itself."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Collector] = []

    def register(self, collector: Collector) -> None:
        """See prometheus_client."""
        super().register(collector)
        self.noted.append(collector)


def page() -> str:
    """A table for each program."""
    heads = ("metric", "type", "labels", "what")
    parts = [
        f"## {heading}\n{text}\n\n{table(heads, sorted(_row(*one) for one in metrics))}"
        for heading, text, metrics in programs()
    ]
    return GENERATED + "\n".join([_INTRODUCTION, *parts])


def programs() -> Iterator[tuple[str, str, list[tuple[Metric, tuple[str, ...]]]]]:
    """Each program with its metrics and their labels."""
    registry = NotingRegistry()
    PredictorMetrics(registry)
    text = "`assay serve`; with [workers](../serving.md#workers) of all of them together."
    yield "A predictor", text, _registered(registry)
    yield "A rollout", "`assay rollout-exporter`: of the newest rollout.", list(_of_a_rollout())
    registry = NotingRegistry()
    with TemporaryDirectory() as directory:
        StoreMetrics(StoreDirectory.open(Path(directory)), registry)
    yield "The store", "`assay store run`.", _registered(registry)
    registry = NotingRegistry()
    ConsoleMetrics(registry)
    yield "The console", "`assay console`.", _registered(registry)


def _registered(registry: NotingRegistry) -> list[tuple[Metric, tuple[str, ...]]]:
    # Labels of a metric without samples are in no public attribute of prometheus_client.
    return [
        (family, tuple(getattr(collector, "_labelnames", ()) or getattr(family, "_labelnames", ())))
        for collector in registry.noted
        for family in collector.collect()
    ]


def _of_a_rollout() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    finding = GuardrailFinding("gateway", Guardrail.ERRORS, GuardrailState.KEPT, 95, 5)
    counts = RequestCounts(95, 5, 0)
    record = RolloutRecord(
        rollout_id=1,
        stable_digest="",
        canary_digest="",
        holdout_digest="",
        policy_digest="",
        plan=RolloutPlan(),
        began_at="",
        guardrails=(finding,),
        observations=(StepObservation(5, counts, 0.9, 3.0, counts),),
    )
    for family in text_string_to_metric_families(rollout_metrics(record).decode()):
        yield family, tuple(family.samples[0].labels)


def _row(family: Metric, labels: tuple[str, ...]) -> tuple[str, str, str, str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return code(name), family.type, ", ".join(map(code, labels)), said(family.documentation, f"the metric {name}")
