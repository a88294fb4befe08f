"""True labels of what was answered: kept, handed to the test of a rollout that is under way, and learned from later."""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from console.data_parts import DataPart, DataParts
from console.errors import Refused
from console.rollouts import Rollouts
from dataset import LabelledRows, read_csv_table, shared_rows
from open_inference.binary_data import decode_binary
from promotion.clock import Clock
from promotion.recorded.label_store import FileLabels, HandedIn
from promotion.recorded.labels import TrueLabel
from records.database import Database
from records.feedback import TrueLabel as RecordedLabel
from records.feedback import record_labels
from records.labelled_inputs import LabelledInput, read_labelled_inputs


@dataclass(frozen=True, slots=True)
class FeedbackTaken:
    """What became of labels that were given."""

    new: int
    known: int
    """They were there already, and say the same."""
    contradicting: tuple[TrueLabel, ...]
    """Another label is there, which stands."""
    unknown: tuple[TrueLabel, ...]
    """No such prediction is recorded, or not yet: nothing of them is kept; they can be given again."""
    rollout_id: int | None
    """The rollout whose test has them, too; None where none is under way."""
    rollout: HandedIn | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """Takes labels, and makes a data part of what was labelled."""

    database: Database
    rollouts: Rollouts
    rollout_directory: Path | None
    """Where the promoter reads labels; None: it reads none, as in a cluster."""
    data: DataParts
    clock: Clock

    def give(self, labels: Sequence[TrueLabel], by: str) -> FeedbackTaken:
        """Keep `labels`; what is known already changes nothing. Can be repeated.

        Raises RecordsError, LabelsRefused, RolloutError.
        """
        wanted = [RecordedLabel(one.request_id, one.row, one.label) for one in labels]
        written = record_labels(self.database, wanted, source=by, at=datetime.now(UTC))
        unknown = {(one.request_id, one.row) for one in written.unknown}
        under_way = self.rollouts.under_way() if self.rollout_directory is not None else None
        handed_in = None
        if under_way is not None and self.rollout_directory is not None:
            kept = FileLabels(self.rollout_directory, under_way.rollout_id)
            usable = [one for one in labels if (one.request_id, one.row) not in unknown]
            handed_in = kept.hand_in(usable, by, self.clock.now().timestamp())
        return FeedbackTaken(
            new=written.new,
            known=written.known,
            contradicting=tuple(TrueLabel(*one) for one in written.contradicting),
            unknown=tuple(TrueLabel(*one) for one in written.unknown),
            rollout_id=under_way.rollout_id if under_way is not None else None,
            rollout=handed_in,
        )

    def make_part(self, model: str, minimum_rows: int, by: str) -> DataPart:
        """A data part of all rows that `model` was asked and whose true label is known, but for those known already.

        A row of the pinned holdout is left out, too. Raises Refused where fewer than `minimum_rows` are left, and
        RecordsError. A second call makes a part of what came since.
        """
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
