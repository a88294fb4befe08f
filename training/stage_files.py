"""What one stage leaves for the next, as files: the same bytes for the same content, so that a pipeline can tell
whether anything has changed.

    data/     training.npz, holdout.npz, data.json      of extract_data
    model/    graph.onnx, model.json                    of train_model
"""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import orjson

from bundle import DataReference
from bundle.manifest import content_digest
from dataset import DatasetMalformed, LabelledRows
from training.errors import StageFilesNotUsable, first_line
from training.experiment import ExtractedData, TrainedModel
from training.parity import Parity

_DATA, _MODEL, _GRAPH = "data.json", "model.json", "graph.onnx"


def write_data(data: ExtractedData, directory: Path) -> None:
    """Write what the first stage gives into `directory`, which is made. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    parts = {"training": data.rows, "holdout": data.holdout}
    for name, rows in parts.items():
        np.savez_compressed(directory / f"{name}.npz", features=rows.features, labels=np.array(rows.labels))
    described = {name: _describe(rows) for name, rows in parts.items()}
    _write_json(directory / _DATA, {**described, "parts": [part.model_dump(mode="json") for part in data.parts]})


def read_data(directory: Path) -> ExtractedData:
    """What `write_data` wrote. Raises StageFilesNotUsable where a file is missing, or is not what was written."""
    found = _read_json(directory / _DATA, "extract_data")
    try:
        rows, holdout = (_read_rows(directory / f"{name}.npz", found[name]) for name in ("training", "holdout"))
        return ExtractedData(rows, tuple(DataReference.model_validate(part) for part in found["parts"]), holdout)
    except (LookupError, OSError, TypeError, ValueError, BadZipFile, DatasetMalformed) as error:
        raise StageFilesNotUsable(f"{directory}: not what extract_data writes: {first_line(error)}") from error


def write_model(model: TrainedModel, directory: Path) -> None:
    """Write what the second stage gives into `directory`, which is made. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _GRAPH).write_bytes(model.graph)
    parity = {"rows": model.parity.rows, "largest_difference": model.parity.largest_difference}
    digest = content_digest(model.graph)
    _write_json(directory / _MODEL, {"digest": digest, "parity": parity, "epochs": dict(model.epochs)})


def read_model(directory: Path) -> TrainedModel:
    """What `write_model` wrote. Raises StageFilesNotUsable where a file is missing, or is not what was written."""
    found = _read_json(directory / _MODEL, "train_model")
    try:
        graph = (directory / _GRAPH).read_bytes()
        if content_digest(graph) != found["digest"]:
            raise StageFilesNotUsable(f"{directory / _GRAPH} was changed since train_model wrote it")
        epochs = {name: tuple(values) for name, values in found["epochs"].items()}
        return TrainedModel(graph, Parity(**found["parity"]), epochs)
    except (KeyError, OSError, TypeError, AttributeError) as error:
        raise StageFilesNotUsable(f"{directory}: not what train_model writes: {first_line(error)}") from error


def _describe(rows: LabelledRows) -> dict[str, Any]:
    return {
        "name": rows.name,
        "digest": rows.digest,
        "feature_names": rows.feature_names,
        "output_feature": rows.output_feature,
        "title": rows.title,
        "link": rows.link,
        "categories": dict(rows.categories),
    }


def _read_rows(path: Path, described: dict[str, Any]) -> LabelledRows:
    with np.load(path) as arrays:
        features, labels = arrays["features"], tuple(arrays["labels"].tolist())
    rows = LabelledRows(
        name=described["name"],
        features=features,
        labels=labels,
        feature_names=tuple(described["feature_names"]),
        output_feature=described["output_feature"],
        title=described["title"],
        link=described["link"],
        categories={name: tuple(texts) for name, texts in described["categories"].items()},
    )
    if rows.digest != described["digest"]:
        raise StageFilesNotUsable(f"{path} was changed since extract_data wrote it")
    return rows


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _read_json(path: Path, stage: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise StageFilesNotUsable(f"{path}: not there; run the stage {stage} first") from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise StageFilesNotUsable(f"{path}: cannot be read: {first_line(error)}") from error
    return found
