"""What a user of tritonclient writes to change models, and to ask those that were not trained here.

`python -m tests.predictor.with_tritonclient_models HTTP_ADDRESS GRPC_ADDRESS`, against `gate` and `prices` of
foreign_models.py. A process of its own, as with_tritonclient.py is.
"""

import sys
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

HALVES = np.arange(6, dtype=np.float16).reshape(2, 3)


def to_input(library: Any, name: str, datatype: str, values: NDArray[Any]) -> Any:
    tensor = library.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values)
    return tensor


def change(client: Any) -> None:
    client.unload_model("gate")
    with pytest.raises(InferenceServerException, match="gate version 1 is not loaded: unloaded"):
        client.get_model_metadata("gate")
    client.load_model("gate")
    assert client.is_model_ready("gate", "1")
    with pytest.raises(InferenceServerException, match='there is no model "nobody"'):
        client.load_model("nobody")
    with pytest.raises(InferenceServerException, match="expected no parameter config"):
        client.load_model("gate", config="{}")
    assert client.is_model_ready("gate")


def infer(library: Any, client: Any) -> None:
    first = to_input(library, "first", "BOOL", np.array([[True], [False]]))
    one, other = to_input(library, "one", "FP16", HALVES), to_input(library, "other", "FP16", -HALVES)
    answer = client.infer("gate", [first, one, other])
    assert answer.as_numpy("chosen").dtype == np.float16
    assert answer.as_numpy("chosen").tolist() == [HALVES[0].tolist(), (-HALVES[1]).tolist()]
    assert (answer.as_numpy("count").dtype, answer.as_numpy("count").tolist()) == (np.int64, [[1], [0]])
    area = to_input(library, "area", "FP32", np.array([[2], [3]], np.float32))
    district = to_input(library, "district", "BYTES", np.array([["harbour"], ["moon"]], dtype=np.object_))
    assert client.infer("prices", [area, district]).as_numpy("value").tolist() == [[40.0], [0.0]]
    asked = library.InferRequestedOutput("value", class_count=1)
    with pytest.raises(InferenceServerException, match="classification"):
        client.infer("prices", [area, district], outputs=[asked])


if __name__ == "__main__":
    for library, address in ((tritonclient.http, sys.argv[1]), (tritonclient.grpc, sys.argv[2])):
        with library.InferenceServerClient(address) as client:
            change(client)
            infer(library, client)
