"""Several workers whose models change while they run: all of them have the same ones, whatever happens to one."""

import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper

from bundle import Bundle
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from predictor.workers.model_set import VersionState, agree
from tests.predictor.busy_clients import BODY, busy_clients
from tests.predictor.conftest import StartServer
from tests.predictor.foreign_models import make_model, one_node
from tests.predictor.grpc_calls import inference_stub
from tests.predictor.server_process import ServerProcess, wait_for
from tests.predictor.test_repository import damage, put, states
from tests.predictor.test_workers import is_over, workers_of

LOAD = "/v2/repository/models/contrary/load"


@pytest.fixture
def models(tmp_path: Path, contrary: Bundle, digits: Bundle) -> Path:
    folder = tmp_path / "models"
    put(contrary, folder / "contrary/1")
    put(digits, folder / "digits/3")
    return folder


@pytest.fixture
def served(models: Path, start_server: StartServer) -> ServerProcess:
    server = start_server(None, models_dir=models, model_control=True, workers=2, grpc_port=0, slow_seconds=600)
    return server.wait_until_ready()


def everywhere(served: ServerProcess, ask: Callable[[httpx.Client], Any]) -> Any:
    """What all workers say, which is the same."""
    answers = []
    for worker in workers_of(served):
        with client_of(served, worker) as client:
            answers.append(ask(client))
    assert len(answers) == 2
    assert answers[0] == answers[1]
    return answers[0]


@contextmanager
def client_of(served: ServerProcess, worker: psutil.Process) -> Iterator[httpx.Client]:
    """A client whose one connection is with this worker."""

    def connect() -> httpx.Client | None:
        client = served.client()
        response = client.get("/v2/health/live")
        port = response.extensions["network_stream"].get_extra_info("client_addr")[1]
        if port in {one.raddr.port for one in worker.connections() if one.raddr}:
            return client
        client.close()
        return None

    with closing(wait_for(connect)) as client:
        yield client


def answered_by(model: str = "contrary") -> Callable[[httpx.Client], str]:
    def ask(client: httpx.Client) -> str:
        response = client.post(f"/v2/models/{model}/infer", json=BODY)
        return str(response.headers.get("x-assay-bundle-digest") or response.json()["error"])

    return ask


def replace_worker(served: ServerProcess, worker: psutil.Process) -> None:
    """Kill a worker; another one serves in its place then."""
    worker.kill()
    wait_for(lambda: is_over(worker))
    wait_until_replaced(served, worker)


def wait_until_replaced(served: ServerProcess, worker: psutil.Process) -> None:
    def is_replaced() -> bool:
        pids = {other.pid for other in workers_of(served)}
        return len(pids) == 2 and worker.pid not in pids

    wait_for(is_replaced, served.is_running)


@pytest.mark.slow
def test_every_worker_changes_its_models_and_no_request_fails(
    served: ServerProcess, models: Path, contrary: Bundle, other: Bundle
) -> None:
    load = messages.RepositoryModelLoadRequest(model_name="contrary")
    with busy_clients(served) as answers, served.client() as client, inference_stub(served.grpc) as stub:
        for bundle, change in (
            (other, lambda: client.post(LOAD).raise_for_status()),
            (contrary, lambda: client.post("/api/v1/load?name=contrary").raise_for_status()),
            (other, lambda: stub("RepositoryModelLoad", load)),
        ):
            put(bundle, models / "contrary/1")
            change()
            assert everywhere(served, answered_by()) == bundle.digest
        assert client.post("/api/v1/unload?name=digits").json() == {"name": "digits", "versions": []}
        assert everywhere(served, answered_by("digits")) == "digits version 3 is not loaded: unloaded"
        stub("RepositoryModelLoad", messages.RepositoryModelLoadRequest(model_name="digits"))
        assert everywhere(served, lambda one: one.get("/v2/models/digits/ready").status_code) == 200
        stub("RepositoryModelUnload", messages.RepositoryModelUnloadRequest(model_name="digits"))
        assert everywhere(served, lambda one: one.get("/v2/models/digits/ready").status_code) == 404
        registered = client.post("/api/v1/register?name=sign", content=one_node("Abs", TensorProto.FLOAT, ["N", 2]))
        assert registered.json() == {"name": "sign", "version": "1"}
        assert everywhere(served, states)["sign", "1"] == ("UNAVAILABLE", "not loaded")
        assert client.post("/api/v1/load?name=sign").json() == {"name": "sign", "versions": ["1"]}
        assert everywhere(served, states)["sign", "1"] == ("READY", "")
        assert client.post("/api/v1/load?name=nobody").status_code == 404
        assert client.post("/v2/repository/models/nobody/unload").status_code == 404
    assert not answers.failures
    assert served.stop() == 0


