"""From a fitted pipeline to an ONNX file: preprocessing inside, raw features in, label and probabilities out.

Everything that a predictor's /metadata answers is written into the file's metadata_props, so that the description
travels with the model.
"""

import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import orjson
import scipy
import skl2onnx
import sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from bundle import TensorSignature
from dataset import LabelledRows
from training.errors import ParametersNotUsable, first_line
from training.graph_inputs import input_signature
from training.parameters import TrainingParameters
from training.provenance import Provenance

OPSET = {"": 18, "ai.onnx.ml": 3}
_TYPES = {"FP32": FloatTensorType, "BYTES": StringTensorType}


def export_graph(pipeline: Pipeline, rows: LabelledRows) -> onnx.ModelProto:
    """The pipeline as a checked ONNX graph with a free batch axis; it was fitted to `rows`.

    Inputs as graph_inputs.py has them; outputs `label` INT64 [-1] (a class index) and `probabilities` FP32
    [-1, classes], or `value` FP32 [-1, 1]. Raises ParametersNotUsable when a step cannot be converted.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters about a conversion, the parity check finds
        try:
            model: onnx.ModelProto = skl2onnx.to_onnx(
                pipeline,
                initial_types=[
                    (part.name, _TYPES[part.datatype]([None, part.shape[1]])) for part in input_signature(rows)
                ],
                options={id(pipeline): {"zipmap": False}} if is_classifier(pipeline) else None,
                target_opset=OPSET,
            )
            if not is_classifier(pipeline):
                _rename_output(model, "value")
            onnx.checker.check_model(model, full_check=True)
        except Exception as error:  # each converter fails in its own way
            steps = " and ".join(type(step).__name__ for _, step in pipeline.steps)
            raise ParametersNotUsable(f"{steps} cannot be exported to ONNX: {first_line(error)}") from error
    # skl2onnx writes them in the order of a set, which changes with each process's hash seed
    model.opset_import.sort(key=lambda opset: opset.domain)
    return model


def output_signature(rows: LabelledRows, parameters: TrainingParameters) -> tuple[TensorSignature, ...]:
    """Outputs of an exported graph, for the manifest."""
    if parameters.task == "regression":
        return (TensorSignature(name="value", datatype="FP32", shape=(-1, 1)),)
    return (
        TensorSignature(name="label", datatype="INT64", shape=(-1,)),
        TensorSignature(name="probabilities", datatype="FP32", shape=(-1, len(rows.classes))),
    )


def describe(
    rows: LabelledRows, parameters: TrainingParameters, provenance: Provenance, metrics: Mapping[str, float]
) -> dict[str, str]:
    """The metadata_props of a bundle's model: text, or JSON where the value is a list or an object."""
    meaning: dict[str, object] = {"categories": rows.categories} if rows.categories else {}
    if parameters.task == "classification":
        meaning["classes"] = rows.classes
    return {
        "title": parameters.model.title,
        "description": parameters.model.description,
        "model": parameters.model.name,
        "version": str(parameters.model.version),
        "dataset_title": parameters.dataset.title or rows.title or rows.name,
        "dataset_link": parameters.dataset.link or rows.link,
        "dataset_digest": rows.digest,
        "features": orjson.dumps(rows.feature_names).decode(),
        "output_feature": rows.output_feature,
        "task": parameters.task,
        **{name: orjson.dumps(value).decode() for name, value in meaning.items()},
        "commit": provenance.commit,
        "save_date": provenance.save_date,
        "experiment_name": parameters.experiment.name,
        "experiment_id": str(parameters.experiment.id),
        "metrics": orjson.dumps(dict(metrics)).decode(),
        "libraries": orjson.dumps(_library_versions()).decode(),
    }


def to_bytes(model: onnx.ModelProto, metadata: Mapping[str, str]) -> bytes:
    """The file's bytes with `metadata` inside; the same graph and metadata give the same bytes."""
    described = onnx.ModelProto()
    described.CopyFrom(model)
    onnx.helper.set_model_props(described, dict(metadata))
    content: bytes = described.SerializeToString(deterministic=True)
    return content


def _rename_output(model: onnx.ModelProto, name: str) -> None:
    """Call the graph's one output `name`."""
    (output,) = model.graph.output
    for node in model.graph.node:
        node.input[:] = [name if tensor == output.name else tensor for tensor in node.input]
        node.output[:] = [name if tensor == output.name else tensor for tensor in node.output]
    output.name = name


def _library_versions() -> dict[str, str]:
    libraries = (np, onnx, onnxruntime, scipy, skl2onnx, sklearn)
    return {library.__name__: str(library.__version__) for library in libraries}
