"""Rows that are not trained on: each case gets one line, and nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataset import DatasetError, DatasetMalformed, LabelledRows, concatenate
from tests.training.experiments import train
from training.errors import DataNotUsable, TrainingError


def refusal(parts: Sequence[LabelledRows], holdout: LabelledRows, directory: Path) -> Exception:
    """What stops the training; the directory stays as empty as it was."""
    with pytest.raises((TrainingError, DatasetError)) as refused:
        train(parts, holdout, directory)
    assert "\n" not in str(refused.value)
    assert list(directory.iterdir()) == []
    return refused.value


@pytest.mark.parametrize("label", ["its own label", "another label"])
def test_a_row_of_the_holdout_is_never_trained_on(
    digits: Mapping[str, LabelledRows], tmp_path: Path, label: str
) -> None:
    holdout, part = digits["holdout"], digits["part-1"]
    taken = replace(holdout, features=holdout.features[[41]], labels=holdout.labels[41:42])
    if label == "another label":
        taken = replace(taken, labels=(str((int(taken.labels[0]) + 1) % 10),))
    spoilt = replace(concatenate([part, taken]), name="rows.csv")
    error = refusal([digits["part-2"], spoilt], holdout, tmp_path)
    assert isinstance(error, DataNotUsable)
    assert str(error) == (
        "rows.csv: 1 of its 201 rows stand in the holdout digits:holdout, the first is row 201 (row 42 there); "
        "a holdout is never trained on"
    )


def test_the_holdout_itself_is_never_trained_on(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    error = refusal([digits["holdout"]], digits["holdout"], tmp_path)
    assert str(error).startswith("digits:holdout: 800 of its 800 rows stand in the holdout digits:holdout, ")


def test_one_class_is_not_enough(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    part = replace(digits["part-1"], labels=("7",) * 200)
    error = refusal([part], digits["holdout"], tmp_path)
    assert isinstance(error, DataNotUsable)
    assert str(error) == "digits:part-1: only the class '7'; a classifier needs at least two"


def test_a_label_that_only_the_holdout_has_is_refused(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    holdout = replace(digits["holdout"].first(4), name="holdout.csv", labels=("1", "ten", "eleven", "ten"))
    error = refusal([digits["part-1"]], holdout, tmp_path)
    assert isinstance(error, DataNotUsable)
    assert str(error) == (
        "holdout.csv: 2 rows have the label 'ten', which no training row has; "
        "expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    )


def test_a_holdout_with_fewer_features_is_refused(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    holdout = digits["holdout"]
    narrow = replace(holdout, features=holdout.features[:, 1:], feature_names=holdout.feature_names[1:])
    error = refusal([digits["part-1"], digits["part-2"]], narrow, tmp_path)
    assert isinstance(error, DatasetMalformed)
    assert str(error) == "digits:holdout: 63 features, but digits:part-1 + digits:part-2 has 64"


def test_a_holdout_with_columns_of_other_names_is_refused(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    holdout = replace(digits["holdout"], feature_names=digits["holdout"].feature_names[::-1])
    error = refusal([digits["part-1"]], holdout, tmp_path)
    assert isinstance(error, DatasetMalformed)
    assert str(error) == "digits:holdout: feature 1 is named 'pixel_7_7', but digits:part-1 names it 'pixel_0_0'"


def test_parts_with_different_columns_are_refused(digits: Mapping[str, LabelledRows], tmp_path: Path) -> None:
    part = digits["part-2"]
    narrow = replace(part, features=part.features[:, 1:], feature_names=part.feature_names[1:])
    error = refusal([digits["part-1"], narrow], digits["holdout"], tmp_path)
    assert str(error) == "digits:part-2: 63 features, but digits:part-1 has 64"


@pytest.mark.parametrize("spoilt", ["part-1", "holdout"])
def test_a_number_that_the_graph_cannot_take_is_refused(
    digits: Mapping[str, LabelledRows], tmp_path: Path, spoilt: str
) -> None:
    """The graph's input is FP32: 1e39 is a finite number in the data, and would be infinity there."""
    features = np.array(digits[spoilt].features)
    features[3, 1] = -1e39
    rows = {**digits, spoilt: replace(digits[spoilt], features=features)}
    error = refusal([rows["part-1"]], rows["holdout"], tmp_path)
    assert isinstance(error, DataNotUsable)
    assert str(error) == f"digits:{spoilt}, row 4, column pixel_0_1: -1e+39 is too large for a 32-bit float"
