"""Two experiments side by side. Pure: what differs in their parameters, and their metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.experiments import Experiment

_LESS_IS_BETTER = ("error", "mae", "mse", "rmse", "loss", "brier")


@dataclass(frozen=True, slots=True)
class ParameterDifference:
    """A parameter that is not the same; an empty text is one that an experiment does not have."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """A metric of both; None where one of them was not measured by it."""

    name: str
    first: float | None
    second: float | None
    difference: float | None
    """Second less first."""
    look: str
    """good or bad for the second, or empty where it says neither."""


def parameter_differences(first: Experiment, second: Experiment) -> tuple[ParameterDifference, ...]:
    """The parameters, data and holdout that differ, in the order of their names."""
    one, other = (dict(_described(experiment)) for experiment in (first, second))
    return tuple(
        ParameterDifference(name, one.get(name, ""), other.get(name, ""))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    )


def metric_differences(first: Experiment, second: Experiment) -> tuple[MetricDifference, ...]:
    """The metrics of both, in the order in which the first has them."""
    one, other = first.metrics or {}, second.metrics or {}
    return tuple(
        _compare(name, one.get(name), other.get(name)) for name in dict.fromkeys((*one, *other)) if name != "rows"
    )


def _compare(name: str, first: float | None, second: float | None) -> MetricDifference:
    if first is None or second is None:
        return MetricDifference(name, first, second, None, "")
    difference = second - first
    is_better = difference < 0 if any(part in name.lower() for part in _LESS_IS_BETTER) else difference > 0
    return MetricDifference(name, first, second, difference, "" if difference == 0 else "good" if is_better else "bad")


def _described(experiment: Experiment) -> Iterator[tuple[str, str]]:
    yield from flatten(experiment.parameters)
    yield "holdout", experiment.holdout.digest[:19]
    yield "training data", ", ".join(f"{one.name} ({one.rows:,} rows)" for one in experiment.training_data)


def flatten(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as `estimator.arguments.max_iter`."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value)
