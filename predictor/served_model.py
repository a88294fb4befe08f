"""One bundle that answers: the same object under every door and every transport.

Validate against the signature -> run the engine -> name who answered. It knows no transport and counts nothing; what a
request came to is in the `Inference` that it gives back.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundle import Manifest, TensorSignature
from open_inference import InferRequest, InferResponse, ModelMetadata, RequestedOutput, Tensor, TensorMetadata
from open_inference.classification import best_classes
from open_inference.metadata import ModelConfig, TensorConfig
from predictor.engines.inference_engine import InferenceEngine
from predictor.errors import InferenceFailed
from predictor.identity import ModelIdentity
from predictor.log_lines import LOG
from predictor.model_card import read_model_card
from predictor.signature import Signature
from predictor.table import find_table
from predictor.task_answer import Values, check_task, read_answer

_TRIES = 3
_MUCH_LONGER = 10
_LAST_DIGITS = 1e-4  # kernels for many rows add up in another order than those for one


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """What one request came to."""

    identity: ModelIdentity
    outputs: tuple[Tensor, ...]
    """What was asked for, in the order asked."""
    class_indices: NDArray[np.int64]
    """(rows,): the index of each row's class, valid for `classes`; empty where the task is no classification."""
    probabilities: NDArray[Any]
    """(rows, classes), floats; empty likewise."""
    numbers: NDArray[Any]
    """(rows,): what a regression predicts; empty where the task is none."""

    def to_response(self, response_id: str) -> InferResponse:
        """The V2 response."""
        return InferResponse(
            model_name=self.identity.model,
            model_version=self.identity.version,
            id=response_id,
            parameters={"revision": self.identity.revision, "bundle_digest": self.identity.bundle_digest},
            outputs=self.outputs,
        )


