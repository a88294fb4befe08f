"""The same bundle on KServe's stock server, in a process of its own, beside our own server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from bundle import Bundle
from tests.predictor.bundles import infer_body
from tests.predictor.server_process import DEADLINE_SECONDS, find_free_port, wait_for

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


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def stock(
    request: pytest.FixtureRequest, digits: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    port = find_free_port()
    own = ["--bundle", str(digits.path)]
    theirs = ["--http_port", str(port), "--enable_grpc", "false", "--workers", str(request.param)]
    with (tmp_path_factory.mktemp("kserve") / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "predictor.kserve_adapter", *own, *theirs], stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS, trust_env=False) as client:

            def is_ready() -> bool:
                try:
                    return client.get("/v2/models/digits/ready").status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(is_ready, lambda: process.poll() is None)
            yield client
    finally:
        process.terminate()  # and not killed: it has to end its workers
        process.wait(DEADLINE_SECONDS)


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
def test_a_loaded_model_can_be_pickled(digits: Bundle) -> None:
    subprocess.run([sys.executable, "-c", PICKLE_A_LOADED_MODEL, str(digits.path)], check=True, timeout=60)


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
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "no such bundle; expected a directory with model.onnx and manifest.json" in ended.stderr.splitlines()[-1]
