"""The part of GET /example that is about this room's doors and those for files."""

import base64
import csv
import io
from collections.abc import Sequence

import orjson

from bundle import Manifest
from predictor.files.answer import batch_answer, evaluation, name_rows
from predictor.files.piece import FileLimits
from predictor.files.read_pieces import read_pieces
from predictor.forward.answer import forward_answer
from predictor.forward.read_forward import TOP_CLASSES, read_forward
from predictor.images.convert import example_picture
from predictor.served_model import ServedModel

_LABEL = "label"
_ROWS = 16
_PIXELS = 2**32


def forward_examples(
    manifest: Manifest, model: str, rows: Sequence[Sequence[object]]
) -> tuple[tuple[str, str, str, str], ...]:
    """Name, path, content type and body of a request for each door that has an answer.

    `model` is the name that it is served under; `rows` are some of its table, none where it has no table.
    """
    json, run = "application/json", f"/api/v1/run/{model}"
    names = manifest.feature_names
    forms = []
    if rows:
        row = orjson.dumps({"row": rows[0]}).decode()
        forms += [("forward-row", "/forward", json, row), ("run-row", run, json, row)]
    if rows and manifest.task == "classification":
        forms.append(("forward-batch-csv", "/forward_batch", "text/csv", _to_csv(names, *rows)))
    if rows and manifest.task == "classification" and _LABEL not in names:
        labelled = ((label, *values) for label, values in zip(manifest.classes, rows, strict=False))
        forms.append(("evaluate-csv", "/evaluate", "text/csv", _to_csv((_LABEL, *names), *labelled)))
    if manifest.image:
        encoded = base64.b64encode(example_picture(manifest.image)).decode()
        picture = orjson.dumps({"image": encoded}).decode()
        forms += [("forward-image", "/forward", json, picture), ("run-image", run, json, picture)]
    return tuple(forms)


def answer_example(model: ServedModel, path: str, body: bytes, request_id: str) -> bytes:
    """What such a door answers to an example's body. Raises RequestRefused and InferenceFailed."""
    classes = model.manifest.classes
    if path not in {"/forward_batch", "/evaluate"}:
        asked = read_forward(body, "application/json", model, pixel_limit=_PIXELS)
        said = forward_answer(
            model.infer(asked.request), classes, request_id=request_id, top_classes=TOP_CLASSES, picture=asked.picture
        )
        return said.to_json(is_single=asked.is_single)
    limits = FileLimits(rows=_ROWS, rows_of_piece=_ROWS, pixels=_PIXELS, entry_bytes=0, unpacked_bytes=0)
    (piece,) = read_pieces(body, model, limits, with_labels=path == "/evaluate")
    predictions = name_rows(model.infer(piece.read()), piece, classes)
    if path == "/evaluate":
        return evaluation(predictions, classes, model.identity, request_id).to_json()
    return batch_answer(predictions, model.identity, request_id).to_json()


def _to_csv(*lines: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(lines)
    return written.getvalue()
