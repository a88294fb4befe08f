"""The second stage: a scikit-learn pipeline fitted to the training rows."""

import importlib
import inspect
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from dataset import LabelledRows
from training.errors import DataNotUsable, ParametersNotUsable, first_line
from training.parameters import StepParameters, TrainingParameters


def train_model(rows: LabelledRows, parameters: TrainingParameters) -> Pipeline:
    """Fit the preprocessing and the estimator; targets are class indices into `rows.classes`.

    One thread, so that the sums of floating-point numbers come out the same on every run. Raises ParametersNotUsable
    when a step cannot be made, DataNotUsable when it cannot learn from these rows.
    """
    pipeline = _make_pipeline(parameters)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Training interrupted by user", category=UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is a parameter, and metrics judge it
        try:
            pipeline.fit(as_float32(rows.features), class_indices(rows, rows.classes))
        except UserWarning as error:  # scikit-learn would stop quietly and keep a model that is trained by half
            raise KeyboardInterrupt from error
        except TypeError as error:  # among them scikit-learn's complaint about an argument's value
            raise ParametersNotUsable(f"{_steps(parameters)}: {first_line(error)}") from error
        except Exception as error:  # params.yaml may name any class, and each fails in its own way
            reason = f"{_steps(parameters)} cannot learn from it: {first_line(error)}"
            raise DataNotUsable(f"{rows.name}: {reason}") from error
    return pipeline


def as_float32(features: NDArray[np.float64]) -> NDArray[np.float32]:
    """What a predictor will be sent: the graph's input is FP32, so training sees the same rounding."""
    return features.astype(np.float32)


def class_indices(rows: LabelledRows, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The labels of `rows` as indices into `classes`; KeyError when one is not there."""
    index_of = {name: index for index, name in enumerate(classes)}
    return np.array([index_of[label] for label in rows.labels], dtype=np.int64)


def _make_pipeline(parameters: TrainingParameters) -> Pipeline:
    estimator = _make_step("estimator", parameters.estimator, parameters.seed)
    if not hasattr(estimator, "predict_proba") or not is_classifier(estimator):
        raise ParametersNotUsable(
            f"estimator: {parameters.estimator.import_path} is not a classifier that gives probabilities"
        )
    steps: list[tuple[str, Any]] = [("estimator", estimator)]
    if parameters.preprocessing is not None:
        steps.insert(0, ("preprocessing", _make_step("preprocessing", parameters.preprocessing, parameters.seed)))
    return Pipeline(steps)


def _make_step(role: str, step: StepParameters, seed: int) -> BaseEstimator:
    module_name, _, class_name = step.import_path.rpartition(".")
    try:
        step_class = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ParametersNotUsable(f"{role}: {step.import_path} cannot be imported: {error}") from error
    if not (inspect.isclass(step_class) and issubclass(step_class, BaseEstimator)):
        raise ParametersNotUsable(f"{role}: {step.import_path} is not a scikit-learn estimator")
    arguments = dict(step.arguments)
    if "random_state" in inspect.signature(step_class).parameters:
        arguments.setdefault("random_state", seed)
    try:
        return step_class(**arguments)
    except TypeError as error:
        raise ParametersNotUsable(f"{role}: {step.import_path}: {first_line(error)}") from error


def _steps(parameters: TrainingParameters) -> str:
    steps = (parameters.preprocessing, parameters.estimator)
    return " and ".join(step.import_path for step in steps if step is not None)
