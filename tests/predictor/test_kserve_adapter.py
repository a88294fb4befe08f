"""The same bundle on KServe's stock server, in a process of its own, beside our own server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import httpx
import numpy as np
import psutil
import pytest

from bundle import Bundle
from open_inference import InferRequest, InferResponse, Tensor
from open_inference.binary_body import JSON_SIZE_HEADER
from tests.predictor.bundles import infer_body
from tests.predictor.server_process import find_free_port, wait_for

pytestmark = pytest.mark.timeout(900)

INFER = "/v2/models/digits/infer"
ROWS = [[float((row * 5 + column) % 17) for column in range(64)] for row in range(5)]
PICKLE_A_LOADED_MODEL = """
import pickle, sys
from pathlib import Path
from predictor.kserve_adapter.model import AssayModel
from predictor.settings import PredictorSettings

model = AssayModel("digits", Path(sys.argv[1]), PredictorSettings())
assert not pickle.loads(pickle.dumps(model)).ready, "not loaded yet"
model.load()
copy = pickle.loads(pickle.dumps(model))
assert copy.ready
assert copy.get_input_types() == model.get_input_types() == [
    {"name": "features", "datatype": "FP32", "shape": [-1, 64]}
]
"""
PICKLE_FAST_CONNECTIONS = """
import pickle, sys
from pathlib import Path
from predictor.kserve_adapter.fast_server import FastConnections
from predictor.kserve_adapter.model import AssayModel
from predictor.settings import PredictorSettings

model = AssayModel("digits", Path(sys.argv[1]), PredictorSettings())
model.load()
connections, copy = pickle.loads(pickle.dumps((FastConnections(model, PredictorSettings()), model)))
assert connections._model is copy
assert copy.ready
"""

FAIL_IN_A_REPLICA = """
import asyncio
from kserve.errors import InvalidInput
from ray.exceptions import RayTaskError
from predictor.kserve_adapter.ray_replicas import ReplicatedModel

class Handle:
    async def remote(self, body, **options):
        raise RayTaskError("__call__", "a traceback", InvalidInput("it is refused")).as_instanceof_cause()

try:
    asyncio.run(ReplicatedModel("digits", Handle())({}))
except InvalidInput as error:
    assert (type(error), str(error)) == (InvalidInput, "it is refused")
else:
    raise AssertionError("nothing was raised")
"""

RAY_STARTS = 3  # its agent has 15 s to start, however slow the machine is
DEADLINE_SECONDS = 300.0  # Ray's start takes half a minute on a machine that does nothing else


@dataclass(frozen=True)
class Way:
    """How the stock server is started, and where it listens."""

    options: tuple[str, ...]
    client: httpx.Client
    grpc: str | None


WAYS = {
    "one worker": ("--workers", "1"),
    "two workers": ("--workers", "2"),
    "fast": ("--fast", "--workers", "1"),
    "on Ray": ("--ray_replicas", "1", "--ray_cpus", "0.5"),
}


@pytest.fixture(scope="module", params=list(WAYS.values()), ids=list(WAYS))
def way(request: pytest.FixtureRequest, digits: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    if "--ray_replicas" in request.param:
        pytest.importorskip("ray.serve", reason="needs the extra ray")
    port, grpc_port = find_free_port(), find_free_port()
    has_grpc = "2" not in request.param  # which KServe leaves to the first process
    theirs = ["--http_port", str(port), "--grpc_port", str(grpc_port), "--enable_grpc", str(has_grpc)]
    command = [sys.executable, "-m", "predictor.kserve_adapter", "--bundle", str(digits.path), *request.param, *theirs]
    with (
        ExitStack() as stack,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS, trust_env=False) as client,
    ):
        place = stack.enter_context(TemporaryDirectory(prefix="ray-", dir="/tmp"))  # a socket's path has to be short
        log = tmp_path_factory.mktemp("kserve") / "log"
        written = stack.enter_context(log.open("wb"))
        environment = {
            **os.environ,
            "ASSAY_WITHOUT_KEYS": "true",
            "RAY_TMPDIR": place,
            "RAY_raylet_start_wait_time_s": "60",
        }
        process = _start(command, environment, written, client)
        for _ in range(RAY_STARTS - 1):
            if process.poll() is not None and "--ray_replicas" in command:
                process = _start(command, environment, written, client)
        try:
            if process.poll() is not None and b"The current node timed out during startup" in log.read_bytes():
                pytest.xfail("the machine is too slow for Ray: its agent has 15 s to start, see ray-project/ray#65983")
            assert process.poll() is None, log.read_text()
            yield Way(request.param, client, f"127.0.0.1:{grpc_port}" if has_grpc else None)
        finally:
            _end(process)


@pytest.fixture
def stock(way: Way) -> httpx.Client:
    return way.client


def _start(
    command: list[str], environment: dict[str, str], log: IO[bytes], client: httpx.Client
) -> subprocess.Popen[bytes]:
    """The server, which is ready or has ended."""
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        wait_for(lambda: _is_ready(client) or process.poll() is not None, deadline_seconds=DEADLINE_SECONDS)
    except BaseException:
        _end(process)
        raise
    return process


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/v2/models/digits/ready").status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it as a cluster does, with all that it has started; what is left after a long while is killed."""
    started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(DEADLINE_SECONDS)
    finally:
        process.kill()
        _, left = psutil.wait_procs(started, timeout=60)
        for each in left:
            each.kill()
    assert not left


