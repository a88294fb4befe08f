"""True labels by request, as somebody hands them in: a CSV file with a header.

    request_id,label            request_id,row,label
    3f0c…,a                     3f0c…,0,a
    77aa…,b                     3f0c…,1,c

Without the column `row` the lines of a request are its rows, in their order.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bundle.one_line import one_line
from promotion.recorded.answers import LabelsRefused

MOST_LABELS = 1_000_000


@dataclass(frozen=True, slots=True)
class TrueLabel:
    """What a row of a request really is."""

    request_id: str
    row: int
    """From 0."""
    label: str


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """A row's label, and when it was handed in."""

    label: str
    at: float
    """Seconds since the epoch."""


def read_labels_file(path: Path) -> tuple[TrueLabel, ...]:
    """The labels in a CSV file. Raises LabelsRefused, which names the line."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LabelsRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LabelsRefused(f"{path} is no text: expected CSV in UTF-8") from error
    labels = tuple(_parse(content, path))
    if not labels:
        raise LabelsRefused(f"{path} has no labels below its header")
    return labels


def _parse(content: str, path: Path) -> Iterator[TrueLabel]:
    lines = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    seen: Counter[str] = Counter()
    try:
        if not {"request_id", "label"} <= set(lines.fieldnames or ()):
            raise LabelsRefused(
                f"{path}: the header is {one_line(lines.fieldnames)}; expected request_id,label or request_id,row,label"
            )
        for number, line in enumerate(lines, start=1):
            request_id, label, row = line["request_id"], line["label"], line.get("row")
            if not request_id or not label or None in line or number > MOST_LABELS:
                raise LabelsRefused(f"{path}, line {lines.line_num}: {_explain(number)}")
            number_of_row = int(row) if "row" in line and row else seen[request_id]
            if number_of_row < 0:
                raise ValueError(f"the row {number_of_row}; expected one from 0 on")
            yield TrueLabel(request_id, number_of_row, label)
            seen[request_id] += 1
    except (csv.Error, ValueError) as error:
        raise LabelsRefused(f"{path}, line {lines.reader.line_num}: {one_line(error)}") from error


def _explain(number: int) -> str:
    if number > MOST_LABELS:
        return f"more than {MOST_LABELS} labels; hand them in as several files"
    return "expected a request id and a label, and a column for each of them"
