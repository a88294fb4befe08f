"""What a user of tritonclient writes. `python -m tests.predictor.with_tritonclient HTTP_ADDRESS GRPC_ADDRESS`.

A process of its own: tritonclient's generated protobuf cannot be loaded beside another one of the same protocol.
"""

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

ROWS = np.arange(128, dtype=np.float32).reshape(2, 64) % 17
CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def field(message: Any, name: str) -> Any:
    """A field of what a client gives back: a dictionary over HTTP, a message over gRPC."""
    return message[name] if isinstance(message, dict) else getattr(message, name)


def ask_about(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("digits")
    assert client.is_model_ready("digits", "1")
    assert set(field(client.get_server_metadata(), "extensions")) == {
        "binary_tensor_data",
        "classification",
        "model_configuration",
        "statistics",
    }
    metadata = client.get_model_metadata("digits")
    assert field(metadata, "name") == "digits"
    assert list(field(field(metadata, "inputs")[0], "shape")) == [-1, 64]
    config = client.get_model_config("digits", "1")
    config = field(config, "config") if not isinstance(config, dict) else config
    assert field(config, "max_batch_size") == 16384
    assert list(field(field(config, "input")[0], "dims")) == [64]
    index = client.get_model_repository_index()
    assert [field(model, "state") for model in (index if isinstance(index, list) else index.models)] == ["READY"]


def infer(library: Any, client: Any) -> None:
    features = library.InferInput("features", [2, 64], "FP32")
    features.set_data_from_numpy(ROWS)
    everything = client.infer("digits", [features], request_id="42")
    assert field(everything.get_response(), "id") == "42"
    label, probabilities = everything.as_numpy("label"), everything.as_numpy("probabilities")
    assert (label.dtype, label.shape) == (np.int64, (2,))
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (2, 10))
    assert (probabilities.argmax(axis=1) == label).all()

    asked = library.InferRequestedOutput("probabilities", class_count=2)
    best = client.infer("digits", [features], model_version="1", outputs=[asked]).as_numpy("probabilities")
    assert best.shape == (2, 2)
    value, index, name = best[1][0].decode().split(":")
    assert (float(value), int(index), name) == (probabilities[1].max(), label[1], CLASSES[label[1]])

    before = statistics(client)
    client.infer("digits", [features])
    assert statistics(client) == (before[0] + 1, before[1] + 2)


def statistics(client: Any) -> tuple[int, int]:
    said = client.get_inference_statistics("digits")
    model = field(said, "model_stats")[0]
    answered = field(field(field(model, "inference_stats"), "success"), "count")
    return answered, field(model, "inference_count")


def be_refused(library: Any, client: Any, codes: tuple[str, str, str]) -> None:
    wrong = library.InferInput("features", [1, 63], "FP32")
    wrong.set_data_from_numpy(ROWS[:1, :63].copy())
    calls: dict[str, Callable[[], object]] = {
        'the input "features" has the shape [1, 63]; expected [-1, 64]': lambda: client.infer("digits", [wrong]),
        'no model "other" is served here; expected digits': lambda: client.infer("other", [wrong]),
        "this server does not change its models": lambda: client.load_model("digits"),
    }
    for (text, call), code in zip(calls.items(), codes, strict=True):
        with pytest.raises(InferenceServerException, match=re.escape(text)) as caught:
            call()
        assert caught.value.status() == code


def use_http(address: str) -> None:
    client = tritonclient.http.InferenceServerClient(address)
    ask_about(client)
    infer(tritonclient.http, client)
    be_refused(tritonclient.http, client, ("400", "404", "403"))
    features = tritonclient.http.InferInput("features", [2, 64], "FP32")
    for is_binary in (True, False):
        features.set_data_from_numpy(ROWS, binary_data=is_binary)
        output = tritonclient.http.InferRequestedOutput("probabilities", binary_data=not is_binary)
        for coding in (None, "gzip", "deflate"):
            answer = client.infer(
                "digits",
                [features],
                outputs=[output],
                request_compression_algorithm=coding,
                response_compression_algorithm=coding,
            )
            assert answer.as_numpy("probabilities").shape == (2, 10)


def use_grpc(address: str) -> None:
    client = tritonclient.grpc.InferenceServerClient(address)
    ask_about(client)
    infer(tritonclient.grpc, client)
    codes = ("StatusCode.INVALID_ARGUMENT", "StatusCode.NOT_FOUND", "StatusCode.PERMISSION_DENIED")
    be_refused(tritonclient.grpc, client, codes)


if __name__ == "__main__":
    use_http(sys.argv[1])
    use_grpc(sys.argv[2])