@pytest.mark.slow
def test_the_stock_server_gives_the_answers_of_our_own(stock: httpx.Client, client: httpx.Client) -> None:
    for body in (infer_body(ROWS, id="1"), infer_body(ROWS[:1], id="2", outputs=[{"name": "probabilities"}])):
        theirs, ours = stock.post(INFER, json=body).json(), client.post(INFER, json=body).json()
        assert (theirs["id"], theirs["model_name"], theirs["model_version"]) == (ours["id"], "digits", "1")
        assert theirs["parameters"]["bundle_digest"] == ours["parameters"]["bundle_digest"]
        assert [output["name"] for output in theirs["outputs"]] == [output["name"] for output in ours["outputs"]]
        for their, our in zip(theirs["outputs"], ours["outputs"], strict=True):
            assert (their["datatype"], their["shape"]) == (our["datatype"], our["shape"])
            np.testing.assert_array_equal(np.float32(their["data"]), np.float32(our["data"]))


@pytest.mark.slow
def test_the_stock_server_says_what_the_model_takes(stock: httpx.Client, client: httpx.Client) -> None:
    theirs, ours = stock.get("/v2/models/digits").json(), client.get("/v2/models/digits").json()
    assert (theirs["inputs"], theirs["outputs"]) == (ours["inputs"], ours["outputs"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        infer_body([ROWS[0][:63]]),
        infer_body([[*ROWS[0][:63], "x"]]),
        infer_body([[*ROWS[0][:63], True]]),
        infer_body(ROWS, outputs=[{"name": "x"}]),
        {"inputs": [{**infer_body(ROWS)["inputs"][0], "datatype": "INT64"}]},
        {"inputs": [{**infer_body(ROWS)["inputs"][0], "datatype": "BF16"}]},
        {"inputs": [{**infer_body(ROWS)["inputs"][0], "shape": [-1, 64]}]},
        {"inputs": [{**infer_body(ROWS)["inputs"][0], "shape": [0, 64], "data": []}]},
        {"inputs": []},
    ],
)
def test_what_the_model_does_not_take_is_400_on_both(stock: httpx.Client, client: httpx.Client, body: object) -> None:
    theirs, ours = stock.post(INFER, json=body), client.post(INFER, json=body)
    assert (theirs.status_code, ours.status_code) == (400, 400), theirs.text
    assert "; expected " in theirs.json()["error"]


@pytest.mark.slow
def test_classes_come_where_they_are_asked_for(stock: httpx.Client, client: httpx.Client) -> None:
    asked = [{"name": "probabilities", "parameters": {"classification": 3}}, {"name": "label"}]
    body = infer_body(ROWS, outputs=asked)
    theirs, ours = stock.post(INFER, json=body).json()["outputs"], client.post(INFER, json=body).json()["outputs"]
    assert [(output["name"], output["shape"], output["data"]) for output in theirs] == [
        (output["name"], output["shape"], output["data"]) for output in ours
    ]
    refused = infer_body(ROWS, outputs=[{"name": "label", "parameters": {"classification": 3}}])
    assert (stock.post(INFER, json=refused).status_code, client.post(INFER, json=refused).status_code) == (400, 400)


