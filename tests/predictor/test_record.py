"""One prediction as a line: everything in it, or as many rows as fit."""

import base64
from typing import Any

import numpy as np
import orjson
import pytest

from open_inference import Tensor
from predictor.recording.chunk_records import records_of
from predictor.recording.kept_prediction import KeptPrediction
from tests.predictor.predictions import make_prediction, over_the_disk


def line_of(kept: KeptPrediction) -> dict[str, Any]:
    (record,) = records_of(over_the_disk(kept.to_chunk("key", 1)), 2**20)
    return dict(orjson.loads(record.to_line()))


def test_a_record_is_what_the_documents_say() -> None:
    kept = KeptPrediction.cut(make_prediction(1, rows=2), 2**20)
    assert line_of(kept) == {
        "schema": 1,
        "key": "key-1",
        "time": "2001-09-09T01:46:40.123456+00:00",
        "request_id": "request-1",
        "model": "digits",
        "version": "3",
        "revision": "r1",
        "bundle_digest": "sha256:0",
        "transport": "rest",
        "door": "/classify",
        "seconds": 0.001235,
        "rows": 2,
        "is_cut": False,
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [2, 2], "data": [1.0, 1.0, 1.0, 1.0]}],
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [2], "data": [1, 1]},
            {
                "name": "probabilities",
                "datatype": "FP32",
                "shape": [2, 3],
                "data": [0.25, 0.5, 0.25, 0.25, 0.5, 0.25],
            },
        ],
        "labels": ["b", "b"],
        "indices": [1, 1],
        "probabilities": [0.5, 0.5],
    }
    assert list(line_of(kept))[:2] == ["schema", "key"], "which a sink finds there"


def test_of_a_large_prediction_the_first_rows_are_kept() -> None:
    kept = KeptPrediction.cut(make_prediction(1, rows=1000), 2800)  # of 28 bytes a row
    line = line_of(kept)
    assert (line["rows"], line["is_cut"], len(line["labels"])) == (1000, True, 100)
    assert [tensor["shape"][0] for tensor in (*line["inputs"], *line["outputs"])] == [100, 100, 100]
    assert kept.size_bytes < 2800 + 2000


@pytest.mark.parametrize("texts", [[b"x" * 5000, b"y"], [b"y", b"x" * 5000], [b"x" * 5000]])
def test_a_text_over_the_limit_is_not_kept(texts: list[bytes]) -> None:
    tensor = Tensor("words", "BYTES", (len(texts),), np.array(texts, dtype=object))
    kept = KeptPrediction.cut(make_prediction(1, rows=len(texts), inputs=[tensor]), 1000)
    assert kept.size_bytes < 3000
    assert line_of(kept)["is_cut"]


def test_a_kept_prediction_holds_on_to_no_body() -> None:
    body = np.arange(1_000_000, dtype=np.float32)
    kept = KeptPrediction.cut(make_prediction(1, inputs=[Tensor.of("features", body[:2].reshape(1, 2))]), 1000)
    assert kept.inputs[0].data.base is None


def test_bytes_that_are_no_text_are_kept_as_base64() -> None:
    tensor = Tensor("image", "BYTES", (1,), np.array([b"\xff\xfe"], dtype=object))
    (kept,) = line_of(KeptPrediction.cut(make_prediction(1, inputs=[tensor]), 2**20))["inputs"]
    assert base64.b64decode(kept["base64"]) == b"\x02\0\0\0\xff\xfe"