@pytest.mark.slow
def test_a_worker_that_comes_later_has_what_the_others_have_and_not_what_lies_on_disk_by_then(
    served: ServerProcess, models: Path, contrary: Bundle, other: Bundle
) -> None:
    put(other, models / "contrary/2")
    with served.client() as client:
        client.post(LOAD).raise_for_status()
        client.post("/api/v1/unload?name=digits").raise_for_status()
        damage(models / "contrary/2")
        failed = client.post(LOAD)
        why = "contrary/2/manifest.json was changed: it is not a JSON object with a digest"
        assert (failed.status_code, failed.json()["error"]) == (400, f"contrary could not be loaded: {why}")
    shutil.rmtree(models / "contrary/1")
    before = everywhere(served, states)
    assert before == {
        ("contrary", "1"): ("READY", ""),
        ("contrary", "2"): ("READY", why),
        ("digits", "3"): ("UNAVAILABLE", "unloaded"),
    }
    for worker in workers_of(served):
        replace_worker(served, worker)
        assert everywhere(served, states) == before
    assert everywhere(served, answered_by()) == other.digest
    assert everywhere(served, answered_by("contrary/versions/1")) == contrary.digest


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_copy_outlives_the_server(
    models: Path, tmp_path: Path, start_server: StartServer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    served = start_server(None, models_dir=models, model_control=True, workers=2).wait_until_ready()
    (copies,) = tmp_path.glob("assay-models-*")
    assert len(list(copies.iterdir())) == 2
    served.stop(number)
    wait_for(lambda: not copies.exists())


@pytest.mark.slow
def test_a_worker_that_dies_while_it_loads_leaves_all_as_they_were(
    served: ServerProcess, models: Path, contrary: Bundle, other: Bundle
) -> None:
    victim, survivor = workers_of(served)
    put(other, models / "contrary/2")
    with (
        ThreadPoolExecutor(1) as threads,
        client_of(served, survivor) as asking,
        client_of(served, survivor) as looking,
    ):
        victim.send_signal(signal.SIGSTOP)
        load = threads.submit(asking.post, LOAD)
        wait_for(lambda: states(looking).get(("contrary", "2")) == ("LOADING", ""))
        victim.kill()
        response = load.result()
    why = "a worker ended meanwhile, so no worker has changed"
    assert (response.status_code, response.json()["error"]) == (400, f"contrary could not be loaded: {why}")
    wait_until_replaced(served, victim)
    assert everywhere(served, states)["contrary", "1"] == ("READY", why)
    assert everywhere(served, answered_by()) == contrary.digest
    with served.client() as client:
        client.post(LOAD).raise_for_status()
    assert everywhere(served, answered_by()) == other.digest


@pytest.mark.slow
def test_what_one_worker_has_no_memory_for_is_loaded_by_none(served: ServerProcess, models: Path) -> None:
    size = 128 * 2**20
    poor, _ = workers_of(served)
    nodes = [
        helper.make_node("ReduceMax", ["weights"], ["most"], keepdims=0),
        helper.make_node("Add", ["x", "most"], ["y"]),
    ]
    sizes: list[int | str | None] = ["N", 2]
    form = [("x", int(TensorProto.FLOAT), sizes)], [("y", int(TensorProto.FLOAT), sizes)]
    content = make_model(nodes, *form, {"weights": np.zeros(size // 4, np.float32)})
    (models / "large/1").mkdir(parents=True)
    (models / "large/1/model.onnx").write_bytes(content)
    limits = poor.rlimit(resource.RLIMIT_AS)
    poor.rlimit(resource.RLIMIT_AS, (poor.memory_info().vms + 3 * size // 4, limits[1]))
    with served.client() as client:
        response = client.post("/api/v1/load?name=large")
    poor.rlimit(resource.RLIMIT_AS, limits)
    assert response.status_code == 400
    why = "there is not enough memory for it"
    assert response.json()["error"] == f"large could not be loaded: {why}"
    assert sum("traceback" in line for line in served.log_lines()) == 1, "the other worker has loaded it"
    assert everywhere(served, states)["large", "1"] == ("UNAVAILABLE", why)
    assert everywhere(served, answered_by("large")) == f"large version 1 is not loaded: {why}"


@pytest.mark.slow
def test_the_one_bundle_of_several_workers_is_reloaded_from_its_place(
    tmp_path: Path, start_server: StartServer, contrary: Bundle, other: Bundle
) -> None:
    place = tmp_path / "bundle"
    put(contrary, place)
    served = start_server(place, model_control=True, workers=2, revision="r1").wait_until_ready()
    put(other, place)
    with served.client() as client:
        client.post(LOAD).raise_for_status()
        assert everywhere(served, answered_by()) == other.digest
        damage(place)
        assert client.post(LOAD).status_code == 400
    replace_worker(served, workers_of(served)[0])
    assert everywhere(served, answered_by()) == other.digest
    assert everywhere(served, lambda one: one.get("/v2/models/contrary").json()["versions"]) == ["1"]


@pytest.mark.parametrize(
    ("before", "proposals", "agreed"),
    [
        ([], [[("1", "a", "")], [("1", "a", "")]], [("1", "a", "")]),
        ([("1", "a", "")], [[], []], []),
        ([("1", "a", "")], [[("1", "b", "")], [("1", "a", "no memory")]], [("1", "a", "no memory")]),
        ([("1", "a", "")], [[("1", "b", "")], [("1", "c", "")]], [("1", "a", "differ")]),
        ([], [[("2", "b", ""), ("1", "a", "")], [("1", "a", "")]], [("2", "", "differ"), ("1", "a", "")]),
        ([("1", "", "unloaded")], [[("1", "", "broken")], [("1", "a", "")]], [("1", "", "broken")]),
    ],
)
def test_what_workers_do_not_agree_about_stays_as_it_was(
    before: list[tuple[str, str, str]], proposals: list[list[tuple[str, str, str]]], agreed: list[tuple[str, str, str]]
) -> None:
    def read(versions: list[tuple[str, str, str]]) -> list[VersionState]:
        return [VersionState(*one) for one in versions]

    found = [(one.version, one.digest, one.reason) for one in agree(read(before), [read(one) for one in proposals])]
    differ = "its workers have read different files; load it again when they no longer change"
    assert found == [(version, digest, reason.replace("differ", differ)) for version, digest, reason in agreed]
