"""Of a run that several requests shared, each has the record that it would have had alone."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from open_inference import InferRequest, Tensor
from predictor.recording.chunk import RunRequest
from predictor.recording.chunk_records import records_of
from predictor.recording.kept_prediction import KeptPrediction
from predictor.recording.record import Record
from predictor.recording.recorded_run import RecordedRun
from predictor.served_model import Inference
from tests.predictor.predictions import CLASSES, IDENTITY, make_prediction, over_the_disk

ROWS = [(0, 1), (1, 4), (4, 5)]
LIMIT = 2**20


def run_of(numbers: int, *, is_classifier: bool = True) -> RecordedRun:
    """Of three requests with so many numbers a row; one of the probabilities is no number."""
    features = np.arange(5 * numbers, dtype=np.float32).reshape(5, numbers)
    indices = np.array([0, 1, 2, 2, 1]) if is_classifier else np.empty(0, dtype=np.int64)
    probabilities = np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 1]] / 3
    probabilities[2, 0] = np.nan
    label = Tensor.of("label", np.array([b"x", b"", "ä".encode(), b"y", b"z"], dtype=np.object_))
    inference = Inference(
        IDENTITY,
        (label, Tensor.of("probabilities", probabilities)),
        indices,
        probabilities if is_classifier else np.empty((0, 0), dtype=np.float32),
        np.empty(0) if is_classifier else np.arange(5) / 7,
    )
    run = RecordedRun("rest", CLASSES, Tensor.of("features", features), inference, time_ns=10**18)
    for number, (first, last) in enumerate(ROWS):
        asked_for = ("probabilities", "label") if number else ("label",)
        own_id = '"own"' if number == 1 else ""
        client = "shop" if number == 2 else ""
        part = f"request-{number}", own_id, client, "/a", first, last, asked_for
        run.requests.append((0.25, part))
    return run


def records_alone(run: RecordedRun, limit_bytes: int) -> list[Record]:
    """Of the same requests by the ordinary way."""
    records: list[Record] = []
    for number, one in enumerate(map(RunRequest.of, run.requests)):
        rows, said = slice(one.first_row, one.last_row), run.inference
        outputs = {tensor.name: Tensor.of(tensor.name, tensor.data[rows]) for tensor in said.outputs}
        prediction = replace(
            make_prediction(number),
            door="/a",
            time_ns=10**18,
            seconds=0.25,
            request=InferRequest(
                (Tensor.of("features", run.asked.data[rows]),), id=orjson.loads(one.own_id) if one.own_id else None
            ),
            inference=Inference(
                IDENTITY,
                tuple(outputs[name] for name in one.outputs),
                said.class_indices[rows],
                said.probabilities[rows],
                said.numbers[rows],
            ),
            rows=one.last_row - one.first_row,
            client=one.client,
        )
        chunk = KeptPrediction.cut(prediction, limit_bytes).to_chunk("key", number)
        records += records_of(over_the_disk(chunk), limit_bytes)
    return records


def lines_of(run: RecordedRun, limit_bytes: int) -> list[bytes]:
    chunk = over_the_disk(run.to_chunk("key", 0))
    return [record.to_line() for record in records_of(chunk, limit_bytes)]


@pytest.mark.parametrize("run", [run_of(4), run_of(1000), run_of(4, is_classifier=False)], ids=["few", "many", "value"])
def test_a_request_has_the_record_that_it_would_have_had_alone(run: RecordedRun) -> None:
    lines = lines_of(run, LIMIT)
    assert lines == [record.to_line() for record in records_alone(run, LIMIT)]
    assert [orjson.loads(line)["key"] for line in lines] == ["key-0", "key-1", "key-2"]


def test_only_what_a_person_can_read_is_written_as_numbers() -> None:
    few, many = (orjson.loads(lines_of(run_of(size), LIMIT)[0])["inputs"][0] for size in (512, 513))
    assert (len(few["data"]), "data" in many, len(many["base64"])) == (512, False, 4 * 513 * 4 // 3)


def test_of_a_request_over_the_limit_the_first_rows_are_kept() -> None:
    lines = [orjson.loads(line) for line in lines_of(run_of(100), 1000)]
    assert [(line["rows"], line["is_cut"], len(line.get("labels", []))) for line in lines] == [
        (1, False, 1),
        (3, True, 2),
        (1, False, 1),
    ]


def test_a_run_in_parts_is_the_same_requests() -> None:
    run = run_of(4)
    parts = list(run.split(2))
    assert [request for part in parts for request in part.requests] == run.requests
    assert [len(part.requests) for part in parts] == [2, 1]
    assert {part.time_ns for part in parts} == {run.time_ns}
