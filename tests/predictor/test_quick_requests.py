"""Quick models answer on the event loop: which ones do, and what is read, mixed, counted and left to others there."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import onnx
import orjson
import pytest

from bundle import Bundle
from open_inference import InferRequest, InferResponse, RequestedOutput, Tensor
from open_inference.binary_body import JSON_SIZE_HEADER
from predictor.engines.graph_operators import has_steady_cost
from predictor.examples import warm_up
from predictor.served_model import ServedModel
from predictor.settings import PredictorSettings
from predictor.wiring import load_model
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess, wait_for
from tests.predictor.test_about_doors import count
from tests.predictor.test_fast_path import read_code

INFER = "/v2/models/contrary/infer"
OFTEN = 3  # until what surrounds the numbers is known
HEAD = '{"inputs":[{"name":"features","datatype":"FP32","shape":[1,4],'


def load(bundle: Bundle, **settings: Any) -> ServedModel:
    model = load_model(bundle, PredictorSettings(**settings))
    warm_up(model)
    return model


def test_a_model_is_quick_by_what_it_takes_and_by_what_it_is_made_of(steady: Bundle, contrary: Bundle) -> None:
    assert load(steady, quick_seconds=1).is_quick
    assert not load(steady, quick_seconds=0).is_quick
    assert not load(steady, quick_seconds=1e-9).is_quick
    assert not load(contrary, quick_seconds=1).is_quick  # how long it takes depends on the numbers


@pytest.mark.parametrize("operator", ["Loop", "If", "Scan", "Range", "Expand", "NonZero"])
def test_an_operator_whose_cost_depends_on_numbers_is_found_wherever_it_is(operator: str) -> None:
    node = onnx.helper.make_node(operator, ["a"], ["b"], name="Identity")
    within = onnx.helper.make_graph([node], "inner", [], [])
    outer = onnx.helper.make_node("Abs", ["a"], ["b"], body=within)
    for nodes in ([node], [outer]):
        graph = onnx.helper.make_graph(nodes, operator, [], [])
        assert not has_steady_cost(onnx.helper.make_model(graph).SerializeToString())
    plain = onnx.helper.make_node("Abs", ["a"], ["b"], name=operator)
    assert has_steady_cost(onnx.helper.make_model(onnx.helper.make_graph([plain], "g", [], [])).SerializeToString())


def test_a_model_that_is_caught_being_slow_is_not_quick_any_more(
    steady: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = load(steady, quick_seconds=0.001)
    assert model.is_quick
    request = model.request_for(np.ones((2, 4), dtype=np.float32))
    once = model.run([request])[0]
    clock = iter([0.0, 0.0099, 1.0, 1.0101])
    monkeypatch.setattr("predictor.served_model.time.thread_time", lambda: next(clock))
    assert model.run_at_once(request)["label"].tolist() == once["label"].tolist()
    assert model.is_quick
    model.run_at_once(request)
    is_quick: bool = model.is_quick
    assert not is_quick
    assert "runs in threads" in caplog.text


@pytest.fixture(scope="module")
def quick(steady: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Any:
    log = tmp_path_factory.mktemp("quick") / "log"
    with ServerProcess(steady.path, log, revision="r1", quick_seconds=1, inference_threads=1) as process:
        yield process.wait_until_ready()


def test_rows_of_many_clients_in_every_form_are_never_mixed(quick: ServerProcess) -> None:
    begin = threading.Barrier(12)

    def ask(client_number: int) -> None:
        rng = np.random.default_rng(client_number)
        with quick.client() as client:
            begin.wait(DEADLINE_SECONDS)
            for number in range(60):
                rows = rng.uniform(-3, 3, (int(rng.integers(1, 5)), 4)).astype(np.float32)
                rows[:, 0] = rng.integers(0, 4, len(rows))
                kind = (client_number + number) % 3
                labels, probabilities = FORMS[kind](
                    client, rows[:1] if kind == 2 else rows, f"{client_number}-{number}"
                )
                meant = rows[: len(labels)]
                assert labels == meant[:, 0].tolist()
                powers = np.exp(meant.astype(np.float64))
                expected = powers / powers.sum(axis=1, keepdims=True)
                assert np.allclose(probabilities, expected if kind < 2 else expected[0, int(labels[0])], atol=1e-5)

    with ThreadPoolExecutor(12) as clients:
        for asked in [clients.submit(ask, number) for number in range(12)]:
            asked.result(DEADLINE_SECONDS)


def ask_json(client: httpx.Client, rows: Any, own_id: str) -> tuple[list[float], Any]:
    asked = InferRequest((Tensor.of("features", rows),), id=own_id)
    answer = client.post(INFER, content=asked.to_json())
    said = InferResponse.from_json(answer.content)
    assert said.id == own_id
    return said.output("label").data.tolist(), said.output("probabilities").data


def ask_binary(client: httpx.Client, rows: Any, own_id: str) -> tuple[list[float], Any]:
    outputs = (RequestedOutput("probabilities", {"binary_data": True}), RequestedOutput("label"))
    body, size = InferRequest((Tensor.of("features", rows),), outputs).to_binary()
    answer = client.post(INFER, content=body, headers={JSON_SIZE_HEADER: str(size), "x-request-id": own_id})
    assert answer.headers["x-request-id"] == own_id
    said = InferResponse.from_json(answer.content, int(answer.headers[JSON_SIZE_HEADER]))
    assert said.id == own_id
    return said.output("label").data.tolist(), said.output("probabilities").data


def ask_classify(client: httpx.Client, rows: Any, own_id: str) -> tuple[list[float], Any]:
    answer = client.post("/classify", json={"row": rows[0].tolist()}, headers={"x-request-id": own_id}).json()
    assert answer["request_id"] == own_id
    assert answer["label"] == "abcd"[answer["index"]]
    return [answer["index"]], [answer["probability"]]


FORMS = (ask_json, ask_binary, ask_classify)


def test_what_was_answered_on_the_loop_is_counted_like_everything_else(
    steady: Bundle, start_server: StartServer
) -> None:
    process = start_server(steady.path, quick_seconds=1).wait_until_ready()
    with process.client() as client:
        for number in range(10):
            assert client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, number]])).status_code == 200
            assert client.post("/classify", json={"row": [2, 0, 0, number]}).status_code == 200
        assert count(client, "assay_requests_total", code="200", route="/v2/models/{model}/infer") == 10
        assert count(client, "assay_requests_total", code="200", route="/classify") == 10
        assert count(client, "assay_request_duration_seconds_count", route="/classify") == 10
        assert count(client, "assay_predictions_total", label="b") == 10
        assert count(client, "assay_predictions_total", label="c") == 10
        assert count(client, "assay_batch_rows_sum", model="contrary") == 20
        statistics = client.get("/v2/models/contrary/stats").json()["model_stats"][0]
        assert statistics["inference_count"] == 20
        assert statistics["inference_stats"]["success"]["count"] == 20
        assert statistics["inference_stats"]["fail"]["count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        HEAD + '"data":[1,0,0,0]}]}',
        HEAD + '"data": [ 1, 0.5,\n-0.0,1e-3 ] } ]\t}',
        HEAD + '"data":[[1,0,0,0]]}]}',
        HEAD + '"data":[[1,0],[0,0]]}]}',
        HEAD + '"data":[1,0,[0],0]}]}',
        HEAD + '"data":[1,0,0]}]}',
        HEAD + '"data":[1,0,0,0,0]}]}',
        HEAD + '"data":[]}]}',
        HEAD + '"data":[1,0,0,true]}]}',
        HEAD + '"data":[1,0,0,null]}]}',
        HEAD + '"data":[1,0,0,"1"]}]}',
        HEAD + '"data":[1,0,0,"NaN"]}]}',
        HEAD + '"data":[1,0,0,NaN]}]}',
        HEAD + '"data":[1,0,0,1e39]}]}',
        HEAD + '"data":[1,0,0,1e999]}]}',
        HEAD + '"data":[1,0,0,18446744073709551616]}]}',
        HEAD + '"data":[1,0,0,-9223372036854775809]}]}',
        HEAD + '"data":[1,0,0,01]}]}',
        HEAD + '"data":[1,0,0,0,]}]}',
        HEAD + '"data":[1,0,0,0]}]} ',
        HEAD + '"data":[1,0,0,0]}]}x',
        HEAD + '"data":[1,0,0,0]}]',
        HEAD + '"data":[1,0,0,0],"data":[2,0,0,0]}]}',
        HEAD + '"data":[1,0,0,0],"data":[]}]}',
        HEAD + '"data":[1,0,0,0]}],"id":"a"}',
        HEAD + '"data":[1,0,0,0]}],"id":"a","id":"b"}',
        HEAD + '"data":[1,0,0,0]}],"id":""}',
        HEAD + '"data":[1,0,0,0]}],"id":"?"}',
        HEAD + '"data":[1,0,0,0]}],"id":"\\u00e4"}',
        HEAD + '"data":[1,0,0,0]}],"id":"ä"}',
        HEAD + '"data":[1,0,0,0]}],"id":7}',
        HEAD + '"data":[1,0,0,0]}],"parameters":{"id":"a"}}',
        HEAD + '"data":[1,0,0,0]}],"parameters":{"\\"id": "a"}}',
        HEAD + '"data":[1,0,0,0]}],"parameters":{"binary_data_output":true}}',
        HEAD + '"data":[1,0,0,0]}],"outputs":[{"name":"probabilities"}]}',
        HEAD + '"data":[1,0,0,0]}],"outputs":[{"name":"probabilities","parameters":{"classification":2}}]}',
        HEAD + '"data":[1,0,0,0]}],"outputs":[{"name":"label","parameters":{"binary_data":true}},{"name":"label"}]}',
        HEAD + '"data":[1,0,0,0]}],"more":{"data":[1]}}',
        HEAD + '"parameters":{"binary_data_size":16}}]}',
        '{"more":{"data":[1,0,0,0]},' + HEAD[1:] + '"data":[1,0,0,0]}]}',
        '{"id":"\\"data\\":[","inputs":[{"name":"features","datatype":"FP32","shape":[1,4],"data":[1,0,0,0]}]}',
        '{"inputs":[{"data":[1,0,0,0],"name":"features","datatype":"FP32","shape":[1,4]}]}',
        '{"inputs":[{"name":"features","datatype":"FP64","shape":[1,4],"data":[1,0,0,0]}]}',
        '{"inputs":[{"name":"features","datatype":"FP32","shape":[2,4],"data":[1,0,0,0,2,0,0,0]}]}',
        '{"inputs":[{"name":"features","datatype":"FP32","shape":[0,4],"data":[]}]}',
        '{"inputs":[{"name":"features","datatype":"FP32","shape":[1,-4],"data":[1,0,0,0]}]}',
        '{"inputs":[{"name":"features","datatype":"FP32","shape":[65,4],"data":'
        + str([1.0, 0.0, 0.0, 0.0] * 65)
        + "}]}",
        '{"inputs":[{"name":"features","datatype":"FP32","shape":[4294967296,4294967296],"data":[1]}]}',
        HEAD + '"data":[9,0,0,0]}]}',
        HEAD + '"data":[1,0,99,0]}]}',
    ],
)
def test_a_body_is_answered_as_without_the_loop(quick: ServerProcess, body: str, threads: httpx.Client) -> None:
    headers = {"x-request-id": "r-1", "content-type": "application/json"}

    def ask(client: httpx.Client) -> tuple[int, bytes]:
        answer = client.post(INFER, content=body.encode(), headers=headers)
        return answer.status_code, answer.content

    expected = ask(threads)
    with quick.client() as client:
        assert [ask(client) for _ in range(OFTEN)] == [expected] * OFTEN


@pytest.mark.parametrize("row", [[0, 12, 0, 0], [0, 1, 12, 0], [0, 20, 0, 0], [1, 0, 0, 0], [0, 80, 0, 0]])
def test_a_probability_is_written_as_without_the_loop(
    quick: ServerProcess, row: list[int], threads: httpx.Client
) -> None:
    def ask(client: httpx.Client) -> bytes:
        return client.post("/classify", json={"row": row}, headers={"x-request-id": "r-1"}).content

    with quick.client() as client:
        assert [ask(client) for _ in range(OFTEN)] == [ask(threads)] * OFTEN


@pytest.fixture(scope="module")
def threads(steady: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Any:
    log = tmp_path_factory.mktemp("threads") / "log"
    with (
        ServerProcess(steady.path, log, revision="r1", quick_seconds=0) as process,
        process.wait_until_ready().client() as client,
    ):
        yield client


@pytest.mark.parametrize("place", range(0, 300, 7))
def test_a_request_may_come_in_two_parts(quick: ServerProcess, place: int) -> None:
    content = whole_request()
    with connect(quick) as connection:
        answers = connection.makefile("rb")
        for _ in range(OFTEN):
            connection.sendall(content)
            assert read_code(answers) == 200
        connection.sendall(content[:place])
        connection.sendall(content[place:] + content[:place])  # the next one begins behind it
        assert read_code(answers) == 200
        connection.sendall(content[place:])
        assert read_code(answers) == 200


def test_who_goes_away_within_a_body_is_counted(steady: Bundle, start_server: StartServer) -> None:
    process = start_server(steady.path, quick_seconds=1).wait_until_ready()
    content = whole_request()
    with process.client() as client:
        with connect(process) as connection:
            answers = connection.makefile("rb")
            for _ in range(OFTEN):
                connection.sendall(content)
                assert read_code(answers) == 200
            connection.sendall(content[:-5])
            connection.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: count(client, "assay_requests_total", code="499", route="/v2/models/{model}/infer") == 1)
        assert count(client, "assay_requests_total", code="200", route="/v2/models/{model}/infer") == OFTEN


def test_an_idle_connection_is_closed_and_one_in_use_is_not(steady: Bundle, start_server: StartServer) -> None:
    process = start_server(steady.path, quick_seconds=1, keep_alive_seconds=1).wait_until_ready()
    content = whole_request()
    with connect(process) as used, connect(process) as idle:
        answers, others = used.makefile("rb"), idle.makefile("rb")
        for _ in range(OFTEN):
            idle.sendall(content)
            assert read_code(others) == 200
        with ThreadPoolExecutor(1) as waiter:
            end = waiter.submit(others.read, 1)
            while not end.done():
                used.sendall(content)
                assert read_code(answers) == 200
        assert end.result() == b""
        used.sendall(content)
        assert read_code(answers) == 200


def test_the_end_comes_after_what_has_begun(steady: Bundle, start_server: StartServer) -> None:
    process = start_server(steady.path, quick_seconds=1).wait_until_ready()
    content = whole_request()
    with connect(process) as connection:
        answers = connection.makefile("rb")
        for _ in range(OFTEN):
            connection.sendall(content)
            assert read_code(answers) == 200
        connection.sendall(content[:-5])
        with process.client() as client:
            assert client.get("/v2/health/live").status_code == 200  # by then the part was read
        process.process.terminate()
        wait_for(lambda: not is_open(process))
        connection.sendall(content[-5:])
        assert read_code(answers) == 200
        assert answers.read(1) == b""
    assert process.process.wait(DEADLINE_SECONDS) == 0


def is_open(process: ServerProcess) -> bool:
    try:
        connect(process).close()
    except OSError:
        return False
    return True


def whole_request() -> bytes:
    body = orjson.dumps(infer_body([[1.0, 0.0, 0.0, 0.5]]))
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (INFER.encode(), len(body)) + body


def connect(process: ServerProcess) -> socket.socket:
    where = urlsplit(process.url)
    connection = socket.create_connection((str(where.hostname), where.port or 0), timeout=DEADLINE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
