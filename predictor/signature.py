"""What a model takes and gives: a bundle is checked against it once, every request each time.

The form that is served is a classifier's: one input (FP32 or FP64) of rows with a number for each feature; the outputs
`label` (INT64, the index of the class) and `probabilities` (FP32, one for each class).
"""

from collections.abc import Mapping

import numpy as np

from bundle import Manifest, TensorSignature
from open_inference import InferRequest, Tensor
from open_inference.json_object import quote
from predictor.engines.inference_engine import InferenceEngine
from predictor.errors import ModelNotUsable, RequestRefused

LABEL = "label"
PROBABILITIES = "probabilities"


def check_servable(manifest: Manifest, engine: InferenceEngine) -> None:
    """Raises ModelNotUsable when the manifest is not of the form above, or the graph is not what the manifest says."""
    classes, features = len(manifest.classes), len(manifest.feature_names)
    _compare("input", manifest.inputs, engine.inputs())
    _compare("output", manifest.outputs, engine.outputs())
    first = manifest.inputs[0]
    if len(manifest.inputs) != 1 or first.datatype not in {"FP32", "FP64"} or first.shape != (-1, features):
        raise ModelNotUsable(f"the inputs are {_show(manifest.inputs)}; expected one, FP32 or FP64 [-1, {features}]")
    outputs = {output.name: (output.datatype, output.shape) for output in manifest.outputs}
    expected = {LABEL: ("INT64", (-1,)), PROBABILITIES: ("FP32", (-1, classes))}
    if outputs != expected:
        wanted = f"{LABEL} INT64 [-1] and {PROBABILITIES} FP32 [-1, {classes}]"
        raise ModelNotUsable(f"the outputs are {_show(manifest.outputs)}; expected {wanted}")


def check_request(request: InferRequest, manifest: Manifest, row_limit: int) -> None:
    """Raises RequestRefused or ProtocolError when the model does not take `request`; says what it takes.

    NaN and infinity are refused in every input: a manifest has no word for a model that takes them, and one that does
    not may answer something all the same.
    """
    inputs = {signature.name: signature for signature in manifest.inputs}
    seen = set()
    for tensor in request.inputs:
        if tensor.name not in inputs:
            raise RequestRefused(f"unknown input {quote(tensor.name)}; expected {_show(manifest.inputs)}")
        if tensor.name in seen:
            raise RequestRefused(f'the input "{tensor.name}" is given twice; expected it once')
        seen.add(tensor.name)
        _check_tensor(tensor, inputs[tensor.name], row_limit)
    for name in inputs.keys() - seen:
        raise RequestRefused(f'the input "{name}" is missing; expected {_show(manifest.inputs)}')
    _check_outputs(request, [output.name for output in manifest.outputs])


def _check_outputs(request: InferRequest, outputs: list[str]) -> None:
    asked = set()
    for output in request.outputs:
        if output.name not in outputs:
            raise RequestRefused(f"unknown output {quote(output.name)}; expected one of {', '.join(outputs)}")
        if output.name in asked:
            raise RequestRefused(f'the output "{output.name}" is asked for twice; expected it once')
        asked.add(output.name)
        if output.classification() is not None and output.name != PROBABILITIES:
            found = f'the output "{output.name}" has no numbers by class'
            raise RequestRefused(f"{found}; expected classification of {PROBABILITIES} alone")


def _check_tensor(tensor: Tensor, signature: TensorSignature, row_limit: int) -> None:
    place = f'the input "{tensor.name}"'
    if tensor.datatype != signature.datatype:
        raise RequestRefused(f"{place} is {tensor.datatype}; expected {signature.datatype}")
    fits = len(tensor.shape) == len(signature.shape) and all(
        expected in {-1, size} for size, expected in zip(tensor.shape, signature.shape, strict=True)
    )
    if not fits:
        raise RequestRefused(f"{place} has the shape {list(tensor.shape)}; expected {list(signature.shape)}")
    if not 1 <= tensor.shape[0] <= row_limit:
        raise RequestRefused(f"{place} has {tensor.shape[0]} rows; expected 1 to {row_limit}")
    if tensor.data.dtype.kind == "f" and not (finite := np.isfinite(tensor.data)).all():
        row, column = (int(position) for position in np.argwhere(~finite)[0])
        found = tensor.data[row, column]
        raise RequestRefused(f"{place} has {found} in row {row}, column {column}; expected a finite number")


def _compare(role: str, stated: tuple[TensorSignature, ...], found: Mapping[str, str]) -> None:
    if {signature.name: signature.datatype for signature in stated} != found:
        graph = ", ".join(f"{name} {datatype}" for name, datatype in found.items())
        raise ModelNotUsable(f"the graph's {role}s are {graph}; the manifest says {_show(stated)}")


def _show(signatures: tuple[TensorSignature, ...]) -> str:
    return ", ".join(f"{part.name} {part.datatype} {list(part.shape)}" for part in signatures)
