"""What is read again of recorded predictions, for the next training."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

from records.database import Database
from records.feedback import TrueLabel, record_labels
from records.labelled_inputs import read_labelled_inputs
from records.prediction_writer import PredictionWriter
from tests.records.predictions import make_rows


def test_inputs_are_read_with_their_true_labels(url: str, database: Database) -> None:
    with closing(PredictionWriter(url)) as writer:
        writer.write(make_rows(range(5)))
    labels = [TrueLabel("request-3", 0, "z"), TrueLabel("request-1", 0, "y")]
    record_labels(database, labels, source="ann", at=datetime.now(UTC))
    found = {one.request_id: (one.true_label, one.inputs) for one in read_labelled_inputs(database, "digits")}
    assert found == {"request-3": ("z", bytes([3]) * 4), "request-1": ("y", bytes([1]) * 4)}
    assert not list(read_labelled_inputs(database, "digits", since=datetime.now(UTC) + timedelta(hours=1)))
    assert not list(read_labelled_inputs(database, "other"))
