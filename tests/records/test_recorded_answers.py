"""What is read again of recorded predictions: for a rollout's test of live labels, and for the next training."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from promotion.evidence.asked_predictor import REPLAY_ID
from promotion.recorded.answers import RecordsMissing
from promotion.recorded.database_predictions import DatabasePredictions
from records.database import Database
from records.feedback import TrueLabel, record_labels
from records.labelled_inputs import read_labelled_inputs
from records.prediction_writer import PredictionRow, PredictionWriter
from tests.records.predictions import NOW, make_rows

STABLE, CANARY = "sha256:stable", "sha256:canary"


def write(url: str, *rows: PredictionRow) -> None:
    writer = PredictionWriter(url)
    writer.write(rows)
    writer.close()


def answered(number: int, digest: str, *labels: str, client_id: str | None = None) -> list[PredictionRow]:
    """A request of as many rows as labels, `number` seconds after noon."""
    (made,) = make_rows([number])
    own = made._replace(bundle_digest=digest, client_request_id=client_id, rows=len(labels))
    return [own._replace(row=row, label=label) for row, label in enumerate(labels)]


def test_answers_of_both_are_read_as_they_come(url: str, database: Database) -> None:
    write(url, *answered(2, STABLE, "a"), *answered(3, STABLE, "a", "b"), *answered(4, CANARY, "c"))
    write(url, *answered(5, "sha256:other", "a"), *answered(6, CANARY, "a", client_id=REPLAY_ID))
    predictions = DatabasePredictions(url, STABLE, CANARY, (NOW + timedelta(seconds=3)).timestamp())
    assert predictions.read()
    assert {name: one.labels for name, one in predictions.answers.stable.items()} == {"request-3": ("a", "b")}
    assert predictions.answers.canary.keys() == {"request-4"}
    assert predictions.answers.canary["request-4"].at == (NOW + timedelta(seconds=4)).timestamp()
    write(url, *answered(60, CANARY, "b"))
    predictions.read()
    write(url, *answered(20, STABLE, "c"))  # spooled while the database was away
    predictions.read()
    assert predictions.answers.stable.keys() == {"request-3", "request-20"}
    assert predictions.answers.canary.keys() == {"request-4", "request-60"}


def test_nobody_tells_the_answers_of_one_bundle_apart(url: str, database: Database) -> None:
    write(url, *answered(2, STABLE, "a"))
    assert not DatabasePredictions(url, STABLE, STABLE, 0).read()


def test_a_database_that_is_away_is_no_data(tmp_path: Path) -> None:
    with pytest.raises(RecordsMissing, match="does not answer"):
        DatabasePredictions(f"sqlite:///{tmp_path}/no/records.db", STABLE, CANARY, 0).read()


def test_inputs_are_read_with_their_true_labels(url: str, database: Database) -> None:
    write(url, *make_rows(range(5)))
    labels = [TrueLabel("request-3", 0, "z"), TrueLabel("request-1", 0, "y")]
    record_labels(database, labels, source="ann", at=datetime.now(UTC))
    found = {one.request_id: (one.true_label, one.inputs) for one in read_labelled_inputs(database, "digits")}
    assert found == {"request-3": ("z", bytes([3]) * 4), "request-1": ("y", bytes([1]) * 4)}
    assert not list(read_labelled_inputs(database, "digits", since=datetime.now(UTC) + timedelta(hours=1)))
    assert not list(read_labelled_inputs(database, "other"))
