"""A data set whose columns say what a revision answers, and real bundles that answer what their column says.

So a test knows every answer beforehand, while model, engine, server and protocol are the real ones. 400 rows, 100 of
each of four classes; `v1` is wrong in every tenth row, `v2` in every twentieth of them all, `v3` in every third.
"""

from pathlib import Path

import numpy as np
import onnx
import orjson
from onnx import TensorProto, helper

from bundle import Bundle, TensorSignature, write_bundle
from bundle.manifest import AnswerOutputs
from dataset import LabelledRows
from promotion.gate.evidence import PairedAnswers
from tests.predictor.bundles import make_manifest

CLASSES = ("a", "b", "c", "d")
COLUMNS = ("v1", "v2", "v3", "nobody")
WRONG_EVERY = {"v1": 10, "v2": 20, "v3": 3}


def make_holdout(rows: int = 400) -> LabelledRows:
    truth = np.arange(rows) % len(CLASSES)
    columns = [
        np.where(np.arange(rows) % WRONG_EVERY.get(column, 1) == 0, (truth + 1) % len(CLASSES), truth)
        for column in COLUMNS
    ]
    return LabelledRows(
        name="columns",
        features=np.stack(columns, axis=1).astype(np.float64),
        labels=tuple(CLASSES[index] for index in truth),
        feature_names=COLUMNS,
    )


def answers_of(column: str, holdout: LabelledRows) -> tuple[str, ...]:
    """What a revision that answers by `column` says to `holdout`."""
    return tuple(CLASSES[int(index)] for index in holdout.features[:, COLUMNS.index(column)])


def paired_answers(stable: str, canary: str, holdout: LabelledRows) -> PairedAnswers:
    return PairedAnswers(holdout.labels, answers_of(stable, holdout), answers_of(canary, holdout), CLASSES)


def write_scores_bundle(directory: Path, column: str) -> Bundle:
    """A bundle that answers by `column`, but with nothing else than logits, under a name of their own."""
    rows: list[str | int | None] = ["N", len(COLUMNS)]
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["said"], axis=1),
        helper.make_node("Cast", ["said"], ["said_whole"], to=TensorProto.INT64),
        helper.make_node("OneHot", ["said_whole", "classes", "values"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "scores",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, rows)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", len(CLASSES)])],
        [
            helper.make_tensor("column", TensorProto.INT64, [], [COLUMNS.index(column)]),
            helper.make_tensor("classes", TensorProto.INT64, [], [len(CLASSES)]),
            helper.make_tensor("values", TensorProto.FLOAT, [2], [0.0, 5.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    manifest = make_manifest("columns", features=COLUMNS, classes=CLASSES).model_copy(
        update={
            "outputs": (TensorSignature(name="scores", datatype="FP32", shape=(-1, len(CLASSES))),),
            "answer": AnswerOutputs(probabilities="scores", are_logits=True),
        }
    )
    return write_bundle(directory, manifest, model.SerializeToString())


def write_column_bundle(directory: Path, column: str, *, version: int = 1) -> Bundle:
    """A bundle of the model `columns` that answers by `column`; another version is another digest."""
    rows: list[str | int | None] = ["N", len(COLUMNS)]
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["said"], axis=1),
        helper.make_node("Cast", ["said"], ["said_whole"], to=TensorProto.INT64),
        helper.make_node("Mod", ["said_whole", "classes"], ["label"]),
        helper.make_node("Softmax", ["features"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "columns",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, rows)],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, rows),
        ],
        [
            helper.make_tensor("column", TensorProto.INT64, [], [COLUMNS.index(column)]),
            helper.make_tensor("classes", TensorProto.INT64, [], [len(CLASSES)]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    card = {"classes": orjson.dumps(CLASSES).decode(), "features": orjson.dumps(COLUMNS).decode()}
    helper.set_model_props(model, card)
    onnx.checker.check_model(model, full_check=True)
    manifest = make_manifest("columns", version=version, features=COLUMNS, classes=CLASSES)
    return write_bundle(directory, manifest, model.SerializeToString())
