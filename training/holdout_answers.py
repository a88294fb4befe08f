"""What an exported model answers to every row of a holdout: what metrics, plots and comparisons are made of."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle import Manifest
from dataset import LabelledRows, require_columns
from training.errors import DataNotUsable
from training.onnx_answers import answer_with_onnx
from training.train_model import class_indices


@dataclass(frozen=True, slots=True)
class ClassAnswers:
    """A classifier's, to n rows, of k classes."""

    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    """(n,), indices into `classes`."""
    answered: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    """(n, k)."""

    def confidence(self) -> NDArray[np.float32]:
        """(n,): the probability of the class that was answered."""
        taken: NDArray[np.float32] = np.take_along_axis(self.probabilities, self.answered[:, None], axis=1)[:, 0]
        return taken


@dataclass(frozen=True, slots=True)
class ValueAnswers:
    """A regression's, to n rows."""

    truth: NDArray[np.float64]
    answered: NDArray[np.float64]


HoldoutAnswers = ClassAnswers | ValueAnswers


def answer_holdout(model_bytes: bytes, manifest: Manifest, holdout: LabelledRows) -> HoldoutAnswers:
    """Answer every row of `holdout` with the exported graph.

    Raises DatasetMalformed when the holdout's columns are not those of `manifest`, or a regression's label is no
    number; DataNotUsable when a label is not among its classes, or the model was not trained here.
    """
    if manifest.lineage is None:
        raise DataNotUsable(f"{manifest.model} was not trained here; expected a bundle of `assay train`")
    require_columns(holdout, manifest.feature_names, "the model", manifest.categories)
    if manifest.task == "regression":
        truth = holdout.targets()
        return ValueAnswers(truth, answer_with_onnx(model_bytes, holdout)["value"].reshape(-1).astype(np.float64))
    classes = manifest.classes
    unknown = sorted(set(holdout.labels) - set(classes))
    if unknown:
        raise DataNotUsable(f"{holdout.name}: label {unknown[0]!r}; the model knows {', '.join(classes)}")
    outputs = answer_with_onnx(model_bytes, holdout)
    return ClassAnswers(classes, class_indices(holdout, classes), outputs["label"], outputs["probabilities"])


def write_answers(answers: HoldoutAnswers, path: Path) -> None:
    """One row of the holdout a line, in its order: its label, what was answered, and a class's probability."""
    with path.open("w", encoding="utf-8", newline="") as text:
        lines = csv.writer(text, lineterminator="\n")
        if isinstance(answers, ValueAnswers):
            lines.writerow(("row", "label", "answered"))
            columns = map(repr, answers.truth.tolist()), map(repr, answers.answered.tolist())
            lines.writerows((row, *cells) for row, cells in enumerate(zip(*columns, strict=True), start=1))
            return
        lines.writerow(("row", "label", "answered", "probability"))
        names = answers.classes
        cells = zip(answers.truth, answers.answered, answers.confidence(), strict=True)
        lines.writerows(
            (row, names[truth], names[answered], f"{probability:.6g}")
            for row, (truth, answered, probability) in enumerate(cells, start=1)
        )


def read_answers(content: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels and what was answered, as texts, of a file that `write_answers` wrote."""
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return tuple(row["label"] for row in rows), tuple(row["answered"] for row in rows)
