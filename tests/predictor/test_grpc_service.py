"""The service as a client sees it: the same meaning as over REST."""

from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import numpy as np
import orjson
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from bundle import Bundle
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import InferenceStub, infer_message, inference_stub, refusal
from tests.predictor.server_process import ServerProcess, wait_for
from tests.predictor.test_about_doors import count

ROWS = np.arange(192, dtype=np.float32).reshape(3, 64) % 17
LIMIT = 100_000
SERVICE = "inference.GRPCInferenceService"


@pytest.fixture(scope="module")
def stub(server: ServerProcess) -> Iterator[InferenceStub]:
    with inference_stub(server.grpc) as stub:
        yield stub


@pytest.mark.parametrize("is_raw", [True, False])
@pytest.mark.parametrize("version", ["", "1"])
def test_an_answer_is_that_of_rest(stub: InferenceStub, client: httpx.Client, is_raw: bool, version: str) -> None:
    ours = stub("ModelInfer", infer_message(ROWS, is_raw=is_raw, id="42", model_version=version))
    theirs = client.post("/v2/models/digits/infer", json=infer_body(ROWS.tolist(), id="42")).json()
    assert (ours.id, ours.model_name, ours.model_version) == ("42", "digits", "1")
    assert {name: value.string_param for name, value in ours.parameters.items()} == theirs["parameters"]
    assert bool(ours.raw_output_contents) == is_raw
    for index, (one, other) in enumerate(zip(ours.outputs, theirs["outputs"], strict=True)):
        assert (one.name, one.datatype, list(one.shape)) == (other["name"], other["datatype"], other["shape"])
        dtype = {"INT64": np.int64, "FP32": np.float32}[one.datatype]
        typed = one.contents.int64_contents or one.contents.fp32_contents
        data = np.frombuffer(ours.raw_output_contents[index], dtype) if is_raw else np.array(typed, dtype)
        np.testing.assert_array_equal(data, np.array(other["data"], dtype))


def test_outputs_are_those_asked_for_and_classified_when_asked_so(stub: InferenceStub) -> None:
    request = infer_message(ROWS, is_raw=False)
    request.outputs.add(name="probabilities").parameters["classification"].int64_param = 2
    (output,) = stub("ModelInfer", request).outputs
    assert (output.name, output.datatype, list(output.shape)) == ("probabilities", "BYTES", [3, 2])
    assert all(text.count(b":") == 2 for text in output.contents.bytes_contents)


def test_a_call_names_who_answered_in_its_metadata(stub: InferenceStub, digits: Bundle) -> None:
    answer, call = stub.call("ModelInfer", infer_message(ROWS), metadata=(("x-request-id", "r-1"),))
    metadata = dict(call.trailing_metadata())
    assert answer.id == "r-1" == metadata["x-request-id"]
    assert metadata["x-assay-model"] == "digits"
    assert metadata["x-assay-revision"] == "canary-1"
    assert metadata["x-assay-bundle-digest"] == digits.digest
    assert len(stub("ModelInfer", infer_message(ROWS)).id) == 32


def with_input(**fields: Any) -> Any:
    request = infer_message(ROWS)
    for name, value in fields.items():
        if name == "shape":
            request.inputs[0].shape[:] = value
        else:
            setattr(request.inputs[0], name, value)
    return request


TAKES = "features FP32 [-1, 64]"


WRONG_MESSAGES = [
    (b"\xff", "the message cannot be parsed; expected a ModelInferRequest"),
    (messages.ModelInferRequest(model_name="digits"), f'the input "features" is missing; expected {TAKES}'),
    (with_input(name="x"), f'unknown input "x"; expected {TAKES}'),
    (with_input(datatype="INT32"), 'the input "features" is INT32; expected FP32'),
    (with_input(shape=[192]), 'the input "features" has the shape [192]; expected [-1, 64]'),
    (with_input(shape=[2, 64]), 'input "features": raw contents has 768 bytes; expected 512 for FP32 [2, 64]'),
    (infer_message(np.full((1, 64), np.nan)), "has nan in row 0, column 0; expected a finite number"),
    (infer_message(ROWS, outputs=[{"name": "x"}]), 'unknown output "x"; expected one of label, probabilities'),
]


@pytest.mark.parametrize(("request_", "message"), WRONG_MESSAGES)
def test_a_request_that_the_model_does_not_take_is_an_invalid_argument(
    stub: InferenceStub, request_: Any, message: str
) -> None:
    code, details = refusal(stub, "ModelInfer", request_)
    assert (code, message in details) == ("INVALID_ARGUMENT", True), details


@pytest.mark.parametrize(
    ("method", "request_", "message"),
    [
        ("ModelInfer", infer_message(ROWS, model="other"), 'no model "other" is served here; expected digits'),
        ("ModelInfer", infer_message(ROWS, model_version="2"), 'digits has no version "2" here; expected 1'),
        ("ModelMetadata", messages.ModelMetadataRequest(name="other"), 'no model "other" is served here'),
        ("ModelReady", messages.ModelReadyRequest(name="other"), 'no model "other" is served here'),
        ("ModelConfig", messages.ModelConfigRequest(name="digits", version="2"), 'no version "2" here'),
        ("ModelStatistics", messages.ModelStatisticsRequest(name="other"), 'no model "other" is served here'),
    ],
)
def test_an_unknown_model_or_version_is_not_found(
    stub: InferenceStub, method: str, request_: Any, message: str
) -> None:
    code, details = refusal(stub, method, request_)
    assert (code, message in details) == ("NOT_FOUND", True), details


