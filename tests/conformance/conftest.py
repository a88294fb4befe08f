"""Conformance to V2, of any server that speaks it.

    pytest tests/conformance --base-url http://127.0.0.1:8000 --grpc-url 127.0.0.1:8001 --model NAME

Without options it starts `assay serve` and asks that. Without --grpc-url what concerns gRPC is skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import orjson
import pytest

from open_inference import DATATYPES, InferRequest, ModelMetadata, Tensor
from tests.predictor.assay_serve import assay_serve
from tests.predictor.bundles import write_digits_bundle
from tests.predictor.grpc_calls import InferenceStub, inference_stub

_ROWS = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--base-url", help="the server to test; one of ours is started where there is none")
    group.addoption("--grpc-url", help="its address for gRPC, host:port")
    group.addoption("--model", help="a model that it serves")


@dataclass(frozen=True)
class Target:
    """The server that is tested."""

    base_url: str
    grpc_url: str | None
    model: str


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    base_url = pytestconfig.getoption("--base-url", None)
    grpc_url, model = pytestconfig.getoption("--grpc-url", None), pytestconfig.getoption("--model", None)
    if base_url:
        yield Target(base_url, grpc_url, model or pytest.exit("--base-url needs --model", 4))
        return
    folder: Path = tmp_path_factory.mktemp("conformance")
    with assay_serve(write_digits_bundle(folder).path, folder / "log", "--model-control") as addresses:
        yield Target(f"http://{addresses.http}", addresses.grpc, "digits")


@pytest.fixture(scope="session")
def client(target: Target) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=target.base_url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def stub(target: Target) -> Iterator[InferenceStub]:
    if target.grpc_url is None:
        pytest.skip("no --grpc-url is given")
    with inference_stub(target.grpc_url) as stub:
        yield stub


@pytest.fixture(scope="session")
def metadata(client: httpx.Client, target: Target) -> ModelMetadata:
    said = client.get(f"/v2/models/{target.model}").json()
    # That there is no null is a test of its own: a server that has one is to be asked everything else all the same.
    return ModelMetadata.from_json(orjson.dumps({name: value for name, value in said.items() if value is not None}))


@pytest.fixture(scope="session")
def request_of_ones(metadata: ModelMetadata) -> InferRequest:
    """A request that fits the model's inputs; ones, and two of whatever it leaves open."""
    return InferRequest(
        tuple(_ones(part.name, part.datatype, part.shape) for part in metadata.inputs), id="conformance"
    )


@pytest.fixture(scope="session")
def extensions(client: httpx.Client) -> set[str]:
    return set(client.get("/v2").json()["extensions"])


def _ones(name: str, datatype: str, shape: tuple[int, ...]) -> Tensor:
    sizes = tuple(_ROWS if size == -1 else size for size in shape)
    ones = np.full(sizes, b"1", np.object_) if datatype == "BYTES" else np.ones(sizes, DATATYPES[datatype])
    return Tensor(name, datatype, sizes, ones)
