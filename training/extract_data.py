"""The first stage: all training rows, checked, and shown to share none with the holdout."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dataset import LabelledRows, concatenate, require_columns, shared_rows
from training.errors import DataNotUsable


def extract_data(parts: Sequence[LabelledRows], holdout: LabelledRows, task: str = "classification") -> LabelledRows:
    """The training rows of all `parts`.

    Raises DataNotUsable when a row of the holdout is among them (by content, whatever its label), when they have only
    one class, when the holdout has a label that no training row has, or when a number is too large for the graph's
    32-bit input; DatasetMalformed when the parts and the holdout differ in their columns, or a regression's label is no
    number.
    """
    rows = concatenate(parts)
    require_columns(holdout, rows.feature_names, rows.name, rows.categories)
    _refuse_taken_names(rows)
    for part in (*parts, holdout):
        _refuse_large_numbers(part)
    _refuse_holdout_rows(parts, holdout)
    if task == "regression":
        holdout.targets()  # raises where a label is no number
        if len(set(rows.targets())) < 2:
            raise DataNotUsable(f"{rows.name}: every label is {rows.labels[0]}; a regression needs at least two")
        return rows
    if len(rows.classes) < 2:
        raise DataNotUsable(f"{rows.name}: only the class {rows.classes[0]!r}; a classifier needs at least two")
    unknown = Counter(label for label in holdout.labels if label not in rows.classes)
    if unknown:
        label, count = unknown.most_common(1)[0]
        raise DataNotUsable(
            f"{holdout.name}: {count} rows have the label {label!r}, which no training row has; "
            f"expected one of {', '.join(rows.classes)}"
        )
    return rows


def _refuse_taken_names(rows: LabelledRows) -> None:
    taken = {"label", "probabilities", "value"} & set(rows.feature_names) if rows.categories else set()
    if taken:
        raise DataNotUsable(f"{rows.name}: a feature is named {min(taken)!r}, as an output of the model is")


def _refuse_large_numbers(rows: LabelledRows) -> None:
    is_large = np.abs(rows.features) > np.finfo(np.float32).max
    if is_large.any():
        row, column = np.argwhere(is_large)[0]
        raise DataNotUsable(
            f"{rows.name}, row {row + 1}, column {rows.feature_names[column]}: {rows.features[row, column]:g} is too "
            "large for a 32-bit float"
        )


def _refuse_holdout_rows(parts: Sequence[LabelledRows], holdout: LabelledRows) -> None:
    for part in parts:
        shared = shared_rows(part, holdout)
        if shared:
            row, holdout_row = shared[0]
            raise DataNotUsable(
                f"{part.name}: {len(shared)} of its {len(part)} rows stand in the holdout {holdout.name}, the first is "
                f"row {row + 1} (row {holdout_row + 1} there); a holdout is never trained on"
            )
