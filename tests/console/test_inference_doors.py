"""The predictors' doors at the console's port: a request and its answer are passed on as they are."""

import asyncio
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from starlette.applications import Starlette
from starlette.testclient import TestClient

from access.scopes import Scope
from console.http.inference_doors import INFERENCE_SCOPES, inference_doors
from predictor.http.door_scopes import DOOR_SCOPES as PREDICTORS_SCOPES
from tests.assay.program import free_ports, start_and_wait, train

ROW = {"row": [0.0] * 64}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one, which stands for the gateway in front of it."""
    folder = tmp_path_factory.mktemp("predictor")
    bundle = train(folder, "digits:part-1")["bundle"]
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    served = ("serve", "--bundle", bundle, "--revision", "v7", "--http-port", port)
    running = start_and_wait(f"{url}/v2/health/ready", folder / "log", *served)
    yield url
    running.stop()


@pytest.fixture(scope="module")
def doors(predictor: str) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=inference_doors(predictor))) as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/classify?top_k=2", ROW),
        ("POST", "/classify", {"row": [1]}),
        ("GET", "/metadata", None),
        ("GET", "/v2", None),
        ("GET", "/v2/models/none%2Fsuch", None),
    ],
)
def test_an_answer_is_the_predictors_own(
    predictor: str, doors: TestClient, method: str, path: str, body: object
) -> None:
    headers = {"x-request-id": "asked-1", "accept-encoding": "identity"}
    own = httpx.request(method, f"{predictor}{path}", json=body, headers=headers, trust_env=False)
    passed = doors.request(method, path, json=body, headers=headers)
    assert (passed.status_code, passed.content) == (own.status_code, own.content)
    for name in ("content-type", "x-request-id"):
        assert passed.headers.get(name) == own.headers.get(name), name


@pytest.mark.slow
def test_binary_tensors_pass(predictor: str, doors: TestClient) -> None:
    rows = triton.InferInput("features", [2, 64], "FP32")
    rows.set_data_from_numpy(np.ones((2, 64), dtype=np.float32), binary_data=True)
    body, header_bytes = triton.InferenceServerClient.generate_request_body([rows])
    name = httpx.get(f"{predictor}/metadata", trust_env=False).json()["model"]
    headers = {
        "x-request-id": "asked-2",
        "inference-header-content-length": str(header_bytes),
        "content-type": "application/octet-stream",
    }
    path = f"/v2/models/{name}/infer"
    passed = doors.post(path, content=body, headers=headers)
    assert passed.status_code == 200, passed.text
    own = httpx.post(f"{predictor}{path}", content=body, headers=headers, trust_env=False)
    length = "inference-header-content-length"
    assert (passed.content, passed.headers[length]) == (own.content, own.headers[length])


@pytest.mark.parametrize("path", ["/v2/models/../repository/index", "/v2/models//a/infer", "/v2/models/a\\..\\b"])
def test_a_path_that_is_no_doors_goes_nowhere(path: str) -> None:
    """A gateway makes another path of it, to which the scope of this one would not belong."""
    (port,) = free_ports(1)
    app = Starlette(routes=inference_doors(f"http://127.0.0.1:{port}"))

    async def ask() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            request = client.build_request("POST", "/v2/models/x")
            request.url = request.url.copy_with(raw_path=path.encode())
            return (await client.send(request)).status_code

    assert asyncio.run(ask()) == 404


def test_asking_takes_the_scope_infer_and_no_door_loads_models() -> None:
    assert INFERENCE_SCOPES.find("POST", "/v2/models/digits/versions/2/infer") is Scope.INFER
    assert INFERENCE_SCOPES.find("GET", "/v2/models/digits") is Scope.READ
    assert INFERENCE_SCOPES.find("POST", "/v2/repository/models/digits/load") is Scope.ADMIN
    for method, path, scope in PREDICTORS_SCOPES.doors():
        asked = path.replace("{model}", "a").replace("{version}", "1")
        if path.startswith(("/classify", "/forward", "/evaluate", "/v2/models")) and not path.endswith("stats"):
            assert INFERENCE_SCOPES.find(method, asked) is scope, path


def test_while_nobody_serves_it_says_so() -> None:
    (port,) = free_ports(1)
    with TestClient(Starlette(routes=inference_doors(f"http://127.0.0.1:{port}"))) as client:
        answer = client.post("/classify", json=ROW)
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("nobody answers at the gateway (ConnectError)")
