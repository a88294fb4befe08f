"""A finished experiment in pictures, as PNG: what MLflow and DVC show beside the numbers."""

import io
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bundle import ImageForm
from training.experiment import FinishedExperiment
from training.holdout_answers import ClassAnswers, ValueAnswers
from training.inference_model import HoldoutMetrics

LINE, QUIET = "#4c6a92", "#8a8f98"
WORST = 20
"""Mistakes that are shown: those that the model was surest of."""
_NAMED_CLASSES = 30
"""Up to which the confusion matrix has room for names and numbers."""


def draw_plots(finished: FinishedExperiment, directory: Path) -> None:
    """Write the pictures that this experiment has into `directory`, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 120}):
        for name, figure in _figures(finished):
            figure.savefig(directory / f"{name}.png", metadata={"Software": None})


def confusion_image(metrics: HoldoutMetrics) -> NDArray[np.uint8]:
    """The confusion matrix as pixels, height x width x RGB."""
    file = io.BytesIO()
    figure = _draw_confusion(metrics)
    figure.savefig(file, format="rgba", dpi="figure")
    width, height = figure.canvas.get_width_height()
    return np.frombuffer(file.getvalue(), dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


def _figures(finished: FinishedExperiment) -> Iterator[tuple[str, Figure]]:
    if finished.epochs:
        yield "epochs", _draw_epochs(finished)
    if isinstance(finished.metrics, HoldoutMetrics):
        yield "confusion_matrix", _draw_confusion(finished.metrics)
        yield "calibration", _draw_calibration(finished.metrics)
    if isinstance(finished.answers, ValueAnswers):
        yield "answers", _draw_values(finished.answers)
    image = finished.bundle.manifest.image
    if image is not None and isinstance(finished.answers, ClassAnswers):
        worst = _worst_mistakes(finished.answers)
        if len(worst):
            yield "worst_mistakes", _draw_pictures(finished, finished.answers, worst, image)


def _draw_epochs(finished: FinishedExperiment) -> Figure:
    figure = Figure(figsize=(6, 2.4 * len(finished.epochs)), layout="constrained")
    for place, (name, values) in enumerate(finished.epochs.items(), start=1):
        axes = figure.add_subplot(len(finished.epochs), 1, place)
        axes.plot(range(1, len(values) + 1), values, color=LINE)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name.replace("_", " "))
    return figure


def _draw_confusion(metrics: HoldoutMetrics) -> Figure:
    counts = np.array(metrics.confusion_matrix)
    names = [one.name for one in metrics.classes]
    side = min(3 + 0.35 * len(names), 12)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    if len(names) <= _NAMED_CLASSES:
        axes.set_xticks(range(len(names)), names, rotation=0 if max(map(len, names)) < 4 else 90)
        axes.set_yticks(range(len(names)), names)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    return figure


def _draw_calibration(metrics: HoldoutMetrics) -> Figure:
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot((0, 1), (0, 1), color=QUIET, linestyle="--", linewidth=1)
    sizes = [12 + 180 * one.rows / metrics.rows for one in metrics.calibration]
    confidence, accuracy = zip(*((one.confidence, one.accuracy) for one in metrics.calibration), strict=True)
    axes.plot(confidence, accuracy, color=LINE, linewidth=1)
    axes.scatter(confidence, accuracy, s=sizes, color=LINE)
    axes.set_xlabel("probability of the answered class, mean of a tenth")
    axes.set_ylabel("share of right answers")
    axes.set_title(f"calibration error {metrics.calibration_error:.4f}")
    return figure


def _draw_values(answers: ValueAnswers) -> Figure:
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    ends = [min(answers.truth.min(), answers.answered.min()), max(answers.truth.max(), answers.answered.max())]
    axes.plot(ends, ends, color=QUIET, linestyle="--", linewidth=1)
    axes.scatter(answers.truth, answers.answered, s=8, alpha=0.5, color=LINE)
    axes.set_xlabel("true")
    axes.set_ylabel("answered")
    return figure


def _worst_mistakes(answers: ClassAnswers) -> NDArray[np.intp]:
    """The rows that are wrong, the surest first."""
    wrong = np.flatnonzero(answers.truth != answers.answered)
    return wrong[np.argsort(-answers.confidence()[wrong], kind="stable")][:WORST]


def _draw_pictures(
    finished: FinishedExperiment, answers: ClassAnswers, rows: NDArray[np.intp], image: ImageForm
) -> Figure:
    columns = min(5, len(rows))
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.75 * lines), layout="constrained")
    confidence = answers.confidence()
    for place, row in enumerate(rows, start=1):
        axes = figure.add_subplot(lines, columns, place)
        axes.imshow(finished.holdout.features[row].reshape(image.height, image.width), cmap="gray_r")
        truth, answered = answers.classes[answers.truth[row]], answers.classes[answers.answered[row]]
        axes.set_title(f"{truth}, not {answered}\n{confidence[row]:.2f}, row {row + 1}", fontsize=8)
        axes.set_axis_off()
    return figure
