"""CSV in pieces, each of which reads like the body of POST /classify: the file's header, and some of its lines.

The label is the column of the output feature, or the one named `label`.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from open_inference import InferRequest
from open_inference.json_object import quote
from predictor.classify.csv_rows import is_header, read_csv_rows
from predictor.classify.read_rows import require_table
from predictor.errors import RequestRefused
from predictor.files.piece import FileLimits, Piece, check_label
from predictor.served_model import ServedModel

_LABEL = "label"


class _Record(NamedTuple):
    fields: list[str]
    text: str
    """Its lines as they are, and the empty ones before it."""
    lines_before: int
    last_line: int


class _Head(NamedTuple):
    """What the first record says of all others; without a header the text is empty and there is no label."""

    text: str = ""
    lines: int = 0
    label_at: int | None = None
    label_name: str | None = None


def csv_pieces(content: bytes, model: ServedModel, limits: FileLimits, *, with_labels: bool) -> Iterator[Piece]:
    """See read_pieces."""
    records = _records(content)
    first = next(records, None)
    if first is None:
        raise RequestRefused("the file has no line; expected CSV, a line for each row")
    output_feature = model.card.get("output_feature")
    if is_header(first.fields, require_table(model), output_feature) or _LABEL in first.fields:
        head = _read_head(first, model, output_feature)
    else:
        head, records = _Head(), chain([first], records)
    if with_labels and head.label_at is None:
        expected = f"a header with {quote(output_feature or _LABEL)}"
        raise RequestRefused(f"the file's first line names no column of labels; expected {expected}")
    rows = 0
    while part := list(islice(records, limits.rows_of_piece)):
        rows += len(part)
        limits.check_rows(rows)
        labels = _labels(part, head.label_at, model.manifest.classes) if with_labels else ()
        yield Piece(partial(_read, part, head, model), labels=labels)
    if not rows:
        raise RequestRefused("the file has a header alone; expected a line for each row")


def _read(part: Sequence[_Record], head: _Head, model: ServedModel) -> InferRequest:
    inputs = read_csv_rows(
        "".join((head.text, *(record.text for record in part))).encode(),
        table=require_table(model),
        output_feature=head.label_name,
        skipped=part[0].lines_before - head.lines,
    )
    return InferRequest(inputs=inputs)


def _read_head(first: _Record, model: ServedModel, output_feature: str | None) -> _Head:
    names = [name.strip() for name in first.fields]
    unknown = set(names) - set(model.manifest.feature_names)
    label = next((name for name in (output_feature, _LABEL) if name in unknown), output_feature)
    label_at = names.index(label) if label in names else None
    return _Head(first.text, first.last_line, label_at, label)


def _labels(part: Sequence[_Record], label_at: int | None, classes: Sequence[str]) -> list[str]:
    labels = []
    for record in part:
        if label_at is None or label_at >= len(record.fields):
            raise RequestRefused(f"line {record.last_line} has {len(record.fields)} fields; expected a label, too")
        labels.append(check_label(record.fields[label_at].strip(), classes, f"line {record.last_line}"))
    return labels


def _records(content: bytes) -> Iterator[_Record]:
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(lines(), strict=True)
    before = 0
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield _Record(fields, "".join(taken), before, reader.line_num)
                before = reader.line_num
                taken.clear()
    except UnicodeDecodeError as error:
        raise RequestRefused(f"the file is not UTF-8 behind line {reader.line_num}; expected CSV in UTF-8") from error
    except csv.Error as error:
        raise RequestRefused(f"line {reader.line_num} is not CSV: {error}") from error
