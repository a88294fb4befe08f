"""The last stage: the exported model's answers to the holdout, scored."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from bundle import Manifest
from dataset import LabelledRows, require_columns
from training.errors import DataNotUsable
from training.onnx_answers import answer_with_onnx
from training.train_model import class_indices


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """How well one class is found; precision, recall and F1 are 0 where nothing can be counted."""

    name: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class HoldoutMetrics:
    """Scores of a model on a holdout."""

    rows: int
    accuracy: float
    macro_f1: float
    classes: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]
    """Rows by true class, columns by answered class."""

    @property
    def headline(self) -> str:
        """The number that a person looks for first."""
        return f"accuracy {self.accuracy:.4f}"

    @property
    def text(self) -> str:
        """All of them in one line."""
        return f"{self.headline}, macro F1 {self.macro_f1:.4f}"

    def summary(self) -> dict[str, float]:
        """The two numbers that a manifest and an experiment list show."""
        return {"accuracy": self.accuracy, "macro_f1": self.macro_f1}


@dataclass(frozen=True, slots=True)
class RegressionMetrics:
    """Scores of a regression on a holdout, errors in the unit of what it predicts."""

    rows: int
    mean_absolute_error: float
    root_mean_squared_error: float
    r2: float
    """Share of the labels' variance that is explained; 0 for a model that always answers their mean."""

    @property
    def headline(self) -> str:
        """The number that a person looks for first."""
        return f"mean absolute error {self.mean_absolute_error:.4g}"

    @property
    def text(self) -> str:
        """All of them in one line."""
        return f"{self.headline}, root mean squared error {self.root_mean_squared_error:.4g}, R² {self.r2:.4f}"

    def summary(self) -> dict[str, float]:
        """What a manifest and an experiment list show."""
        return {
            "mean_absolute_error": self.mean_absolute_error,
            "root_mean_squared_error": self.root_mean_squared_error,
            "r2": self.r2,
        }


def inference_model(
    model_bytes: bytes, manifest: Manifest, holdout: LabelledRows
) -> HoldoutMetrics | RegressionMetrics:
    """Answer every row of `holdout` with the exported graph and score the answers.

    Raises DatasetMalformed when the holdout's columns are not those of `manifest`, or a regression's label is no
    number; DataNotUsable when a label is not among its classes, or the model was not trained here.
    """
    if manifest.lineage is None:
        raise DataNotUsable(f"{manifest.model} was not trained here; expected a bundle of `assay train`")
    require_columns(holdout, manifest.feature_names, "the model", manifest.categories)
    if manifest.task == "regression":
        return _score_values(model_bytes, holdout)
    return _score_classes(model_bytes, manifest.classes, holdout)


def _score_classes(model_bytes: bytes, classes: tuple[str, ...], holdout: LabelledRows) -> HoldoutMetrics:
    unknown = sorted(set(holdout.labels) - set(classes))
    if unknown:
        raise DataNotUsable(f"{holdout.name}: label {unknown[0]!r}; the model knows {', '.join(classes)}")
    truth = class_indices(holdout, classes)
    answered = answer_with_onnx(model_bytes, holdout)["label"]
    indices = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(truth, answered, labels=indices, zero_division=0)
    return HoldoutMetrics(
        rows=len(holdout),
        accuracy=float((truth == answered).mean()),
        macro_f1=float(f1[support > 0].mean()),
        classes=tuple(
            ClassMetrics(name, int(support[i]), float(precision[i]), float(recall[i]), float(f1[i]))
            for i, name in enumerate(classes)
        ),
        confusion_matrix=tuple(
            tuple(int(count) for count in row) for row in confusion_matrix(truth, answered, labels=indices)
        ),
    )


def _score_values(model_bytes: bytes, holdout: LabelledRows) -> RegressionMetrics:
    truth = holdout.targets()
    errors = answer_with_onnx(model_bytes, holdout)["value"].reshape(-1) - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    return RegressionMetrics(
        rows=len(holdout),
        mean_absolute_error=float(np.abs(errors).mean()),
        root_mean_squared_error=float(np.sqrt((errors**2).mean())),
        r2=1 - float((errors**2).sum()) / spread if spread else 0.0,
    )
