"""Predictions as a recorder gets them, and records as it keeps them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from open_inference import InferRequest, Tensor
from predictor.identity import ModelIdentity
from predictor.recording.chunk import Chunk, EncodedChunk
from predictor.recording.chunk_records import records_of
from predictor.recording.kept_prediction import KeptPrediction
from predictor.recording.prediction_recorder import Prediction
from predictor.recording.record import Record
from predictor.served_model import Inference

IDENTITY = ModelIdentity("digits", "3", "r1", "sha256:0")
CLASSES = ("a", "b", "c")


def make_prediction(number: int, *, rows: int = 1, inputs: Sequence[Tensor] = ()) -> Prediction:
    """One that `number_of` knows again."""
    features = np.full((rows, 2), number, dtype=np.float32)
    indices = np.full(rows, number % 3, dtype=np.int64)
    probabilities: NDArray[np.float32] = np.full((rows, 3), 0.25, dtype=np.float32)
    probabilities[:, number % 3] = 0.5
    return Prediction(
        request_id=f"request-{number}",
        transport="rest",
        door="/classify",
        time_ns=1_000_000_000_123_456_000,
        seconds=0.00123456,
        classes=CLASSES,
        request=InferRequest(inputs=tuple(inputs) or (Tensor.of("features", features),)),
        inference=Inference(
            identity=IDENTITY,
            outputs=(Tensor.of("label", indices), Tensor.of("probabilities", probabilities)),
            class_indices=indices,
            probabilities=probabilities,
            numbers=np.empty(0, dtype=np.float32),
        ),
        rows=rows,
    )


def make_record(number: int, *, prediction: Prediction | None = None, limit_bytes: int = 2**20) -> Record:
    """What comes out of the spool of a prediction."""
    kept = KeptPrediction.cut(prediction or make_prediction(number), limit_bytes)
    (record,) = records_of(over_the_disk(kept.to_chunk("key", number)), limit_bytes)
    return record


def over_the_disk(chunk: Chunk) -> Chunk:
    return Chunk.decode(content_of(chunk.encode()))


def content_of(chunk: EncodedChunk, segment: int = 0) -> bytes:
    """As it is in a segment of the spool."""
    return chunk.frame.write(segment) + b"".join(chunk.pieces)


def number_of(record: dict[str, Any]) -> int:
    return int(record["request_id"].removeprefix("request-"))


def read_records(directory: Path) -> list[dict[str, Any]]:
    """All whole lines of the files below `directory`, in the order in which each process wrote them."""
    files = [*sorted(directory.glob("worker-*/predictions-*.jsonl")), *directory.glob("worker-*/predictions.jsonl")]
    lines = [line for file in files for line in file.read_bytes().splitlines(keepends=True)]
    return [orjson.loads(line) for line in lines if line.endswith(b"\n")]
