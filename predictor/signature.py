"""What a model takes and gives: a manifest is checked against the graph once, every request each time.

A model *has rows* when every input and every output begins with a size that requests choose, and the graph does not
name two different ones there: then a request has as many rows in each input, and gets as many of each output. Any
other model takes a request as it is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from bundle import Manifest, TensorSignature
from open_inference import InferRequest, Tensor
from open_inference.json_object import quote
from predictor.engines.inference_engine import GraphTensor, InferenceEngine
from predictor.errors import ModelNotUsable, RequestRefused

_Axis = tuple[str, int]
"""An input's name, and which of its sizes."""


class Signature:
    """What one model takes. Raises ModelNotUsable when the graph is not what the manifest says."""

    def __init__(self, manifest: Manifest, engine: InferenceEngine, *, row_limit: int) -> None:
        _compare("input", manifest.inputs, engine.inputs())
        _compare("output", manifest.outputs, engine.outputs())
        self.has_rows = _has_rows(manifest, engine)
        self._manifest = manifest
        self._inputs = {signature.name: signature for signature in manifest.inputs}
        self._outputs = [output.name for output in manifest.outputs]
        self._shared_sizes = _find_shared_sizes(engine.inputs(), has_rows=self.has_rows)
        is_closed = manifest.unknown_categories == "refused"
        self._known = {name: _encode(known) for name, known in manifest.categories.items() if is_closed}
        self._row_limit = row_limit

    def rows_of(self, request: InferRequest) -> int:
        """How many rows a request that was checked has; 1 where the model has none."""
        return request.inputs[0].shape[0] if self.has_rows else 1

    def check(self, request: InferRequest) -> None:
        """Raises RequestRefused or ProtocolError when the model does not take `request`; says what it takes.

        NaN and infinity are refused in every input: a manifest has no word for a model that takes them, and one that
        does not may answer something all the same.
        """
        seen: dict[str, Tensor] = {}
        for tensor in request.inputs:
            if tensor.name not in self._inputs:
                expected = _show(self._manifest.inputs)
                raise RequestRefused(f"unknown input {quote(tensor.name)}; expected {expected}")
            if tensor.name in seen:
                raise RequestRefused(f'the input "{tensor.name}" is given twice; expected it once')
            seen[tensor.name] = tensor
            self._check_tensor(tensor, self._inputs[tensor.name])
        for name in self._inputs:
            if name not in seen:
                raise RequestRefused(f'the input "{name}" is missing; expected {_show(self._manifest.inputs)}')
        for axes in self._shared_sizes:
            _check_same_size(axes, seen)
        self._check_outputs(request)

    def _check_tensor(self, tensor: Tensor, signature: TensorSignature) -> None:
        place = f'the input "{tensor.name}"'
        if tensor.datatype != signature.datatype:
            raise RequestRefused(f"{place} is {tensor.datatype}; expected {signature.datatype}")
        fits = len(tensor.shape) == len(signature.shape) and all(
            expected in {-1, size} for size, expected in zip(tensor.shape, signature.shape, strict=True)
        )
        if not fits:
            raise RequestRefused(f"{place} has the shape {list(tensor.shape)}; expected {list(signature.shape)}")
        if self.has_rows and not 1 <= tensor.shape[0] <= self._row_limit:
            raise RequestRefused(f"{place} has {tensor.shape[0]} rows; expected 1 to {self._row_limit}")
        if tensor.data.dtype.kind == "f" and not (finite := np.isfinite(tensor.data)).all():
            at = tuple(int(position) for position in np.argwhere(~finite)[0])
            where = f"row {at[0]}, column {at[1]}" if len(at) == 2 else f"position {list(at)}"
            raise RequestRefused(f"{place} has {tensor.data[at]} in {where}; expected a finite number")
        if tensor.data.dtype.kind == "O":
            _check_texts(tensor, self._known.get(tensor.name))

    def _check_outputs(self, request: InferRequest) -> None:
        asked = set()
        for output in request.outputs:
            if output.name not in self._outputs:
                expected = ", ".join(self._outputs)
                raise RequestRefused(f"unknown output {quote(output.name)}; expected one of {expected}")
            if output.name in asked:
                raise RequestRefused(f'the output "{output.name}" is asked for twice; expected it once')
            asked.add(output.name)
            if output.classification() is not None:
                self._check_classification(output.name)

    def _check_classification(self, output: str) -> None:
        manifest = self._manifest
        if manifest.task != "classification":
            kind = "a regression, which has no classes" if manifest.task == "regression" else "not said to have classes"
            raise RequestRefused(f'classification of "{output}": the model is {kind}; expected the output as it is')
        if output != manifest.answer.probabilities:
            found = f'the output "{output}" has no numbers by class'
            raise RequestRefused(f"{found}; expected classification of {manifest.answer.probabilities} alone")


