"""Several models and versions in one server, loaded and unloaded while it runs."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bundle import Bundle
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from predictor.errors import NotReady
from predictor.model_sources import OneBundle
from predictor.settings import PredictorSettings
from predictor.wiring import create_metrics, create_repository
from tests.predictor.busy_clients import BODY, ROW, busy_clients
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import InferenceStub, infer_message, inference_stub, refusal
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess, wait_for


@pytest.fixture
def models(tmp_path: Path, contrary: Bundle, other: Bundle, digits: Bundle) -> Path:
    """contrary in version 1 and 2, digits in version 3 and, broken, in version 4."""
    folder = tmp_path / "models"
    for bundle, place in ((contrary, "contrary/1"), (other, "contrary/2"), (digits, "digits/3"), (digits, "digits/4")):
        shutil.copytree(bundle.path, folder / place)
    damage(folder / "digits/4")
    return folder


def damage(bundle: Path) -> None:
    manifest = bundle / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text("{}")


def put(bundle: Bundle, place: Path) -> None:
    """Put a bundle in the place of another one."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(bundle.path, place)


@pytest.fixture
def served(models: Path, start_server: StartServer) -> ServerProcess:
    return start_server(None, models_dir=models, model_control=True, grpc_port=0).wait_until_ready()


@pytest.fixture
def client(served: ServerProcess) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


@pytest.fixture
def stub(served: ServerProcess) -> Iterator[InferenceStub]:
    with inference_stub(served.grpc) as stub:
        yield stub


def states(client: httpx.Client) -> dict[tuple[str, str], tuple[str, str]]:
    index = client.post("/v2/repository/index").json()
    return {(one["name"], one["version"]): (one["state"], one["reason"]) for one in index}


def test_a_request_finds_its_model_and_version_at_every_door(
    client: httpx.Client, stub: InferenceStub, contrary: Bundle, other: Bundle
) -> None:
    for path, version in (("", "2"), ("/versions/1", "1"), ("/versions/2", "2")):
        answer = client.post(f"/v2/models/contrary{path}/infer", json=BODY)
        digest = (contrary if version == "1" else other).digest
        assert (answer.json()["model_version"], answer.headers["x-assay-version"]) == (version, version)
        assert answer.json()["parameters"]["bundle_digest"] == answer.headers["x-assay-bundle-digest"] == digest
        message = infer_message(np.array([ROW]), model="contrary", model_version=path.rpartition("/")[2])
        answered, call = stub.call("ModelInfer", message)
        assert answered.model_version == dict(call.trailing_metadata())["x-assay-version"] == version
        assert client.get(f"/v2/models/contrary{path}").json()["versions"] == ["1", "2"]
    for query, version in (("model=contrary", "2"), ("model=contrary&version=1", "1")):
        assert client.post(f"/classify?{query}", json=ROW).json()["version"] == version
        assert client.get(f"/metadata?{query}").json()["version"] == version
        assert client.get(f"/example?{query}").json()["examples"][0]["answer"]["version"] == version
    for path in ("/metadata", "/example"):
        response = client.get(path)
        assert response.status_code == 400
        assert (
            response.json()["error"] == "the request names no model, and there are several; expected contrary, digits"
        )
    assert client.post("/classify", json=ROW).status_code == 400
    for path in ("other", "contrary/versions/3", "digits/versions/4", "digits/versions/03"):
        assert client.post(f"/v2/models/{path}/infer", json=BODY).status_code == 404
    counted = client.get("/v2/models/contrary/stats").json()["model_stats"]
    assert {one["version"]: one["inference_stats"]["success"]["count"] for one in counted} == {"2": 5, "1": 3}
    assert client.get("/metrics").text.count("assay_model_info{") == 3