@pytest.mark.parametrize("method", ["RepositoryModelLoad", "RepositoryModelUnload"])
def test_loading_and_unloading_are_refused_unless_they_are_switched_on(stub: InferenceStub, method: str) -> None:
    code, details = refusal(stub, method)
    assert (code, "expected the setting ASSAY_MODEL_CONTROL=true" in details) == ("PERMISSION_DENIED", True)


def test_what_a_model_and_a_server_say_is_what_they_say_over_rest(stub: InferenceStub, client: httpx.Client) -> None:
    server = stub("ServerMetadata")
    assert client.get("/v2").json() == {
        "name": server.name,
        "version": server.version,
        "extensions": list(server.extensions),
    }
    model = stub("ModelMetadata", messages.ModelMetadataRequest(name="digits"))
    theirs = client.get("/v2/models/digits").json()
    assert (model.name, list(model.versions), model.platform) == ("digits", theirs["versions"], theirs["platform"])
    assert [list(part.shape) for part in [*model.inputs, *model.outputs]] == [[-1, 64], [-1], [-1, 10]]
    assert orjson.loads(model.parameters["card"].string_param) == client.get("/metadata").json()
    config = stub("ModelConfig", messages.ModelConfigRequest(name="digits")).config
    theirs = client.get("/v2/models/digits/config").json()
    assert (config.max_batch_size, config.backend) == (theirs["max_batch_size"], theirs["backend"])
    assert [messages.DataType.Name(part.data_type) for part in config.output] == ["TYPE_INT64", "TYPE_FP32"]
    (index,) = stub("RepositoryIndex", messages.RepositoryIndexRequest(ready=True)).models
    assert (index.name, index.version, index.state) == ("digits", "1", "READY")


def test_both_transports_are_counted_together(digits: Bundle, start_server: StartServer) -> None:
    process = start_server(digits.path, grpc_port=0, revision="r1").wait_until_ready()
    with process.client() as client, inference_stub(process.grpc) as stub:
        stub("ModelInfer", infer_message(ROWS))
        refusal(stub, "ModelInfer", with_input(name="x"))
        client.post("/v2/models/digits/infer", json=infer_body(ROWS.tolist()))
        statistics = stub("ModelStatistics").model_stats[0]
        theirs = client.get("/v2/models/digits/stats").json()["model_stats"][0]
        assert statistics.inference_count == theirs["inference_count"] == 6
        assert statistics.inference_stats.fail.count == theirs["inference_stats"]["fail"]["count"] == 1
        route = {"transport": "grpc", "route": f"/{SERVICE}/ModelInfer", "model": "digits", "revision": "r1"}
        assert wait_for(lambda: count(client, "assay_requests_total", code="OK", **route)) == 1
        assert wait_for(lambda: count(client, "assay_requests_total", code="INVALID_ARGUMENT", **route)) == 1
        assert count(client, "assay_inference_duration_seconds_count", model="digits") == 2


def test_a_message_over_the_limit_is_refused_compressed_or_not(digits: Bundle, start_server: StartServer) -> None:
    process = start_server(digits.path, grpc_port=0, body_limit_bytes=LIMIT).wait_until_ready()
    with inference_stub(process.grpc) as stub:
        rows = np.zeros((LIMIT // 256 + 1, 64))
        assert refusal(stub, "ModelInfer", infer_message(rows))[0] == "RESOURCE_EXHAUSTED"
        with pytest.raises(grpc.RpcError) as caught:
            stub("ModelInfer", infer_message(rows), compression=grpc.Compression.Gzip)
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert stub("ModelInfer", infer_message(rows[:100]), compression=grpc.Compression.Gzip).id


def test_a_model_that_breaks_its_word_is_internal_and_only_the_log_says_why(
    contrary: Bundle, start_server: StartServer
) -> None:
    process = start_server(contrary.path, grpc_port=0).wait_until_ready()
    with inference_stub(process.grpc) as stub:
        broken = infer_message(np.array([[99.0, 0, 0, 0]]), model="contrary")
        assert refusal(stub, "ModelInfer", broken) == (
            "INTERNAL",
            "internal error: the server's log says more under this request id",
        )
        assert stub("ModelInfer", infer_message(np.ones((1, 4)), model="contrary")).id
    (failure,) = [line for line in process.log_lines() if line["level"] == "error"]
    assert (failure["route"], failure["code"]) == (f"/{SERVICE}/ModelInfer", "INTERNAL")
    assert "class index outside of 0..3" in failure["traceback"]


def test_the_service_describes_itself_to_those_who_ask(stub: InferenceStub) -> None:
    database = ProtoReflectionDescriptorDatabase(stub.channel)
    assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
    described = database.FindFileContainingSymbol(SERVICE)
    assert [service.name for service in described.service] == ["GRPCInferenceService"]
    with pytest.raises(grpc.RpcError) as caught:
        health_pb2_grpc.HealthStub(stub.channel).Check(health_pb2.HealthCheckRequest(service="other"))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.NOT_FOUND
