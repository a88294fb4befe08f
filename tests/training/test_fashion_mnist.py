"""The real subset of Fashion-MNIST; the environment variable FASHION_MNIST_DIR names its folder."""

import os
from itertools import permutations
from pathlib import Path

import pytest

from dataset import LabelledRows, read_csv_table, shared_rows
from tests.training.experiments import train

FOLDER_VARIABLE = "FASHION_MNIST_DIR"


@pytest.fixture(scope="module")
def fashion_mnist() -> dict[str, LabelledRows]:
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        pytest.skip(
            f"{FOLDER_VARIABLE} is not set; it names the folder of fashion-mnist-{{train-1,train-2,test}}.csv.gz"
        )
    parts = ("train-1", "train-2", "test")
    return {part: read_csv_table(Path(folder) / f"fashion-mnist-{part}.csv.gz") for part in parts}


@pytest.mark.slow
def test_the_parts_have_the_same_columns_and_share_no_row(fashion_mnist: dict[str, LabelledRows]) -> None:
    for part in fashion_mnist.values():
        assert part.feature_names == tuple(f"pixel{number}" for number in range(1, 785))
        assert part.classes == tuple("0123456789")
        assert (part.features.min(), part.features.max()) == (0, 255)
    for one, another in permutations(fashion_mnist.values(), 2):
        assert shared_rows(one, another) == []


@pytest.mark.slow
def test_a_model_learns_from_the_first_part(fashion_mnist: dict[str, LabelledRows], tmp_path: Path) -> None:
    finished = train(fashion_mnist["train-1"], fashion_mnist["test"], tmp_path)
    assert finished.metrics.rows == len(fashion_mnist["test"])
    assert finished.metrics.summary()["accuracy"] > 0.75
    assert finished.bundle.manifest.inputs[0].shape == (-1, 784)
