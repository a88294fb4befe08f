"""The digits in their parts, and one model trained on them with every default."""

from collections.abc import Mapping

import pytest

from dataset import LabelledRows
from tests.training.experiments import train
from training.digits import load_digits_parts
from training.experiment import FinishedExperiment


@pytest.fixture(scope="session")
def digits() -> Mapping[str, LabelledRows]:
    return load_digits_parts()


@pytest.fixture(scope="session")
def trained(digits: Mapping[str, LabelledRows], tmp_path_factory: pytest.TempPathFactory) -> FinishedExperiment:
    return train(digits["part-1"], digits["holdout"], tmp_path_factory.mktemp("bundles"))
