"""Requests that are ready to send, made from the model's own signature, and the answers that it really gives.

They are the warm-up, GET /example, and the examples of /openapi.json, so what is shown is what works.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from bundle import Manifest
from open_inference import InferRequest, Tensor
from open_inference.datatypes import DATATYPES
from predictor.classify.answer import classification
from predictor.classify.read_rows import read_rows
from predictor.errors import InferenceFailed, ModelNotUsable, RequestRefused
from predictor.forward.examples import answer_example, forward_examples
from predictor.served_model import ServedModel

_ROWS = 2
_CYCLE = 8  # values 1..8 in turn: small whole numbers, and none that has no logarithm or inverse


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """A POST request; the request id is given, so that its answer is always the same."""

    name: str
    path: str
    content_type: str
    request_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Example:
    """A request, and what the model answered to it."""

    request: ExampleRequest
    answer: Any
    """The JSON body."""


def make_requests(manifest: Manifest, model: str) -> tuple[ExampleRequest, ...]:
    """A request for each form of body that the doors take; `model` is the name that it is served under."""
    rows = _rows(manifest)
    signature = manifest.inputs[0]
    tensor = Tensor.of(signature.name, np.array(rows, dtype=DATATYPES[signature.datatype]))
    infer = InferRequest(inputs=(tensor,), id="example-infer").to_json().decode()
    forms: tuple[tuple[str, str, str, str], ...] = (
        ("classify-row", "/classify", "application/json", _to_text({"row": rows[0]})),
        ("classify-rows", "/classify", "application/json", _to_text({"rows": rows})),
        ("classify-csv", "/classify", "text/csv", _to_csv(manifest.feature_names, rows)),
        ("infer", f"/v2/models/{model}/infer", "application/json", infer),
    )
    forms += forward_examples(manifest, model, rows)
    return tuple(ExampleRequest(name, path, kind, f"example-{name}", body) for name, path, kind, body in forms)


def warm_up(model: ServedModel) -> tuple[Example, ...]:
    """Let the model answer its own examples, and learn whether requests can share its runs; afterwards it is warm.

    Raises ModelNotUsable when it has no answer.
    """
    model.try_batch(np.array(_rows(model.manifest), dtype=DATATYPES[model.manifest.inputs[0].datatype]))
    try:
        return tuple(
            Example(request, orjson.loads(_answer(model, request)))
            for request in make_requests(model.manifest, model.identity.model)
        )
    except (RequestRefused, InferenceFailed) as error:
        raise ModelNotUsable(f"the model does not answer its own example: {error}") from error


def _rows(manifest: Manifest) -> list[list[float]]:
    return [
        [float((row + column) % _CYCLE + 1) for column in range(len(manifest.feature_names))] for row in range(_ROWS)
    ]


def _answer(model: ServedModel, request: ExampleRequest) -> bytes:
    body = request.body.encode()
    if request.path.endswith("/infer"):
        message = InferRequest.from_json(body)
        return model.infer(message).to_response(message.id or request.request_id).to_json()
    if request.path != "/classify":
        return answer_example(model, request.path, body, request.request_id)
    rows, is_single = read_rows(body, request.content_type, model)
    answer = classification(
        model.classify(rows), model.manifest.classes, request_id=request.request_id, with_probabilities=False
    )
    return answer.to_json(is_single=is_single)


def _to_text(content: object) -> str:
    return orjson.dumps(content).decode()


def _to_csv(features: Sequence[str], rows: Sequence[Sequence[float]]) -> str:
    return "".join(f"{','.join(map(str, line))}\n" for line in (features, *rows))