class ServedModel:
    """A bundle and the engine that runs it. Raises ModelNotUsable when they do not fit or cannot be served.

    One that answers `quick_rows` rows within `quick_seconds` is quick, and may run on an event loop. Can be used from
    several threads at once.
    """

    def __init__(
        self,
        manifest: Manifest,
        engine: InferenceEngine,
        *,
        identity: ModelIdentity,
        row_limit: int,
        quick_rows: int = 1,
        quick_seconds: float = 0.0,
    ) -> None:
        self._signature = Signature(manifest, engine, row_limit=row_limit)
        check_task(manifest)
        self.table = find_table(manifest)
        self.identity = identity
        self.manifest = manifest
        self.can_batch = False
        self.is_quick = False
        self.quick_rows = quick_rows
        self._quick_seconds = quick_seconds
        self.card = read_model_card(engine.properties(), manifest, identity)
        self._engine = engine
        self._row_limit = row_limit
        self._brain_floats = frozenset(output.name for output in manifest.outputs if output.datatype == "BF16")

    @property
    def has_rows(self) -> bool:
        """Whether every tensor begins with a number of rows that the request chooses."""
        return self._signature.has_rows

    @property
    def row_input(self) -> TensorSignature | None:
        """The one input, where there is no other and its rows are all of one size."""
        first, *others = self.manifest.inputs
        return None if others or not self.has_rows or -1 in first.shape[1:] else first

    def rows_of(self, request: InferRequest) -> int:
        """How many rows a request that was checked has; 1 where the model has none."""
        return self._signature.rows_of(request)

    def infer(self, request: InferRequest) -> Inference:
        """Answer a request.

        Raises RequestRefused or ProtocolError when the model does not take it, InferenceFailed when it breaks.
        """
        self.check(request)
        (values,) = self.run([request])
        return self.name_answer(request, values)

    def check(self, request: InferRequest) -> None:
        """Raises RequestRefused or ProtocolError when the model does not take `request`."""
        self._signature.check(request)

    def run(self, requests: Sequence[InferRequest]) -> list[Values]:
        """What the engine gives for each of `requests`, which were checked, in one run. Raises InferenceFailed."""
        if len(requests) == 1:
            return [self._engine.run({tensor.name: tensor.data for tensor in requests[0].inputs})]
        tensors: defaultdict[str, list[NDArray[Any]]] = defaultdict(list)
        for tensor in chain.from_iterable(request.inputs for request in requests):
            tensors[tensor.name].append(tensor.data)
        outputs = self._engine.run({name: np.concatenate(parts) for name, parts in tensors.items()})
        ends = np.cumsum([self.rows_of(request) for request in requests])
        for name, values in outputs.items():
            if values.shape[:1] != (ends[-1],):
                raise InferenceFailed(f"the model answered {name} {list(values.shape)} to {ends[-1]} rows")
        parts = {name: np.split(values, ends[:-1]) for name, values in outputs.items()}
        return [{name: values[index] for name, values in parts.items()} for index in range(len(requests))]

    def name_answer(self, request: InferRequest, values: Values) -> Inference:
        """The answer to `request` that lies in what the engine gave for it.

        Raises RequestRefused or ProtocolError when the model has none, InferenceFailed when it broke its own signature.
        """
        meaning = read_answer(self.manifest, values, self.rows_of(request) if self.has_rows else None)
        asked = request.outputs or [RequestedOutput(output.name) for output in self.manifest.outputs]
        return Inference(
            identity=self.identity,
            outputs=tuple(self._output(output, values[output.name]) for output in asked),
            class_indices=meaning.class_indices,
            probabilities=meaning.probabilities,
            numbers=meaning.numbers,
        )

    def try_batch(self, requests: Sequence[InferRequest]) -> None:
        """Learn whether requests can share a run: from `requests`, 2 or more, answered together and one by one.

        They cannot where the graph has a fixed number of rows, or where the answer to one depends on the others.
        """
        self.can_batch = False
        if not self.has_rows:
            return
        try:
            together, alone = self.run(requests), [self.run([request])[0] for request in requests]
        except InferenceFailed:
            return
        self.can_batch = all(
            _is_close(one[name], other[name]) for one, other in zip(together, alone, strict=True) for name in other
        )

    def try_quick(self, request: InferRequest) -> None:
        """Learn whether the model is quick, from `request`, which has `quick_rows` rows. Raises InferenceFailed."""
        self.is_quick = False
        if self.can_batch and self.row_input and self._quick_seconds:
            self.is_quick = min(self._time(request) for _ in range(_TRIES)) <= self._quick_seconds

    def run_at_once(self, request: InferRequest) -> Values:
        """What `run` gives for one request, on the event loop; a model that is caught being slow is no longer quick."""
        begun = time.thread_time()
        values = self.run([request])[0]
        if time.thread_time() - begun > _MUCH_LONGER * self._quick_seconds:
            self.is_quick = False
            fields = {"model": self.identity.model, "revision": self.identity.revision}
            logging.getLogger(LOG).warning(
                "a model is slower than it was, and runs in threads", extra={"fields": fields}
            )
        return values

    def classify(self, rows: NDArray[Any]) -> Inference:
        """Answer rows of features, (rows, features) in the one input's dtype. Raises what `infer` raises."""
        return self.infer(self.request_for(rows))

    def request_for(self, rows: NDArray[Any]) -> InferRequest:
        """The request that asks for everything about `rows`, (rows, features) in the one input's dtype."""
        return InferRequest(inputs=(Tensor.of(self.manifest.inputs[0].name, rows),))

    def metadata(self) -> ModelMetadata:
        """What V2 answers about this model."""
        inputs, outputs = (
            tuple(TensorMetadata(name=part.name, datatype=part.datatype, shape=part.shape) for part in parts)
            for parts in (self.manifest.inputs, self.manifest.outputs)
        )
        return ModelMetadata(
            name=self.identity.model,
            versions=(self.identity.version,),
            platform="onnx_onnxv1",
            inputs=inputs,
            outputs=outputs,
        )

    def config(self) -> ModelConfig:
        """What V2's extension for model configuration answers: the row limit is the largest batch, 0 where there are no
        rows and `dims` are whole shapes."""
        inputs, outputs = (
            tuple(self._configure(part) for part in parts) for parts in (self.manifest.inputs, self.manifest.outputs)
        )
        return ModelConfig(
            name=self.identity.model,
            platform="onnx_onnxv1",
            backend="onnxruntime",
            max_batch_size=self._row_limit if self.has_rows else 0,
            input=inputs,
            output=outputs,
        )

    def _time(self, request: InferRequest) -> float:
        begun = time.thread_time()  # of which nothing is lost to others, however busy the machine is
        self.run([request])
        return time.thread_time() - begun

    def _configure(self, signature: TensorSignature) -> TensorConfig:
        data_type = "TYPE_STRING" if signature.datatype == "BYTES" else f"TYPE_{signature.datatype}"
        dims = signature.shape[1:] if self.has_rows else signature.shape
        return TensorConfig(name=signature.name, data_type=data_type, dims=dims)

    def _output(self, asked: RequestedOutput, values: NDArray[Any]) -> Tensor:
        count = asked.classification()
        if count is not None:
            return Tensor.of(asked.name, best_classes(values, count, self.manifest.classes))
        if asked.name in self._brain_floats:  # by their dtype they are FP32
            return Tensor(asked.name, "BF16", values.shape, values)
        return Tensor.of(asked.name, values)


def _is_close(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.dtype.kind != "f":
        return np.array_equal(one, other)
    return one.shape == other.shape and np.allclose(one, other, rtol=_LAST_DIGITS, atol=_LAST_DIGITS, equal_nan=True)
