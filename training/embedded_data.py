"""The data sets that come with scikit-learn, beside digits: real tables, each with a holdout of its own.

`diabetes` is a regression (442 patients; progression of the disease after a year), `breast-cancer` a classification
(569 tumours). Rows are put in order by a hash of their content, so that the parts stay the same whatever order a
release of scikit-learn stores them in.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes

from dataset import LabelledRows

DIABETES_HOLDOUT_ROWS = 142
BREAST_CANCER_HOLDOUT_ROWS = 200


def load_diabetes_parts() -> Mapping[str, LabelledRows]:
    """`train` (300 rows of 10 numbers) and `holdout` (142 rows); the label is a number."""
    loaded = load_diabetes(scaled=False)
    rows = LabelledRows(
        name="diabetes",
        features=np.asarray(loaded.data, dtype=np.float64),
        labels=tuple(f"{target:g}" for target in loaded.target),
        feature_names=tuple(loaded.feature_names),
        output_feature="progression",
        title="Diabetes",
        link="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
    )
    return split_by_content(rows, DIABETES_HOLDOUT_ROWS)


def load_breast_cancer_parts() -> Mapping[str, LabelledRows]:
    """`train` (369 rows of 30 numbers) and `holdout` (200 rows); the label is `malignant` or `benign`."""
    loaded = load_breast_cancer()
    rows = LabelledRows(
        name="breast-cancer",
        features=np.asarray(loaded.data, dtype=np.float64),
        labels=tuple(str(loaded.target_names[target]) for target in loaded.target),
        feature_names=tuple(str(name) for name in loaded.feature_names),
        output_feature="diagnosis",
        title="Breast cancer, Wisconsin, diagnostic",
        link="https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
    )
    return split_by_content(rows, BREAST_CANCER_HOLDOUT_ROWS)


def split_by_content(rows: LabelledRows, holdout_rows: int) -> Mapping[str, LabelledRows]:
    """`holdout`, the first rows by the hash of their content, and `train`, all others."""
    order = np.array(
        sorted(range(len(rows)), key=lambda index: hashlib.sha256(rows.features[index].tobytes()).digest())
    )
    return {
        "train": _take(rows, "train", order[holdout_rows:]),
        "holdout": _take(rows, "holdout", order[:holdout_rows]),
    }


def _take(rows: LabelledRows, part: str, indices: NDArray[Any]) -> LabelledRows:
    labels = tuple(rows.labels[index] for index in indices)
    return replace(rows, name=f"{rows.name}:{part}", features=rows.features[indices], labels=labels)
