"""True labels are kept once, only of predictions that are there, and the first one stands."""

from contextlib import closing

import pytest
from sqlalchemy import select

from records.database import Database
from records.feedback import LabelsWritten, TrueLabel, record_labels
from records.models import Feedback
from records.prediction_writer import PredictionWriter
from tests.records.predictions import NOW, make_rows


@pytest.fixture
def predicted(url: str, database: Database) -> Database:
    """600 requests of one row, more than one statement asks for."""
    with closing(PredictionWriter(url)) as writer:
        writer.write(make_rows(range(600)))
    return database


def kept(database: Database) -> dict[tuple[str, int], tuple[str, str]]:
    with database.connect() as connection:
        rows = connection.execute(select(Feedback.request_id, Feedback.row, Feedback.label, Feedback.source))
        return {(row.request_id, row.row): (row.label, row.source) for row in rows}


def test_labels_that_come_again_are_kept_once(predicted: Database) -> None:
    labels = [TrueLabel(f"request-{number}", 0, "a") for number in range(600)]
    assert record_labels(predicted, labels, source="ann", at=NOW) == LabelsWritten(600, 0, 0, (), ())
    assert record_labels(predicted, labels, source="bob", at=NOW) == LabelsWritten(0, 600, 0, (), ())
    assert kept(predicted) == {(one.request_id, 0): ("a", "ann") for one in labels}


def test_a_label_of_no_prediction_is_handed_back(predicted: Database) -> None:
    known, *unknown = TrueLabel("request-1", 0, "a"), TrueLabel("request-1", 1, "a"), TrueLabel("nobody", 0, "a")
    written = record_labels(predicted, [known, *unknown], source="ann", at=NOW)
    assert written == LabelsWritten(1, 0, 0, (), tuple(unknown))
    assert list(kept(predicted)) == [("request-1", 0)]


def test_of_two_labels_the_first_stands_until_it_is_corrected(predicted: Database) -> None:
    first, second = TrueLabel("request-5", 0, "a"), TrueLabel("request-5", 0, "b")
    assert record_labels(predicted, [first, second], source="ann", at=NOW) == LabelsWritten(1, 0, 0, (second,), ())
    assert record_labels(predicted, [second], source="bob", at=NOW) == LabelsWritten(0, 0, 0, (second,), ())
    assert kept(predicted) == {("request-5", 0): ("a", "ann")}
    assert record_labels(predicted, [second], source="bob", at=NOW, correct=True) == LabelsWritten(0, 0, 1, (), ())
    assert kept(predicted) == {("request-5", 0): ("b", "bob")}
