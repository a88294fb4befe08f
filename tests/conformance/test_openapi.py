"""A server against open_inference.openapi.yaml: the protocol's paths, forms and codes."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from open_inference import InferRequest, ModelMetadata
from tests.conformance.conftest import Target
from tests.conformance.described import hold, operations, send

DESCRIPTION = yaml.safe_load(Path(__file__).with_name("open_inference.openapi.yaml").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), operations(DESCRIPTION))
def test_every_answer_is_one_that_the_protocol_describes(
    target: Target, metadata: ModelMetadata, path: str, method: str
) -> None:
    known = {"model": target.model, "version": (*metadata.versions, "1")[0]}
    if path.startswith("/v2/repository/models"):  # which might let the model go that all others ask for
        known = {"model": "of-no-interest"}
    hold(target.base_url, DESCRIPTION, path, method, known, requests=30)


@pytest.mark.parametrize(
    "asked", [{}, {"id": "7"}, {"parameters": {"tenant": "blue"}}, {"parameters": {"binary_data_output": True}}]
)
def test_an_inference_is_answered_as_described(
    target: Target, request_of_ones: InferRequest, asked: dict[str, Any]
) -> None:
    body = orjson.loads(request_of_ones.to_json()) | asked
    path, known = "/v2/models/{model}/infer", {"model": target.model}
    assert send(target.base_url, DESCRIPTION, path, known, "application/json", body).status_code == 200
