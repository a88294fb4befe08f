"""The embedded data set: scikit-learn's digits, 1,797 images of 8 x 8 pixels (0..16), in three pinned parts.

Rows are put in order by a hash of their content, so that the parts stay the same whatever order a release of
scikit-learn stores them in.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
from sklearn.datasets import load_digits

from dataset import LabelledRows

HOLDOUT_ROWS = 800
FIRST_PART_ROWS = 200


def load_digits_parts() -> Mapping[str, LabelledRows]:
    """`part-1` (200 rows), `part-2` (797 rows) and `holdout` (800 rows): no row stands in two of them."""
    loaded = load_digits()
    features = np.asarray(loaded.data, dtype=np.float64)
    order = sorted(range(len(features)), key=lambda index: hashlib.sha256(features[index].tobytes()).digest())
    bounds = {
        "holdout": order[:HOLDOUT_ROWS],
        "part-1": order[HOLDOUT_ROWS : HOLDOUT_ROWS + FIRST_PART_ROWS],
        "part-2": order[HOLDOUT_ROWS + FIRST_PART_ROWS :],
    }
    return {
        part: LabelledRows(
            name=f"digits:{part}",
            features=features[indices],
            labels=tuple(str(loaded.target[index]) for index in indices),
            feature_names=tuple(loaded.feature_names),
            output_feature="digit",
            title="Optical recognition of handwritten digits",
            link="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        )
        for part, indices in bounds.items()
    }
