"""A data part of what was asked and whose true label came later, so that a next training learns from it."""

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from console.data_parts import DataPart, DataParts
from console.deployments.deployment import DeploymentStore
from console.errors import Refused
from dataset import LabelledRows, read_csv_table, shared_rows
from open_inference.binary_data import decode_binary
from records.database import Database
from records.labelled_inputs import LabelledInput, read_labelled_inputs

USUAL_ROWS = 50
"""Fewer new ones are not worth a part, unless somebody asks for it."""


@dataclass(frozen=True, slots=True)
class FeedbackParts:
    """Makes data parts of what was labelled."""

    database: Database
    data: DataParts
    deployments: DeploymentStore

    def make(self, model: str | None, minimum_rows: int, by: str) -> DataPart:
        """A data part of all rows that `model` was asked and whose true label is known, but for those known already.

        No model is the one that serves. A row of the pinned holdout is left out, too. Raises Refused where fewer than
        `minimum_rows` are left, and RecordsError. A second call makes a part of what came since.
        """
        model = model or self._serving_model()
        like = self.data.columns()
        if like is None:
            raise Refused("there is neither a holdout nor a data part yet, which say what a row is")
        rows = _read_rows(read_labelled_inputs(self.database, model), like)
        if rows is not None:
            rows = self._without_known(rows)
        if rows is None or len(rows) < minimum_rows:
            found = 0 if rows is None else len(rows)
            raise Refused(f"{model}: {found} labelled rows that are not in the data set; expected {minimum_rows}")
        return self.data.add(rows, by, source="feedback")[0]

    def _serving_model(self) -> str:
        serving = self.deployments.serving()
        if serving is None:
            raise Refused("nothing serves yet; name a model")
        return serving.model

    def _without_known(self, rows: LabelledRows) -> LabelledRows | None:
        left = set(range(len(rows))) - self.data.known_rows(rows)
        pinned = self.data.holdouts.pinned()
        if pinned is not None:
            left -= {row for row, _ in shared_rows(rows, self.data.holdouts.read(pinned.digest))}
        kept = sorted(left)
        features = np.ascontiguousarray(rows.features[kept])
        return replace(rows, features=features, labels=tuple(rows.labels[row] for row in kept)) if kept else None


def _read_rows(found: Iterator[LabelledInput], like: LabelledRows) -> LabelledRows | None:
    """The inputs as rows `like` these: one tensor of all columns, or a tensor a column; None where there are none.

    They go through a table, so that numbers and categories are read as those of any other part are.
    """
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        path, count = Path(folder) / "feedback.csv", 0
        with path.open("w", encoding="utf-8", newline="") as text:
            lines = csv.writer(text, lineterminator="\n")
            lines.writerow((like.output_feature, *like.feature_names))
            for one in found:
                if (cells := _cells(one, like)) is not None:
                    lines.writerow((one.true_label, *cells))
                    count += 1
        return read_csv_table(path) if count else None


def _cells(one: LabelledInput, like: LabelledRows) -> list[str] | None:
    """A row's values as a table has them; None for an input of another form than the data set has by now."""
    values: dict[str, list[str]] = {}
    offset = 0
    for form in one.inputs_form:
        end = offset + form["bytes"]
        array = decode_binary(one.inputs[offset:end], form["datatype"], form["shape"], form["name"]).reshape(-1)
        values[form["name"]] = [_text(value) for value in array]
        offset = end
    if len(values) == 1 and len(only := next(iter(values.values()))) == len(like.feature_names):
        return only
    if values.keys() >= set(like.feature_names) and all(len(cells) == 1 for cells in values.values()):
        return [values[name][0] for name in like.feature_names]
    return None


def _text(value: object) -> str:
    """As short as names the number in its own precision, so that 0.1 is what it was in a table."""
    return value.decode() if isinstance(value, bytes) else str(value)
