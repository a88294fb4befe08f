"""Requests that share a run of the engine: everybody gets his own rows, and nobody his neighbour's failure."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from bundle import Bundle
from predictor.engines.onnx_runtime import OnnxRuntimeEngine
from predictor.identity import ModelIdentity
from predictor.served_model import ServedModel
from tests.predictor.bundles import BREAKING, infer_body, make_manifest
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import InferenceStub, infer_message, inference_stub
from tests.predictor.server_process import wait_for
from tests.predictor.test_about_doors import count
from tests.predictor.test_load_limits import queue_depth

INFER = "/v2/models/contrary/infer"
HOLDS_THE_THREAD = [1.0, 1_500_000.0, 0.0, 0.0]  # turns of a microsecond
CLIENTS = 12  # of each kind
BROKEN = {
    "a label that is no class": ([99.0, 0.0, 0.0, 0.0], 500),
    "a run that breaks": ([1.0, 0.0, BREAKING, 0.0], 500),
    "not a number": ([1.0, 0.0, 0.0, "NaN"], 400),
    "too few features": ([1.0, 0.0, 0.0], 400),
}

Ask = Callable[[list[list[float]]], tuple[list[int], NDArray[Any]]]
"""Labels and probabilities of rows."""


def over_rest(client: httpx.Client) -> Ask:
    def ask(rows: list[list[float]]) -> tuple[list[int], NDArray[Any]]:
        answer = client.post(INFER, json=infer_body(rows)).raise_for_status().json()
        label, probabilities = (output["data"] for output in answer["outputs"])
        return label, np.array(probabilities).reshape(-1, 4)

    return ask


def over_classify(client: httpx.Client) -> Ask:
    def ask(rows: list[list[float]]) -> tuple[list[int], NDArray[Any]]:
        answer = client.post("/classify?probabilities=true", json={"rows": rows}).raise_for_status().json()
        said = answer["predictions"]
        return [one["index"] for one in said], np.array([list(one["probabilities"].values()) for one in said])

    return ask


def over_grpc(stub: InferenceStub) -> Ask:
    def ask(rows: list[list[float]]) -> tuple[list[int], NDArray[Any]]:
        answer = stub("ModelInfer", infer_message(np.array(rows), model="contrary"))
        label, probabilities = answer.raw_output_contents
        return np.frombuffer(label, np.int64).tolist(), np.frombuffer(probabilities, np.float32).reshape(-1, 4)

    return ask


def tagged_rows(seed: int) -> Iterator[list[list[float]]]:
    """Rows of which no two are alike, and neither are their answers."""
    random = np.random.default_rng(seed)
    while True:
        rows = random.uniform(-3, 3, (random.integers(1, 6), 4))
        rows[:, 0] = random.integers(0, 4, len(rows))
        rows[:, 1:3] = np.abs(rows[:, 1:3])
        yield rows.tolist()


def check_answer(ask: Ask, rows: list[list[float]]) -> int:
    label, probabilities = ask(rows)
    powers = np.exp(np.array(rows))
    assert label == [row[0] for row in rows]
    np.testing.assert_allclose(probabilities, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)
    return len(rows)


@pytest.mark.slow
@pytest.mark.parametrize("batch_rows", [64, 5, 1])
def test_everybody_gets_the_answer_to_his_own_rows(
    contrary: Bundle, start_server: StartServer, batch_rows: int
) -> None:
    process = start_server(contrary.path, grpc_port=0, inference_threads=1, batch_rows=batch_rows).wait_until_ready()
    with (
        process.client() as client,
        inference_stub(process.grpc) as stub,
        ExitStack() as clients,
        ThreadPoolExecutor(4 * CLIENTS) as threads,
    ):
        held = threads.submit(client.post, "/classify", json=HOLDS_THE_THREAD)
        asks: list[Ask] = []
        for _ in range(CLIENTS):  # each its own: httpx closes a shared connection that rests while a thread takes it
            own = clients.enter_context(process.client())
            asks += [over_rest(own), over_classify(own), over_grpc(stub)]
        asked = [threads.submit(check_answer, ask, next(tagged_rows(seed))) for seed, ask in enumerate(asks)]
        broken = {what: threads.submit(client.post, INFER, json=infer_body([row])) for what, (row, _) in BROKEN.items()}
        wait_for(lambda: queue_depth(client) >= len(asked) / 2 or held.done())
        rows = 1 + sum(request.result() for request in asked)
        assert held.result().status_code == 200
        assert {what: answer.result().status_code for what, answer in broken.items()} == {
            what: code for what, (_, code) in BROKEN.items()
        }
        for seed in range(3):  # and what comes as it pleases
            list(threads.map(check_answer, asks, tagged_rows(len(asks) * (seed + 1))))
        statistics = client.get("/v2/models/contrary/stats").json()["model_stats"][0]
        requests = 1 + 4 * len(asks)
        assert statistics["inference_stats"]["success"]["count"] == requests
        assert statistics["inference_stats"]["fail"]["count"] == len(BROKEN)
        runs = count(client, "assay_batch_rows_count", model="contrary")
        assert statistics["execution_count"] == runs == count(client, "assay_inference_duration_seconds_count")
        assert count(client, "assay_batch_rows_sum") == statistics["inference_count"] + 1 > rows, "99 was run, too"
        assert runs == requests + 1 if batch_rows == 1 else runs < requests
        bucket = {64: "64.0", 5: "8.0", 1: "8.0"}[batch_rows]
        assert count(client, "assay_batch_rows_bucket", le=bucket) == runs


def model_of(nodes: list[Any], rows: int | str) -> ServedModel:
    """`nodes` make `numbers` of `features`; the largest number is the class."""
    graph = helper.make_graph(
        [
            *nodes,
            helper.make_node("Softmax", ["numbers"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["numbers"], ["label"], axis=1, keepdims=0),
        ],
        "graph",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [rows, 4])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [rows]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [rows, 4]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    engine = OnnxRuntimeEngine(model.SerializeToString(), intra_op_threads=1, inter_op_threads=1)
    manifest = make_manifest("graph", features=("a", "b", "c", "d"), classes=("a", "b", "c", "d"))
    if isinstance(rows, int):
        fixed = manifest.inputs[0].model_copy(update={"shape": (rows, 4)})
        manifest = manifest.model_copy(update={"inputs": (fixed,), "feature_names": ()})
    return ServedModel(manifest, engine, identity=ModelIdentity("graph", "1", "r", "sha256:0"), row_limit=8)


ALONE = [helper.make_node("Identity", ["features"], ["numbers"])]
AMONG_OTHERS = [
    helper.make_node("ReduceMax", ["features"], ["largest"], keepdims=0),
    helper.make_node("Div", ["features", "largest"], ["numbers"]),
]


@pytest.mark.parametrize(
    ("nodes", "rows", "expected"),
    [(ALONE, "N", True), (ALONE, 1, False), (ALONE, 2, False), (AMONG_OTHERS, "N", False)],
)
def test_a_run_is_shared_only_where_the_others_change_nothing(
    nodes: list[Any], rows: int | str, expected: bool
) -> None:
    model = model_of(nodes, rows)
    assert not model.can_batch
    apart = np.array([[[1, 2, 3, 4]], [[2, 3, 4, 5]]], dtype=np.float32)
    model.try_batch([model.request_for(row) for row in apart])
    assert model.can_batch == expected