def test_a_model_that_cannot_be_loaded_keeps_no_other_from_serving_and_says_why(
    client: httpx.Client, stub: InferenceStub, models: Path
) -> None:
    assert client.get("/v2/health/ready").status_code == 200
    found = states(client)
    assert found["contrary", "1"] == found["contrary", "2"] == found["digits", "3"] == ("READY", "")
    state, reason = found["digits", "4"]
    assert (state, reason) == (
        "UNAVAILABLE",
        "digits/4/manifest.json was changed: it is not a JSON object with a digest",
    )
    assert str(models) not in reason
    assert [(one.name, one.version, one.state) for one in stub("RepositoryIndex").models] == [
        (name, version, state) for (name, version), (state, _) in found.items()
    ]
    ready = client.post("/v2/repository/index", json={"ready": True}).json()
    assert [(one["name"], one["version"]) for one in ready] == [("contrary", "2"), ("contrary", "1"), ("digits", "3")]
    assert client.get("/api/v1/list").json()["models"] == client.post("/v2/repository/index").json()
    assert refusal(stub, "ModelReady", messages.ModelReadyRequest(name="digits", version="4"))[0] == "NOT_FOUND"


def test_models_are_loaded_and_unloaded_over_both_transports(
    client: httpx.Client, stub: InferenceStub, models: Path, contrary: Bundle, other: Bundle
) -> None:
    assert "model_repository" in client.get("/v2").json()["extensions"]
    for _ in range(2):
        assert client.post("/v2/repository/models/contrary/unload").status_code == 200
    assert states(client)["contrary", "1"] == ("UNAVAILABLE", "unloaded")
    gone = client.post("/v2/models/contrary/infer", json=BODY)
    assert (gone.status_code, gone.json()["error"]) == (404, "contrary version 2 is not loaded: unloaded")
    assert refusal(stub, "ModelInfer", infer_message(np.array([ROW]), model="contrary"))[0] == "NOT_FOUND"
    assert client.get("/metrics").text.count("assay_model_info{") == 1

    stub("RepositoryModelLoad", messages.RepositoryModelLoadRequest(model_name="contrary"))
    assert client.post("/v2/models/contrary/infer", json=BODY).json()["model_version"] == "2"
    stub("RepositoryModelUnload", messages.RepositoryModelUnloadRequest(repository_name="contrary"))
    assert client.get("/v2/models/contrary/ready").status_code == 404
    shutil.rmtree(models / "contrary/1")
    put(contrary, models / "contrary/10")
    assert client.post("/api/v1/load?name=contrary").json() == {"name": "contrary", "versions": ["10", "2"]}
    assert client.post("/v2/models/contrary/infer", json=BODY).json()["model_version"] == "10"

    damage(models / "contrary/2")
    failed = client.post("/v2/repository/models/contrary/load")
    why = "contrary/2/manifest.json was changed: it is not a JSON object with a digest"
    assert (failed.status_code, failed.json()["error"]) == (400, f"contrary could not be loaded: {why}")
    load = messages.RepositoryModelLoadRequest(model_name="contrary")
    assert refusal(stub, "RepositoryModelLoad", load)[0] == "FAILED_PRECONDITION"
    assert states(client)["contrary", "2"] == ("READY", why)
    answer = client.post("/v2/models/contrary/versions/2/infer", json=BODY)
    assert answer.json()["parameters"]["bundle_digest"] == other.digest, "the one before it goes on answering"
    for verb in ("load", "unload"):
        assert client.post(f"/api/v1/{verb}?name=digits").status_code == (400 if verb == "load" else 200)
        assert client.post(f"/v2/repository/models/other/{verb}").status_code == 404
        assert client.post(f"/v2/repository/models/contrary/{verb}", json=[]).status_code == 400
    parameters = {"parameters": {"config": "{}"}}
    assert client.post("/v2/repository/models/contrary/load", json=parameters).status_code == 400
    assert client.post("/v2/repository/models/contrary/unload", json=parameters).status_code == 200
    assert client.get("/v2/health/ready").status_code == 503