def _has_rows(manifest: Manifest, engine: InferenceEngine) -> bool:
    are_free = all(part.shape[:1] == (-1,) for part in (*manifest.inputs, *manifest.outputs))
    return are_free and len({part.shape[0] for part in engine.inputs() if part.shape[:1] != ("",)}) <= 1


def _find_shared_sizes(inputs: Sequence[GraphTensor], *, has_rows: bool) -> list[list[_Axis]]:
    """Where requests have to choose the same size, by the graph's names for sizes."""
    axes: defaultdict[str, list[_Axis]] = defaultdict(list)
    for part in inputs:
        for place, size in enumerate(part.shape):
            if has_rows and place == 0:
                axes[""].append((part.name, place))
            elif isinstance(size, str) and size:
                axes[size].append((part.name, place))
    return [shared for shared in axes.values() if len(shared) > 1]


def _check_same_size(axes: Sequence[_Axis], given: Mapping[str, Tensor]) -> None:
    (first, place), *others = axes
    size = given[first].shape[place]
    for name, axis in others:
        if given[name].shape[axis] != size:
            found = f'the input "{name}" has the size {given[name].shape[axis]} at axis {axis}'
            raise RequestRefused(f'{found}; expected {size}, as the input "{first}" at axis {place}')


def _check_texts(tensor: Tensor, known: frozenset[bytes] | None) -> None:
    for index, value in enumerate(tensor.data.flat):
        place = f'the input "{tensor.name}"[{index}]'
        if known is not None and value not in known:
            expected = ", ".join(quote(category.decode()) for category in sorted(known)[:20])
            raise RequestRefused(f"{place} is {quote(value.decode(errors='replace'))}; expected one of {expected}")
        try:
            value.decode()
        except UnicodeDecodeError:
            raise RequestRefused(f"{place} is not UTF-8; expected text, the only BYTES that a model can take") from None


def _compare(role: str, stated: tuple[TensorSignature, ...], found: Sequence[GraphTensor]) -> None:
    """A size that the graph leaves open can be stated, but not the other way round; outputs, whose rank a graph need
    not state, only have to be possible."""
    graph = {part.name: part.signature() for part in found}
    fits = graph.keys() == {part.name for part in stated} and all(
        part.datatype == graph[part.name].datatype and _fits(role, part.shape, graph[part.name].shape)
        for part in stated
    )
    if not fits or len(stated) != len(graph):
        shown = _show(tuple(graph.values()))
        raise ModelNotUsable(f"the graph's {role}s are {shown}; the manifest says {_show(stated)}")


def _fits(role: str, stated: tuple[int, ...], graph: tuple[int, ...]) -> bool:
    if role == "output" and not graph:
        return True
    return len(stated) == len(graph) and all(
        size in {-1, said} or (role == "output" and said == -1) for said, size in zip(stated, graph, strict=True)
    )


def _encode(known: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(category.encode() for category in known)


def _show(signatures: tuple[TensorSignature, ...]) -> str:
    return ", ".join(f"{part.name} {part.datatype} {list(part.shape)}" for part in signatures)
