"""The first stage: all training rows, checked, and shown to share none with the holdout."""

from collections import Counter
from collections.abc import Sequence

from dataset import LabelledRows, concatenate, shared_rows
from training.errors import DataNotUsable


def extract_data(parts: Sequence[LabelledRows], holdout: LabelledRows) -> LabelledRows:
    """The training rows of all `parts`.

    Raises DataNotUsable when a row of the holdout is among them (by content, whatever its label), when they have only
    one class, or when the holdout has other columns or a label that no training row has; DatasetMalformed when the
    parts differ in their columns.
    """
    rows = concatenate(parts)
    concatenate([rows, holdout.first(0)])  # the same columns, or a message that names the difference
    _refuse_holdout_rows(parts, holdout)
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


def _refuse_holdout_rows(parts: Sequence[LabelledRows], holdout: LabelledRows) -> None:
    for part in parts:
        shared = shared_rows(part, holdout)
        if shared:
            row, holdout_row = shared[0]
            raise DataNotUsable(
                f"{part.name}: {len(shared)} of its {len(part)} rows stand in the holdout {holdout.name}, the first is "
                f"row {row + 1} (row {holdout_row + 1} there); a holdout is never trained on"
            )
