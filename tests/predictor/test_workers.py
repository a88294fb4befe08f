"""Several processes that serve as one; what test_life_of_the_server.py is for a single one."""

import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from bundle import Bundle
from predictor.workers.counts import Counts, Family, add_up
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import infer_message, inference_stub
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess, find_free_port, wait_for
from tests.predictor.test_about_doors import count
from tests.predictor.test_life_of_the_server import is_closed, run_to_its_end

ROW = [1.0, 0.0, 0.0, 0.0]
REQUESTS = "assay_requests_total"


def workers_of(server: ServerProcess) -> list[psutil.Process]:
    """The processes below the supervisor, by their pids."""
    return psutil.Process(server.process.pid).children()


def is_over(process: psutil.Process) -> bool:
    """Whether it has ended; who adopts an orphan may leave a zombie of it."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def get(server: ServerProcess, path: str) -> httpx.Response:
    """Over a connection of its own, which any worker may get."""
    with server.client() as client:
        return client.get(path)


def classify(server: ServerProcess, _: object = None) -> int:
    with server.client() as client:
        return client.post("/classify", json=ROW).status_code


def infer(server: ServerProcess, model: str) -> int:
    with server.client() as client:
        return client.post(f"/v2/models/{model}/infer", json=infer_body([ROW])).status_code


def classified(server: ServerProcess) -> float:
    with server.client() as client:
        return count(client, REQUESTS, route="/classify", code="200")


def statistics(server: ServerProcess) -> dict[str, Any]:
    (model,) = get(server, "/v2/models/contrary/stats").json()["model_stats"]
    return dict(model)


@pytest.mark.slow
def test_each_worker_knows_what_all_of_them_counted(contrary: Bundle, start_server: StartServer) -> None:
    server = start_server(contrary.path, workers=2, grpc_port=0).wait_until_ready()
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: classify(server), range(40))) == {200}
    for _ in range(6):
        with inference_stub(server.grpc) as stub:
            assert stub("ModelInfer", infer_message(np.ones((1, 4)), model="contrary")).id

    def told() -> tuple[float, ...]:
        with server.client() as client:
            over_grpc = count(client, REQUESTS, transport="grpc", code="OK")
            predicted = count(client, "assay_predictions_total", label="b")
            models = count(client, "assay_model_info")
        return classified(server), over_grpc, predicted, models, statistics(server)["inference_count"]

    wait_for(lambda: told() == (40, 6, 46, 1, 46))
    assert {told() for _ in range(4)} == {(40, 6, 46, 1, 46)}
    with inference_stub(server.grpc) as stub:
        (model,) = stub("ModelStatistics").model_stats
    assert model.inference_count == 46
    assert len(workers_of(server)) == 2
    assert server.stop() == 0


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_no_request_fails(contrary: Bundle, start_server: StartServer) -> None:
    server = start_server(contrary.path, workers=2).wait_until_ready()
    assert {classify(server) for _ in range(20)} == {200}
    before = wait_for(lambda: classified(server) == 20 and statistics(server)["inference_count"])
    victim, survivor = workers_of(server)
    victim.kill()
    wait_for(lambda: is_over(victim))  # what it had accepted already would die with it
    answers = []

    def is_replaced() -> bool:
        answers.append(classify(server))
        pids = {worker.pid for worker in workers_of(server)}
        return len(pids) == 2 and victim.pid not in pids and get(server, "/v2/health/ready").is_success

    wait_for(is_replaced, server.is_running)
    assert set(answers) == {200}
    assert survivor.is_running()
    wait_for(lambda: classified(server) == 20 + len(answers))
    assert statistics(server)["inference_count"] == before + len(answers)
    assert "assay_worker_restarts_total 1.0\n" in get(server, "/metrics").text
    (told,) = [line for line in server.log_lines() if line["message"] == "a worker ended and is replaced"]
    assert (told["pid"], told["reason"]) == (victim.pid, "signal SIGKILL")
    assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_worker_and_a_second_one_ends_them(
    contrary: Bundle, start_server: StartServer, number: signal.Signals
) -> None:
    server = start_server(contrary.path, workers=2, drain_seconds=600).wait_until_ready()
    children = workers_of(server)
    server.process.send_signal(number)
    # So many connections that both workers have one: a second signal before the first is heard would be the same one.
    wait_for(lambda: {get(server, "/v2/health/ready").status_code for _ in range(30)} == {503})
    assert {classify(server) for _ in range(4)} == {200}
    assert server.is_running()
    assert server.stop(number) == 0
    assert all(is_over(child) for child in children)
    assert is_closed(server.url)


@pytest.mark.slow
def test_no_worker_outlives_its_supervisor(contrary: Bundle, start_server: StartServer) -> None:
    server = start_server(contrary.path, workers=2, drain_seconds=600).wait_until_ready()
    children = workers_of(server)
    server.process.kill()
    server.process.wait(DEADLINE_SECONDS)
    wait_for(lambda: all(is_over(child) for child in children))


def test_workers_that_cannot_start_end_with_the_error_of_a_single_process(
    tmp_path: Path, start_server: StartServer
) -> None:
    code, said = run_to_its_end(start_server(tmp_path / "none", workers=2))
    assert code == 1
    assert said == f"{tmp_path / 'none'}: no such bundle; expected a directory with model.onnx and manifest.json\n"


@pytest.mark.slow
def test_two_servers_with_workers_do_not_share_a_port(contrary: Bundle, start_server: StartServer) -> None:
    port = find_free_port()
    start_server(contrary.path, workers=2, http_port=port).wait_until_ready()
    code, said = run_to_its_end(start_server(contrary.path, workers=2, http_port=port))
    assert code == 1
    assert said.startswith(f"port {port} is in use")
    assert said.endswith("; choose another with --http-port\n")


@pytest.mark.slow
def test_workers_serve_a_directory_of_models(
    contrary: Bundle, digits: Bundle, tmp_path: Path, start_server: StartServer
) -> None:
    models = tmp_path / "models"
    shutil.copytree(contrary.path, models / "contrary/1")
    shutil.copytree(digits.path, models / "digits/3")
    shutil.copytree(digits.path, models / "broken/1", ignore=shutil.ignore_patterns("model.onnx"))
    server = start_server(None, models_dir=models, workers=2).wait_until_ready()
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: infer(server, "contrary"), range(20))) == {200}

    def told() -> dict[str, int]:
        counted = get(server, "/v2/models/stats").json()["model_stats"]
        return {model["name"]: model["inference_count"] for model in counted}

    wait_for(lambda: told() == {"contrary": 20, "digits": 0})
    assert infer(server, "broken") == 404
    assert server.stop() == 0


def test_a_supervisor_loads_no_engine_and_no_web_framework() -> None:
    heavy = "{'onnxruntime', 'numpy', 'fastapi', 'uvicorn', 'prometheus_client'}"
    program = f"import sys, predictor.workers.supervisor; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=DEADLINE_SECONDS).returncode == 0


def test_sums_of_the_dead_stay_and_their_gauges_go() -> None:
    def counted(requests: float, waiting: float, created: float) -> Counts:
        total = [("a_total", {"code": "200"}, requests), ("a_created", {"code": "200"}, created)]
        gauges = [Family("waiting", "gauge", "", [("waiting", {}, waiting)])]
        info = [Family("model_info", "gauge", "", [("model_info", {}, 1.0)])]
        statistics = [{"name": "m", "version": "1", "last_inference": int(created), "stats": {"count": 2}}]
        return Counts([Family("a", "counter", "", total), *gauges, *info], statistics)

    total = add_up([counted(1, 10, 7).of_the_dead(), counted(2, 20, 5), counted(4, 40, 6)])
    samples = {name: value for family in total.families for name, _, value in family.samples}
    assert samples == {"a_total": 7, "a_created": 5, "waiting": 60, "model_info": 1}
    assert total.statistics == [{"name": "m", "version": "1", "last_inference": 7, "stats": {"count": 6}}]
