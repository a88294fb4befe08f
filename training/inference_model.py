"""The last stage: the exported model's answers to the holdout, scored."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from training.calibration import CalibrationBin, calibrate, expected_calibration_error
from training.holdout_answers import ClassAnswers, HoldoutAnswers, ValueAnswers


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
    calibration_error: float
    """0..1: how far apart a stated probability and the share of right answers are (training/calibration.py)."""
    classes: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]
    """Rows by true class, columns by answered class."""
    calibration: tuple[CalibrationBin, ...]

    @property
    def headline(self) -> str:
        """The number that a person looks for first."""
        return f"accuracy {self.accuracy:.4f}"

    @property
    def text(self) -> str:
        """All of them in one line."""
        return f"{self.headline}, macro F1 {self.macro_f1:.4f}, calibration error {self.calibration_error:.4f}"

    def summary(self) -> dict[str, float]:
        """What a manifest and an experiment list show."""
        return {"accuracy": self.accuracy, "macro_f1": self.macro_f1, "calibration_error": self.calibration_error}


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


def inference_model(answers: HoldoutAnswers) -> HoldoutMetrics | RegressionMetrics:
    """Score what a model answered to a holdout."""
    return _score_values(answers) if isinstance(answers, ValueAnswers) else _score_classes(answers)


def _score_classes(answers: ClassAnswers) -> HoldoutMetrics:
    truth, answered = answers.truth, answers.answered
    indices = np.arange(len(answers.classes))
    precision, recall, f1, support = precision_recall_fscore_support(truth, answered, labels=indices, zero_division=0)
    calibration = calibrate(answers)
    return HoldoutMetrics(
        rows=len(truth),
        accuracy=float((truth == answered).mean()),
        macro_f1=float(f1[support > 0].mean()),
        calibration_error=expected_calibration_error(calibration),
        classes=tuple(
            ClassMetrics(name, int(support[i]), float(precision[i]), float(recall[i]), float(f1[i]))
            for i, name in enumerate(answers.classes)
        ),
        confusion_matrix=tuple(
            tuple(int(count) for count in row) for row in confusion_matrix(truth, answered, labels=indices)
        ),
        calibration=calibration,
    )


def _score_values(answers: ValueAnswers) -> RegressionMetrics:
    truth, errors = answers.truth, answers.answered - answers.truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    return RegressionMetrics(
        rows=len(truth),
        mean_absolute_error=float(np.abs(errors).mean()),
        root_mean_squared_error=float(np.sqrt((errors**2).mean())),
        r2=1 - float((errors**2).sum()) / spread if spread else 0.0,
    )