@pytest.mark.parametrize(
    "name", ["../digits", "..", ".", "/etc", "digits/3", "link", "%2e%2e", "a\n", "", "x" * 64, ".hid"]
)
def test_a_name_is_never_a_path(models: Path, start_server: StartServer, name: str) -> None:
    outside = models.parent / "outside"
    shutil.move(models / "digits", outside)
    (models / "link").symlink_to(outside)
    (models / "contrary/7").symlink_to(outside / "3")
    (models / ".hid").mkdir()
    before = sorted(models.parent.rglob("*"))
    with start_server(None, models_dir=models, model_control=True).wait_until_ready().client() as client:
        for verb in ("load", "unload"):
            assert client.post(f"/api/v1/{verb}", params={"name": name}).status_code == 404
        response = client.post("/api/v1/register", params={"name": name}, content=b"no model")
        assert response.status_code == 400
        assert {one for one, _ in states(client)} == {"contrary"}
        assert {version for _, version in states(client)} == {"1", "2"}
    assert sorted(path for path in models.parent.rglob("*") if "log" not in path.name) == before


@pytest.mark.slow
@pytest.mark.parametrize("fast_path", [True, False], ids=["fast", "plain"])
def test_not_one_request_fails_while_models_are_replaced(
    models: Path, start_server: StartServer, contrary: Bundle, other: Bundle, fast_path: bool
) -> None:
    served = start_server(None, models_dir=models, model_control=True, grpc_port=0, fast_path=fast_path)
    served.wait_until_ready()
    with busy_clients(served) as answers, served.client() as client:
        for bundle in (contrary, other, contrary):
            answers.digests.clear()
            put(bundle, models / "contrary/2")
            assert client.post("/api/v1/load?name=contrary").status_code == 200
            wait_for(partial(answers.digests.__contains__, bundle.digest))
    assert not answers.failures


def test_the_one_bundle_of_a_server_is_reloaded_from_its_place(
    tmp_path: Path, start_server: StartServer, contrary: Bundle, other: Bundle, digits: Bundle
) -> None:
    place = tmp_path / "bundle"
    put(contrary, place)
    with start_server(place, model_control=True).wait_until_ready().client() as client:

        def load(code: int) -> Any:
            response = client.post("/v2/repository/models/contrary/load")
            assert response.status_code == code, response.text
            return client.post("/classify", json=ROW).json()["bundle_digest"]

        assert load(200) == contrary.digest
        put(other, place)
        assert load(200) == other.digest
        for bundle in (digits, None):
            put(digits, place)
            if bundle is None:
                damage(place)
            assert load(400) == other.digest
            assert states(client)["contrary", "1"][0] == "READY"
            assert states(client)["contrary", "1"][1]
        assert client.post("/api/v1/unload?name=contrary").status_code == 200
        assert client.get("/v2/health/ready").status_code == 503
        assert client.post("/classify", json=ROW).status_code == 404
        assert client.post("/api/v1/register?name=contrary", content=b"x").status_code == 400
        put(contrary, place)
        assert load(200) == contrary.digest


def test_a_change_that_waits_when_the_server_ends_is_told_so(contrary: Bundle) -> None:
    source = OneBundle(contrary.path, model=None, revision=None)
    repository = create_repository(source, PredictorSettings(model_control=True), create_metrics())
    repository.close()
    for change in (repository.load("contrary"), repository.unload("contrary"), repository.register("a", b"")):
        with pytest.raises(NotReady, match="the server is ending"):
            change.result(DEADLINE_SECONDS)


def test_nothing_is_loaded_at_the_start_where_that_is_set(models: Path, start_server: StartServer) -> None:
    served = start_server(None, models_dir=models, model_control=True, load_at_start="none").wait_until_ready()
    with served.client() as client:
        assert client.get("/v2/health/ready").status_code == 503
        assert {state for state, _ in states(client).values()} == {"UNAVAILABLE"}
        assert client.post("/api/v1/load?name=contrary").json()["versions"] == ["2", "1"]
        assert client.get("/v2/health/ready").status_code == 200
        assert client.post("/classify", json=ROW).json()["version"] == "2", "it is the only model that is known"
