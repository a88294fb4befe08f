"""A record becomes rows of which each has its own part of every tensor."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from open_inference import Tensor
from open_inference.binary_data import decode_binary
from predictor.recording.database_sink import DatabaseSink
from predictor.recording.prediction_recorder import Prediction
from predictor.recording.prediction_rows import prediction_rows
from records.database import open_database
from records.models import Prediction as Row
from records.prediction_writer import PredictionRow
from records.schema import upgrade
from tests.predictor.predictions import make_prediction, make_record

RANDOM = np.random.default_rng(7)
TENSORS: list[NDArray[Any]] = [
    RANDOM.normal(size=(3, 2, 2)).astype(np.float32),
    np.array([[np.nan], [np.inf], [-np.inf]]),
    np.array([[2**63 - 1], [-(2**63)], [0]]),
    np.array([[True, False]] * 3),
    np.array([[b"one", b""], ["Ä".encode(), b"two"], [b"3", b"4"]], dtype=object),
    np.array([[b"\xff\x00"], [b""], [b"text"]], dtype=object),
    np.arange(12, dtype=np.float16).reshape(3, 4),
]


def rows_of(prediction: Prediction, limit_bytes: int = 2**20) -> list[PredictionRow]:
    return prediction_rows(make_record(1, prediction=prediction, limit_bytes=limit_bytes))


def test_a_row_says_what_the_record_does() -> None:
    (row,) = rows_of(make_prediction(2))
    assert row == PredictionRow(
        answered_at=datetime(2001, 9, 9, 1, 46, 40, 123456, tzinfo=UTC),
        key="key-1",
        row=0,
        request_id="request-2",
        client_request_id=None,
        client=None,
        model="digits",
        version="3",
        revision="r1",
        bundle_digest="sha256:0",
        transport="rest",
        door="/classify",
        seconds=0.001235,
        rows=1,
        is_cut=False,
        label="c",
        label_index=2,
        probability=0.5,
        value=None,
        inputs=np.full((1, 2), 2, np.float32).tobytes(),
        inputs_form=[{"name": "features", "datatype": "FP32", "shape": [1, 2], "bytes": 8}],
        outputs=np.array([2], np.int64).tobytes() + np.array([[0.25, 0.25, 0.5]], np.float32).tobytes(),
        outputs_form=[
            {"name": "label", "datatype": "INT64", "shape": [1], "bytes": 8},
            {"name": "probabilities", "datatype": "FP32", "shape": [1, 3], "bytes": 12},
        ],
    )


def test_the_rows_together_are_the_tensors_that_came() -> None:
    inputs = [Tensor.of(f"input-{number}", array) for number, array in enumerate(TENSORS)]
    rows = rows_of(make_prediction(1, rows=3, inputs=inputs))
    assert [row.row for row in rows] == [0, 1, 2]
    for place, expected in enumerate(inputs):
        parts = [read(row.inputs, row.inputs_form)[place] for row in rows]
        np.testing.assert_array_equal(np.concatenate(parts), expected.data)


def read(content: bytes, form: list[dict[str, Any]]) -> list[NDArray[Any]]:
    """The tensors of a row, as whoever reads the database does."""
    arrays, begin = [], 0
    for one in form:
        part = content[begin : begin + one["bytes"]]
        arrays.append(decode_binary(part, one["datatype"], one["shape"], one["name"]))
        begin += one["bytes"]
    assert begin == len(content)
    return arrays


def test_what_is_no_row_of_the_request_is_with_the_first_one() -> None:
    inputs = [Tensor.of("features", np.ones((2, 4), np.float32)), Tensor.of("scale", np.array([7], np.int64))]
    first, second = rows_of(make_prediction(1, rows=2, inputs=inputs))
    assert [form["name"] for form in first.inputs_form] == ["features", "scale"]
    assert [form["name"] for form in second.inputs_form] == ["features"]


def test_of_a_record_that_was_cut_there_are_the_rows_that_it_has() -> None:
    rows = rows_of(make_prediction(1, rows=1000), 10_000)
    assert 1 < len(rows) < 1000
    assert {(row.rows, row.is_cut, len(row.inputs)) for row in rows} == {(1000, True, 8)}
    (nothing_left,) = rows_of(make_prediction(1), 3)
    assert (nothing_left.is_cut, nothing_left.label, nothing_left.inputs) == (True, None, b"")


def test_a_batch_that_comes_again_after_a_crash_is_not_kept_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    database = open_database(url)
    upgrade(database)
    for numbers in ((1, 2), (1, 2, 3)):
        with closing(DatabaseSink(lambda: url)) as sink:
            sink.write([make_record(number) for number in numbers])
    with database.connect() as connection:
        assert connection.execute(select(Row.key)).scalars().all() == ["key-1", "key-2", "key-3"]
    database.dispose()
