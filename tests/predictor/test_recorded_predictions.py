"""What a server records equals what it answered, over every door, under load, and up to its death."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper

from bundle import Bundle
from tests.predictor.asking import INFER, Answers, ask_often, over_classify, over_grpc, over_infer
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.foreign_models import make_model, write_foreign_bundle
from tests.predictor.grpc_calls import infer_message, inference_stub
from tests.predictor.predictions import read_records
from tests.predictor.server_process import ServerProcess, wait_for

CLIENTS, REQUESTS = 4, 15  # of each kind


def check(recorded: dict[str, Any], told: list[tuple[list[float], int, float]]) -> None:
    np.testing.assert_allclose(np.array(recorded["inputs"][0]["data"]).reshape(-1, 4), [row for row, _, _ in told])
    assert recorded["indices"] == [index for _, index, _ in told]
    assert recorded["labels"] == ["abcd"[index] for _, index, _ in told]
    np.testing.assert_allclose(recorded["probabilities"], [probability for _, _, probability in told], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_what_is_recorded_is_what_was_answered(
    contrary: Bundle, start_server: StartServer, tmp_path: Path, fast_path: bool, end: signal.Signals
) -> None:
    process = start_server(
        contrary.path,
        grpc_port=0,
        inference_threads=1,
        fast_path=fast_path,
        revision="r1",
        record=f"jsonl:{tmp_path}/records",
        record_spool_dir=tmp_path / "spool",
    ).wait_until_ready()
    told: Answers = {}
    with process.client() as client, inference_stub(process.grpc) as stub, ThreadPoolExecutor() as threads:
        refused = client.post("/classify", json=[1.0])
        assert refused.status_code == 400
        asks = [over(client, stub) for over in (over_classify, over_infer, over_grpc) for _ in range(CLIENTS)]
        for future in [threads.submit(ask_often, ask, number, REQUESTS, told) for number, ask in enumerate(asks)]:
            future.result()
        if end == signal.SIGKILL:
            wait_for(
                lambda: f"assay_recorder_written_total {len(told)}.0\n" in client.get("/metrics").text,
                process.is_running,
            )
    process.stop(end)
    recorded = read_records(tmp_path / "records")
    assert len(recorded) == len(told) == len(asks) * REQUESTS
    for record in recorded:
        check(record, told[record["request_id"]])
        assert (record["model"], record["revision"], record["bundle_digest"]) == ("contrary", "r1", contrary.digest)
        assert record["seconds"] > 0
    doors = {(record["transport"], record["door"]) for record in recorded}
    grpc = ("grpc", "/inference.GRPCInferenceService/ModelInfer")
    assert doors == {("rest", "/classify"), ("rest", "/v2/models/{model}/infer"), grpc}


@pytest.mark.slow
def test_a_process_that_is_killed_recorded_nothing_that_it_did_not_answer(
    contrary: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    process = start_server(contrary.path, record=f"jsonl:{tmp_path}").wait_until_ready()
    told: Answers = {}
    stop = threading.Event()

    def ask_until_it_dies(number: int) -> None:
        with process.client() as client:
            while not stop.is_set():
                try:
                    answer = client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]]))
                except httpx.TransportError:
                    return
                told[answer.headers["x-request-id"]] = []

    with ThreadPoolExecutor() as threads:
        for number in range(CLIENTS):
            threads.submit(ask_until_it_dies, number)
        try:
            wait_for(lambda: len(read_records(tmp_path)) > 20, process.is_running)
        finally:
            process.stop(signal.SIGKILL)
            stop.set()
    again = start_server(contrary.path, record=f"jsonl:{tmp_path}").wait_until_ready()
    with again.client() as client:
        client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]]), headers={"x-request-id": "afterwards"})
    again.stop()
    recorded = [record["request_id"] for record in read_records(tmp_path)]
    assert recorded[-1] == "afterwards"
    assert len(set(recorded)) == len(recorded)
    unread = set(recorded[:-1]) - set(told)
    assert len(unread) <= CLIENTS, "an answer that was under way when the process was killed"


def delivery_of(process: ServerProcess) -> psutil.Process:
    (delivery,) = psutil.Process(process.process.pid).children()
    assert "predictor.recording" in delivery.cmdline()
    return delivery


@pytest.mark.slow
def test_a_delivery_process_that_is_killed_is_replaced_and_nothing_is_lost_or_there_twice(
    steady: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    process = start_server(steady.path, record=f"jsonl:{tmp_path}/records").wait_until_ready()
    told: list[str] = []
    with process.client() as client:

        def ask(times: int) -> None:
            for _ in range(times):
                answer = client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]])).raise_for_status()
                told.append(answer.headers["x-request-id"])

        for _ in range(2):
            ask(20)  # some of which it may be at
            killed = delivery_of(process)
            killed.kill()
            ask(20)
            wait_for(lambda: "and is started again" in process.log.read_text(), process.is_running)
            wait_for(lambda: recorded_metric(client, "written_total") == len(told), process.is_running)
            assert delivery_of(process).pid != killed.pid
    assert process.stop() == 0
    assert [record["request_id"] for record in read_records(tmp_path / "records")] == told


@pytest.mark.slow
@pytest.mark.parametrize("has_delivery", [True, False], ids=["left", "next"])
def test_what_a_killed_server_had_not_delivered_is_delivered_by_what_is_left_of_it_or_by_the_next_one(
    steady: Bundle, start_server: StartServer, tmp_path: Path, has_delivery: bool
) -> None:
    settings = {"record": f"jsonl:{tmp_path}/records", "record_spool_dir": tmp_path / "spool"}
    process = start_server(steady.path, **settings).wait_until_ready()
    with process.client() as client:
        delivery = delivery_of(process)
        client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]])).raise_for_status()
        wait_for(lambda: recorded_metric(client, "written_total") == 1, process.is_running)
        delivery.suspend()
        for _ in range(29):
            client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]])).raise_for_status()
        wait_for(lambda: recorded_metric(client, "spooled_total") == 30, process.is_running)
        assert recorded_metric(client, "lag_seconds") > 0
        assert recorded_metric(client, "spool_bytes") > 0
    if not has_delivery:
        process.process.send_signal(signal.SIGSTOP)  # or else it would start another one
        delivery.kill()
    process.stop(signal.SIGKILL)
    if has_delivery:
        with suppress(psutil.NoSuchProcess):
            delivery.resume()  # and then it delivers what is left, and ends
    else:
        assert len(read_records(tmp_path / "records")) == 1
        process = start_server(steady.path, **settings).wait_until_ready()
    wait_for(lambda: len(read_records(tmp_path / "records")) == 30)
    wait_for(lambda: not delivery.is_running() or delivery.status() == psutil.STATUS_ZOMBIE)
    keys = [record["key"] for record in read_records(tmp_path / "records")]
    assert [int(key.partition("-")[2]) for key in keys] == list(range(1, 31))


def recorded_metric(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith(f"assay_recorder_{name} "))


def test_a_directory_that_cannot_be_had_stops_the_start(
    contrary: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    process = start_server(contrary.path, record=f"jsonl:{tmp_path}/file")
    process.process.wait(30)
    said = f"predictions cannot be recorded in {tmp_path}/file: Not a directory\n"
    assert process.log.read_text() == said


def test_a_datatype_is_recorded_as_it_was_answered(tmp_path: Path, start_server: StartServer) -> None:
    cast = helper.make_node("Cast", ["features"], ["y"], to=TensorProto.BFLOAT16)
    content = make_model([cast], [("features", TensorProto.FLOAT, ["N", 4])], [("y", TensorProto.BFLOAT16, ["N", 4])])
    bundle = write_foreign_bundle(tmp_path / "bundles", content, "coarse")
    process = start_server(bundle.path, record=f"jsonl:{tmp_path / 'records'}").wait_until_ready()
    with process.client() as client:
        answers = [client.post("/v2/models/coarse/infer", json=infer_body([[1.0, 2.0, 3.0, 4.0]])) for _ in range(4)]
    process.stop()
    said = [answer.json()["outputs"] for answer in answers]
    assert [record["outputs"] for record in read_records(tmp_path / "records")] == said
    assert said[-1][0]["datatype"] == "BF16"


def test_who_asked_is_recorded_where_a_header_is_named(
    contrary: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    process = start_server(
        contrary.path, grpc_port=0, record=f"jsonl:{tmp_path}", record_client_header="X-Client-Id"
    ).wait_until_ready()
    row = [1.0, 0.0, 0.0, 0.0]
    with process.client() as client, inference_stub(process.grpc) as stub:
        for said in ({"x-client-id": "shop"}, {}):
            for _ in range(4):  # the quick way from the third one on
                client.post("/classify", json=row, headers=said).raise_for_status()
            stub("ModelInfer", infer_message(np.array([row]), model="contrary"), metadata=tuple(said.items()))
    process.stop()
    recorded = read_records(tmp_path)
    assert [(record["transport"], record.get("client")) for record in recorded] == [
        *([("rest", "shop")] * 4),
        ("grpc", "shop"),
        *([("rest", None)] * 4),
        ("grpc", None),
    ]
