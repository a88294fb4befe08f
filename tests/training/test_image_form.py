"""Which data sets are pictures, as the names and values of their columns tell."""

from pathlib import Path

import numpy as np
import pytest

from bundle import ImageForm
from dataset import LabelledRows
from tests.training.experiments import train
from training.experiment import FinishedExperiment
from training.image_form import image_form


def rows(names: list[str], largest: float = 255, smallest: float = 0) -> LabelledRows:
    values = np.full((2, len(names)), smallest)
    values[0, 0] = largest
    return LabelledRows(name="rows", features=values, labels=("a", "b"), feature_names=tuple(names))


def test_a_model_of_the_digits_takes_their_pictures(trained: FinishedExperiment) -> None:
    assert trained.bundle.manifest.image == ImageForm(width=8, height=8, scale=16)


@pytest.mark.parametrize("first", [0, 1])
def test_the_usual_csv_of_fashion_mnist_is_28_by_28_of_255(first: int) -> None:
    names = [f"pixel{first + index}" for index in range(784)]
    assert image_form(rows(names)) == ImageForm(width=28, height=28, scale=255)
    assert image_form(rows(names, largest=0.75)) == ImageForm(width=28, height=28, scale=1)


def test_rows_and_columns_are_told_apart() -> None:
    names = [f"pixel_{row}_{column}" for row in range(2) for column in range(3)]
    assert image_form(rows(names)) == ImageForm(width=3, height=2)


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b", "c", "d"],
        ["pixel1", "pixel2", "pixel3"],
        ["pixel2", "pixel3", "pixel4", "pixel5"],
        ["pixel_0_0", "pixel_1_0", "pixel_0_1", "pixel_1_1"],
        ["pixel_0_0", "pixel_9999_9999"],
        ["a_1_2"],
        ["pixel_x_y"],
    ],
    ids=str,
)
def test_other_columns_are_no_picture(names: list[str]) -> None:
    assert image_form(rows(names)) is None


@pytest.mark.parametrize(("largest", "smallest"), [(256, 0), (255, -1)])
def test_values_that_no_sample_has_are_no_picture(largest: float, smallest: float) -> None:
    assert image_form(rows(["pixel_0_0", "pixel_0_1"], largest, smallest)) is None


def test_a_model_of_other_rows_takes_no_pictures_and_its_manifest_does_not_speak_of_them(tmp_path: Path) -> None:
    features = np.arange(40, dtype=np.float64).reshape(20, 2)
    labels = ("a", "b") * 10
    part = LabelledRows(name="part", features=features, labels=labels, feature_names=("x", "y"))
    holdout = LabelledRows(name="holdout", features=features + 0.5, labels=labels, feature_names=("x", "y"))
    bundle = train(part, holdout, tmp_path).bundle
    assert bundle.manifest.image is None
    assert "image" not in (bundle.path / "manifest.json").read_text()
