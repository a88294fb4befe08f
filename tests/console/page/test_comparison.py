"""Two experiments side by side."""

from typing import Any

import pytest

from bundle import DataReference
from console.experiments import Experiment, ExperimentState
from console.page.comparison import metric_differences, parameter_differences

_DIGEST = f"sha256:{'0' * 64}"
PARTS = (DataReference(name="part-1", digest=_DIGEST, rows=200), DataReference(name="part-2", digest=_DIGEST, rows=797))


def experiment(number: int, arguments: dict[str, Any], metrics: dict[str, float] | None) -> Experiment:
    return Experiment(
        experiment_id=number,
        name="first",
        model="digits",
        version=number,
        state=ExperimentState.FINISHED,
        parameters={"seed": 0, "estimator": {"class": "C", "arguments": arguments}},
        training_data=PARTS[:number],
        holdout=DataReference(name="holdout", digest=_DIGEST, rows=800),
        by="ann",
        began_at="2026-11-30T10:00:00+00:00",
        metrics=metrics,
    )


def test_what_differs_is_named_by_its_path_and_what_does_not_is_left_out() -> None:
    first, second = experiment(1, {"C": 0.1}, None), experiment(2, {"max_iter": 9}, None)
    assert [(one.name, one.first, one.second) for one in parameter_differences(first, second)] == [
        ("estimator.arguments.C", "0.1", ""),
        ("estimator.arguments.max_iter", "", "9"),
        ("training data", "part-1 (200 rows)", "part-1 (200 rows), part-2 (797 rows)"),
    ]
    assert parameter_differences(first, first) == ()


@pytest.mark.parametrize(
    ("name", "first", "second", "look"),
    [
        ("accuracy", 0.9, 0.95, "good"),
        ("accuracy", 0.95, 0.9, "bad"),
        ("mean_absolute_error", 2.0, 2.5, "bad"),
        ("mean_absolute_error", 2.5, 2.0, "good"),
        ("accuracy", 0.9, 0.9, ""),
    ],
)
def test_better_is_more_or_of_an_error_less(name: str, first: float, second: float, look: str) -> None:
    (found,) = metric_differences(experiment(1, {}, {name: first}), experiment(2, {}, {name: second}))
    assert found.difference == pytest.approx(second - first)
    assert found.look == look


def test_a_metric_that_one_of_them_lacks_is_shown_without_a_difference() -> None:
    (found,) = metric_differences(experiment(1, {}, {"accuracy": 0.9, "rows": 800}), experiment(2, {}, None))
    assert (found.first, found.second, found.difference, found.look) == (0.9, None, None, "")
