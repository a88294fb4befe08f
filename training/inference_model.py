"""The last stage: the exported model's answers to the holdout, scored."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from dataset import LabelledRows, require_columns
from training.errors import DataNotUsable
from training.onnx_answers import answer_with_onnx
from training.train_model import as_float32, class_indices


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

    def summary(self) -> dict[str, float]:
        """The two numbers that a manifest and an experiment list show."""
        return {"accuracy": self.accuracy, "macro_f1": self.macro_f1}


def inference_model(
    model_bytes: bytes, feature_names: tuple[str, ...], classes: tuple[str, ...], holdout: LabelledRows
) -> HoldoutMetrics:
    """Answer every row of `holdout` with the exported graph and score the answers.

    Raises DatasetMalformed when the holdout's columns are not `feature_names`, DataNotUsable when a label is not among
    `classes`.
    """
    require_columns(holdout, feature_names, "the model")
    unknown = sorted(set(holdout.labels) - set(classes))
    if unknown:
        raise DataNotUsable(f"{holdout.name}: label {unknown[0]!r}; the model knows {', '.join(classes)}")
    truth = class_indices(holdout, classes)
    answered = answer_with_onnx(model_bytes, as_float32(holdout.features)).class_indices
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
