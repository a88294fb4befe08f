"""Stages with files between them make the bundle that one command makes; a changed file is found."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.labelled_data import load_rows
from tests.training.experiments import PROVENANCE, estimator, train
from training.errors import StageFilesNotUsable
from training.experiment import run_extract_data, run_inference_model, run_train_model
from training.parameters import TrainingParameters
from training.stage_files import read_data, read_model, write_data, write_model


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("digits", estimator("sklearn.neural_network.MLPClassifier", max_iter=3)),
        ("apartments", estimator("sklearn.linear_model.LogisticRegression")),
        ("rents", {"task": "regression", **estimator("sklearn.linear_model.LinearRegression")}),
    ],
    ids=["pictures", "a table with categories", "a regression"],
)
def test_stage_by_stage_is_the_same_bundle(tmp_path: Path, data: str, fields: dict[str, Any]) -> None:
    parameters = TrainingParameters.model_validate(fields)
    rows, holdout = load_rows(data), load_rows(f"{data}:holdout")
    write_data(run_extract_data([rows], holdout, parameters), tmp_path / "data")
    write_model(run_train_model(read_data(tmp_path / "data"), parameters, print), tmp_path / "model")
    model = read_model(tmp_path / "model")
    staged = run_inference_model(
        read_data(tmp_path / "data"), model, parameters, PROVENANCE, tmp_path / "staged", print
    )
    at_once = train(rows, holdout, tmp_path / "at once", fields)
    assert staged.bundle.digest == at_once.bundle.digest
    assert (staged.metrics, staged.epochs, staged.parity) == (at_once.metrics, at_once.epochs, at_once.parity)


def test_the_files_of_a_stage_are_the_same_bytes_again(tmp_path: Path) -> None:
    parameters = TrainingParameters()
    for name in ("a", "b"):
        write_data(
            run_extract_data([load_rows("apartments")], load_rows("apartments:holdout"), parameters), tmp_path / name
        )
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["data.json", "holdout.npz", "training.npz"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def test_what_is_missing_or_changed_is_told(tmp_path: Path) -> None:
    with pytest.raises(StageFilesNotUsable, match=r"data/data\.json: not there; run the stage extract_data first"):
        read_data(tmp_path / "data")
    data = run_extract_data([load_rows("rents")], load_rows("rents:holdout"), TrainingParameters(task="regression"))
    write_data(data, tmp_path / "data")
    np.savez_compressed(
        tmp_path / "data/holdout.npz", features=data.holdout.features[::-1], labels=np.array(data.holdout.labels)
    )
    with pytest.raises(StageFilesNotUsable, match=r"holdout\.npz was changed since extract_data wrote it"):
        read_data(tmp_path / "data")
    (tmp_path / "data/holdout.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(StageFilesNotUsable, match="data: not what extract_data writes"):
        read_data(tmp_path / "data")
