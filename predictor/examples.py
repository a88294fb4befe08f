"""Requests that are ready to send, made from the model's own signature, and the answers that it really gives.

They are the warm-up, GET /example, and the examples of /openapi.json, so what is shown is what works.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bundle import Manifest, TensorSignature
from open_inference import InferRequest, Tensor
from open_inference.datatypes import DATATYPES
from predictor.classify.answer import classification
from predictor.classify.read_rows import read_rows
from predictor.errors import InferenceFailed, ModelNotUsable, RequestRefused
from predictor.forward.examples import answer_example, forward_examples
from predictor.served_model import ServedModel
from predictor.table import Table, find_table

_ROWS = 2
_CYCLE = 8  # values 1..8 in turn: small whole numbers, and none that has no logarithm or inverse
_TEXTS = ("a", "b")
_SIZES = (4, 1, 32, 28, 224)  # tried where a request chooses a size that is no number of rows
_SHOWN_BYTES = 64 * 1024


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


def make_requests(
    manifest: Manifest, model: str, *, rows: int = _ROWS, size: int = _SIZES[0]
) -> tuple[ExampleRequest, ...]:
    """A request for each form of body that the doors take; `model` is the name that it is served under.

    Where a request chooses a size, it is `rows` at a tensor's beginning and else `size`. What is too long to look at is
    left out.
    """
    message = InferRequest(inputs=_inputs(manifest, size, rows), id="example-infer")
    forms = [("infer", f"/v2/models/{model}/infer", "application/json", message.to_json().decode())]
    table = None if manifest.task == "inference" else find_table(manifest)
    if table is not None:
        lines = _rows(manifest, table)
        forms = [
            ("classify-row", "/classify", "application/json", _to_text({"row": lines[0]})),
            ("classify-rows", "/classify", "application/json", _to_text({"rows": lines})),
            ("classify-csv", "/classify", "text/csv", _to_csv(table.names, lines)),
            *forms,
        ]
    else:
        lines = []
    forms += forward_examples(manifest, model, lines)
    return tuple(
        ExampleRequest(name, path, kind, f"example-{name}", body)
        for name, path, kind, body in forms
        if len(body) <= _SHOWN_BYTES
    )


def warm_up(model: ServedModel) -> tuple[Example, ...]:
    """Let the model answer its own examples, and learn whether requests can share its runs; afterwards it is warm.

    Raises ModelNotUsable when it has no answer. One whose manifest says nothing of what it takes may have no answer to
    numbers that are made up: it is served without examples.
    """
    try:
        rows, size = _find_sizes(model)
        requests = make_requests(model.manifest, model.identity.model, rows=rows, size=size)
        return tuple(Example(request, orjson.loads(_answer(model, request))) for request in requests)
    except (RequestRefused, InferenceFailed) as error:
        if model.manifest.task == "inference":
            return ()
        raise ModelNotUsable(f"the model does not answer its own example: {error}") from error


def _find_sizes(model: ServedModel) -> tuple[int, int]:
    """Rows, and the first of _SIZES, that the model has an answer to. Raises RequestRefused or InferenceFailed."""
    is_open = any(-1 in (part.shape[1:] if model.has_rows else part.shape) for part in model.manifest.inputs)
    failure: Exception = InferenceFailed("it has no example")
    for size in _SIZES if is_open else _SIZES[:1]:
        rows = _ROWS if model.has_rows else size
        try:
            model.infer(InferRequest(inputs=_inputs(model.manifest, size, rows)))
        except (RequestRefused, InferenceFailed) as error:
            failure = error
            continue
        model.try_batch([InferRequest(inputs=_inputs(model.manifest, size, 1, row)) for row in range(_ROWS)])
        if model.row_input:
            model.try_quick(InferRequest(inputs=_inputs_of_rows(model)))
        return rows, size
    raise failure


def _inputs(manifest: Manifest, size: int, rows: int, first: int = 0) -> tuple[Tensor, ...]:
    table = None if manifest.task == "inference" else find_table(manifest)
    if table is not None and table.matrix is None:
        columns = [_column(manifest, table, at)[first : first + rows] for at in range(len(table.columns))]
        return table.tensors(columns)
    return tuple(_tensor(signature, size, rows, first) for signature in manifest.inputs)


def _inputs_of_rows(model: ServedModel) -> tuple[Tensor, ...]:
    return (_tensor(model.manifest.inputs[0], _SIZES[0], model.quick_rows, 0),)


def _tensor(signature: TensorSignature, size: int, rows: int, first: int) -> Tensor:
    """Each row counts on from where the one before it began, and the first from `first`."""
    shape = [size if length == -1 else length for length in signature.shape]
    if signature.shape[:1] == (-1,):
        shape[0] = rows
    row = np.arange(math.prod(shape[1:])).reshape(shape[1:])
    positions = np.stack([row + index for index in range(shape[0])]) if shape and shape[0] else np.zeros(shape, int)
    return Tensor(signature.name, signature.datatype, tuple(shape), _fill(positions + first, signature.datatype))


def _fill(positions: NDArray[Any], datatype: str) -> NDArray[Any]:
    if datatype == "BYTES":
        texts = np.empty(positions.shape, dtype=np.object_)
        texts.reshape(-1)[:] = [_TEXTS[position % len(_TEXTS)].encode() for position in positions.flat]
        return texts
    if datatype == "BOOL":
        return np.asarray(positions % 2 == 0)
    return np.asarray(positions % _CYCLE + 1, dtype=DATATYPES[datatype])


def _column(manifest: Manifest, table: Table, at: int) -> NDArray[Any]:
    column = table.columns[at]
    known = manifest.categories.get(column.name)
    positions = np.arange(at, at + _ROWS)
    if not known:
        return _fill(positions, column.datatype)
    texts = np.empty(_ROWS, dtype=np.object_)
    texts[:] = [known[position % len(known)].encode() for position in positions]
    return texts


def _rows(manifest: Manifest, table: Table) -> list[list[Any]]:
    columns = [_column(manifest, table, at).tolist() for at in range(len(table.columns))]
    return [
        [value.decode() if isinstance(value, bytes) else value for value in row] for row in zip(*columns, strict=True)
    ]


def _answer(model: ServedModel, request: ExampleRequest) -> bytes:
    body = request.body.encode()
    if request.path.endswith("/infer"):
        message = InferRequest.from_json(body)
        return model.infer(message).to_response(message.id or request.request_id).to_json()
    if request.path != "/classify":
        return answer_example(model, request.path, body, request.request_id)
    asked, is_single = read_rows(body, request.content_type, model)
    answer = classification(
        model.infer(asked), model.manifest.classes, request_id=request.request_id, with_probabilities=False
    )
    return answer.to_json(is_single=is_single)


def _to_text(content: object) -> str:
    return orjson.dumps(content).decode()


def _to_csv(features: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "".join(f"{','.join(map(str, line))}\n" for line in (features, *rows))
