"""Readiness and the end over gRPC, as over REST; what test_life_of_the_server.py is for that."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
import numpy as np
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from bundle import Bundle
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from tests.predictor.bundles import write_contrary_bundle
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import infer_message, inference_stub, refusal
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess, find_free_port, wait_for
from tests.predictor.test_about_doors import count

SERVICE = "inference.GRPCInferenceService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def wait_until_it_infers(process: ServerProcess) -> None:
    """Return once the process, which was idle, has worked for a tenth of a second: nothing but an inference does."""
    running = psutil.Process(process.process.pid)

    def worked() -> float:
        return sum(running.cpu_times()[:2])

    idle = worked()
    wait_for(lambda: worked() > idle + 0.1)


def ask_and_hold(hold: Event) -> Iterator[reflection_pb2.ServerReflectionRequest]:
    """One question of a stream that the client keeps open."""
    yield reflection_pb2.ServerReflectionRequest(list_services="")
    hold.wait(DEADLINE_SECONDS)


@pytest.fixture(scope="module")
def slow_to_load(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_contrary_bundle(tmp_path_factory.mktemp("bundles"), turns_for_one=100_000)


def test_it_is_live_but_not_ready_while_its_model_warms_up(slow_to_load: Bundle, start_server: StartServer) -> None:
    port = find_free_port()
    process = start_server(slow_to_load.path, grpc_port=port)
    asked = messages.ModelReadyRequest(name="contrary")
    with inference_stub(f"127.0.0.1:{port}") as stub:
        health = health_pb2_grpc.HealthStub(stub.channel)
        assert stub("ServerLive", wait_for_ready=True).live
        assert not stub("ServerReady").ready
        assert not stub("ModelReady", asked).ready
        assert "READY" not in {model.state for model in stub("RepositoryIndex").models}
        assert refusal(stub, "ModelMetadata", messages.ModelMetadataRequest(name="contrary"))[0] == "UNAVAILABLE"
        watched = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=DEADLINE_SECONDS)
        assert [next(watched).status, next(watched).status] == [NOT_SERVING, SERVING]
        assert stub("ServerReady").ready
        assert stub("ModelReady", asked).ready
        assert health.Check(health_pb2.HealthCheckRequest()).status == SERVING
        watched.cancel()
    assert process.stop() == 0


def test_a_signal_makes_it_not_ready_on_both_transports_while_it_goes_on_answering(
    contrary: Bundle, start_server: StartServer
) -> None:
    process = start_server(contrary.path, grpc_port=0, drain_seconds=600).wait_until_ready()
    request = infer_message(np.ones((1, 4)), model="contrary")
    with process.client() as client, inference_stub(process.grpc) as stub:
        health = health_pb2_grpc.HealthStub(stub.channel)
        watched = health.Watch(health_pb2.HealthCheckRequest(), timeout=DEADLINE_SECONDS)
        assert next(watched).status == SERVING
        process.process.send_signal(signal.SIGTERM)
        wait_for(lambda: client.get("/v2/health/ready").status_code == 503)
        assert not stub("ServerReady").ready
        assert not stub("ModelReady", messages.ModelReadyRequest(name="contrary")).ready
        assert stub("ServerLive").live
        assert health.Check(health_pb2.HealthCheckRequest()).status == NOT_SERVING
        assert [answer.status for answer in watched] == [NOT_SERVING], "and then it ends"
        assert not stub("RepositoryIndex", messages.RepositoryIndexRequest(ready=True)).models
        assert stub("RepositoryIndex").models[0].reason.startswith("the server is draining")
        assert stub("ModelInfer", request).id
    assert process.stop() == 0, "a second signal cuts the waiting short"


def test_what_is_in_flight_when_a_signal_comes_is_finished(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, grpc_port=0).wait_until_ready()
    slow = infer_message(np.array([[2.0, 1_000_000, 0, 0]]), model="contrary")
    with inference_stub(process.grpc) as stub:
        answer = stub.begin("ModelInfer", slow)
        wait_until_it_infers(process)
        process.process.send_signal(signal.SIGTERM)
        assert answer.result().model_name == "contrary"
    assert process.process.wait(DEADLINE_SECONDS) == 0


def test_an_open_stream_is_given_up_when_its_time_is_over(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, grpc_port=0, finish_seconds=1).wait_until_ready()
    with inference_stub(process.grpc) as stub:
        hold = Event()
        opened = reflection_pb2_grpc.ServerReflectionStub(stub.channel).ServerReflectionInfo(ask_and_hold(hold))
        assert next(opened).list_services_response.service
        assert process.stop() == 0
        hold.set()


def test_who_went_away_costs_no_inference(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, grpc_port=0, inference_threads=1).wait_until_ready()
    slow, quick = (infer_message(np.array([[2.0, turns, 0, 0]]), model="contrary") for turns in (1_000_000, 1))
    with process.client() as client, inference_stub(process.grpc) as stub:
        first = stub.begin("ModelInfer", slow)
        wait_until_it_infers(process)
        waiting = [stub.begin("ModelInfer", quick, timeout=0.01) for _ in range(3)]
        assert [call.code() for call in waiting] == [grpc.StatusCode.DEADLINE_EXCEEDED] * 3
        first.cancel()
        cancelled = {"transport": "grpc", "code": "CANCELLED"}
        assert wait_for(lambda: count(client, "assay_requests_total", **cancelled)) == 1
        assert stub("ModelInfer", quick).id
        assert client.get("/v2/models/contrary/stats").json()["model_stats"][0]["execution_count"] == 2


@pytest.mark.slow
def test_health_is_answered_while_every_thread_is_busy(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, grpc_port=0).wait_until_ready()
    slow = infer_message(np.array([[2.0, 500_000, 0, 0]]), model="contrary")
    with inference_stub(process.grpc) as stub, ThreadPoolExecutor() as threads:
        busy = [threads.submit(stub, "ModelInfer", slow) for _ in range(4)]
        answered = 0
        while not any(call.done() for call in busy):
            assert stub("ServerReady").ready
            answered += 1
        assert all(call.result().id for call in busy)
    assert answered > 3


def test_without_a_port_there_is_no_grpc_and_none_of_its_memory(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path).wait_until_ready()
    assert process.grpc == ""
    with open(f"/proc/{process.process.pid}/maps") as maps:
        assert "cygrpc" not in maps.read()


def test_a_port_in_use_is_named_with_the_option_that_chooses_another(
    contrary: Bundle, server: ServerProcess, start_server: StartServer
) -> None:
    port = server.grpc.rpartition(":")[2]
    process = start_server(contrary.path, grpc_port=port)
    assert process.process.wait(DEADLINE_SECONDS) == 1
    said = process.log.read_text()
    assert said.startswith(f"port {port} is in use (pid {server.process.pid}, ")
    assert said.endswith("; choose another with --grpc-port\n")
