"""Conformance to V2, of any server that speaks it.

    pytest tests/conformance --base-url http://127.0.0.1:8000 --grpc-url 127.0.0.1:8001 --model NAME

Without options it starts `assay serve` with a model of each kind and asks for all of them. Without --grpc-url what
concerns gRPC is skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import orjson
import pytest
from onnx import TensorProto

from open_inference import DATATYPES, InferRequest, ModelMetadata, Tensor
from tests.predictor.assay_serve import Addresses, assay_serve
from tests.predictor.bundles import write_digits_bundle
from tests.predictor.foreign_models import (
    make_brain_floats,
    make_cnn,
    make_gate,
    make_price_list,
    make_product,
    one_node,
    write_foreign_bundle,
)
from tests.predictor.grpc_calls import InferenceStub, inference_stub

_ROWS = 2
_OURS = {
    "digits": None,  # a bundle of ours, a classifier
    "prices": make_price_list,  # a regression over a number and a category (BYTES)
    "gate": make_gate,  # several inputs and outputs: BOOL, FP16, INT64
    "pictures": make_cnn,
    "product": make_product,  # sizes that requests choose, but no rows
    "coarse": make_brain_floats,  # BF16
    "whole": lambda: one_node("Abs", TensorProto.INT64, ["N", 3]),
}
"""What is asked for where no other server is named."""


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
    has_classes: bool | None = None
    """None where nobody knows."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        is_given = metafunc.config.getoption("--base-url", None)
        names = [metafunc.config.getoption("--model")] if is_given else [*_OURS]
        if metafunc.definition.get_closest_marker("slow"):
            names = names[:1]
        metafunc.parametrize("target", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    folder: Path = tmp_path_factory.mktemp("conformance")
    for name, make in _OURS.items():
        fields = {"task": "regression", "answer": {"value": "value"}} if name == "prices" else {}
        bundle = write_foreign_bundle(folder, make(), name, **fields) if make else write_digits_bundle(folder)
        (folder / "models" / name).mkdir(parents=True)
        bundle.path.rename(folder / "models" / name / "1")
    with assay_serve(None, folder / "log", "--models", str(folder / "models"), "--model-control") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    base_url = request.config.getoption("--base-url", None)
    if base_url:
        return Target(
            base_url,
            request.config.getoption("--grpc-url"),
            request.param or pytest.exit("--base-url needs --model", 4),
        )
    addresses: Addresses = request.getfixturevalue("ours")
    return Target(f"http://{addresses.http}", addresses.grpc, request.param, has_classes=_OURS[request.param] is None)


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
