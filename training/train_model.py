"""The second stage: a scikit-learn pipeline fitted to the training rows."""

import importlib
import inspect
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from dataset import LabelledRows
from training.errors import DataNotUsable, ParametersNotUsable, first_line
from training.graph_inputs import estimator_rows
from training.parameters import StepParameters, TrainingParameters


def train_model(rows: LabelledRows, parameters: TrainingParameters) -> Pipeline:
    """Fit the preprocessing and the estimator; targets are class indices into `rows.classes`, or the labels' numbers.

    One thread, so that the sums of floating-point numbers come out the same on every run. Raises ParametersNotUsable
    when a step cannot be made, DataNotUsable when it cannot learn from these rows.
    """
    pipeline = _make_pipeline(rows, parameters)
    is_regression = parameters.task == "regression"
    targets = rows.targets() if is_regression else class_indices(rows, rows.classes)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Training interrupted by user", category=UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is a parameter, and metrics judge it
        try:
            pipeline.fit(estimator_rows(rows), targets)
        except UserWarning as error:  # scikit-learn would stop quietly and keep a model that is trained by half
            raise KeyboardInterrupt from error
        except TypeError as error:  # among them scikit-learn's complaint about an argument's value
            raise ParametersNotUsable(f"{_steps(parameters)}: {first_line(error)}") from error
        except Exception as error:  # params.yaml may name any class, and each fails in its own way
            reason = f"{_steps(parameters)} cannot learn from it: {first_line(error)}"
            raise DataNotUsable(f"{rows.name}: {reason}") from error
    return pipeline


def class_indices(rows: LabelledRows, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The labels of `rows` as indices into `classes`; KeyError when one is not there."""
    index_of = {name: index for index, name in enumerate(classes)}
    return np.array([index_of[label] for label in rows.labels], dtype=np.int64)


def _make_pipeline(rows: LabelledRows, parameters: TrainingParameters) -> Pipeline:
    estimator = _make_step("estimator", parameters.estimator, parameters.seed)
    is_classification = parameters.task == "classification"
    if is_classification and not (hasattr(estimator, "predict_proba") and is_classifier(estimator)):
        raise ParametersNotUsable(
            f"estimator: {parameters.estimator.import_path} is not a classifier that gives probabilities"
        )
    if not is_classification and not is_regressor(estimator):
        raise ParametersNotUsable(f"estimator: {parameters.estimator.import_path} is not a regressor; task: regression")
    steps: list[tuple[str, Any]] = [("estimator", estimator)]
    if parameters.preprocessing is not None:
        steps.insert(0, ("preprocessing", _make_step("preprocessing", parameters.preprocessing, parameters.seed)))
    if rows.categories:
        steps[:-1] = [("columns", _encode_categories(rows, steps[0][1] if len(steps) > 1 else "passthrough"))]
    return Pipeline(steps)


def _encode_categories(rows: LabelledRows, of_numbers: Any) -> ColumnTransformer:
    """A column of zeros and ones for each category of these rows; one that they do not have is zeros alone."""
    places = range(len(rows.feature_names))
    categories = [place for place in places if rows.feature_names[place] in rows.categories]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = [place for place in places if place not in categories]
    parts = [("numbers", of_numbers, numbers)] if numbers else []
    return ColumnTransformer([*parts, ("categories", encoder, categories)])


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