@pytest.mark.slow
def test_binary_data_has_the_answer_of_json(stock: httpx.Client) -> None:
    features = Tensor.of("features", np.array(ROWS, np.float32))
    request = InferRequest((features,), parameters={"binary_data_output": True})
    content, size = request.to_binary()
    headers = {JSON_SIZE_HEADER: str(size), "content-type": "application/octet-stream"}
    response = stock.post(INFER, content=content, headers=headers)
    answer = InferResponse.from_json(response.content, int(response.headers[JSON_SIZE_HEADER]))
    expected = stock.post(INFER, json=infer_body(ROWS)).json()["outputs"][0]
    np.testing.assert_array_equal(answer.output(expected["name"]).data, np.reshape(expected["data"], expected["shape"]))


@pytest.mark.slow
def test_an_unknown_model_is_404(stock: httpx.Client) -> None:
    response = stock.post("/v2/models/other/infer", json=infer_body(ROWS))
    assert (response.status_code, list(response.json())) == (404, ["error"])


@pytest.mark.slow
def test_the_doors_of_the_stock_server_are_all_there(way: Way) -> None:
    assert way.client.get("/v2").json()["name"] == "kserve"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models", "/v2/models/digits/ready", "/metrics"):
        assert way.client.get(path).status_code == 200
    answers = [way.client.post(INFER, params=asked, json=infer_body(ROWS)) for asked in ({}, {"any": "1"})]
    assert answers[0].json()["outputs"][0]["data"] == answers[1].json()["outputs"][0]["data"]
    passed_by = ["x-assay-bundle-digest" in answer.headers for answer in answers]
    assert passed_by == ["--fast" in way.options, False]


@pytest.mark.slow
def test_kserves_client_works_over_grpc(way: Way) -> None:
    if way.grpc is None:
        return
    use = (
        f"import asyncio; from tests.predictor.with_kserve_clients import use_grpc; asyncio.run(use_grpc('{way.grpc}'))"
    )
    ended = subprocess.run([sys.executable, "-c", use], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("program", [PICKLE_A_LOADED_MODEL, PICKLE_FAST_CONNECTIONS])
def test_what_goes_to_a_worker_can_be_pickled(digits: Bundle, program: str) -> None:
    subprocess.run([sys.executable, "-c", program, str(digits.path)], check=True, timeout=300)


@pytest.mark.slow
def test_an_error_of_a_replica_is_the_one_that_it_raised() -> None:
    pytest.importorskip("ray.serve", reason="needs the extra ray")
    subprocess.run([sys.executable, "-c", FAIL_IN_A_REPLICA], check=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize(("option", "message"), [("--bundel=x", "--bundel"), ("--htp_port=1", "--htp_port")])
def test_an_option_that_nobody_knows_is_refused(tmp_path: Path, option: str, message: str) -> None:
    command = [sys.executable, "-m", "predictor.kserve_adapter", "--bundle", str(tmp_path), option]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert message in ended.stderr


@pytest.mark.slow
def test_a_missing_bundle_is_said_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "predictor.kserve_adapter", "--bundle", str(tmp_path / "none")]
    without_keys = {**os.environ, "ASSAY_WITHOUT_KEYS": "true"}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=without_keys)
    assert ended.returncode == 1
    assert "no such bundle; expected a directory with model.onnx and manifest.json" in ended.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "message"), [({}, "no keys are set"), ({"ASSAY_KEYS_FILE": "k"}, "KServe's server asks for no key")]
)
def test_that_it_asks_for_no_key_has_to_be_said(digits: Bundle, given: dict[str, str], message: str) -> None:
    command = [sys.executable, "-m", "predictor.kserve_adapter", "--bundle", str(digits.path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")} | given
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (ended.returncode, message in ended.stderr) == (1, True), ended.stderr
