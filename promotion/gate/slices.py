"""Named slices of a holdout: which rows belong to which group, by an expression over its columns or a file of labels.

A slice is chosen by what is known of a row before anybody answers, so that the groups do not depend on the answers.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dataset import LabelledRows
from promotion.errors import PromotionError
from promotion.gate.evidence import SliceGroup
from promotion.gate.policy import SliceDefinition
from promotion.gate.slice_expression import (
    Aggregate,
    Arithmetic,
    Buckets,
    Column,
    Comparing,
    LabelsFile,
    Number,
    Value,
    parse_slice,
)

MOST_GROUPS = 50
EMPTY = "(empty)"
"""The group of rows that have no text in a column of categories."""

Numbers = NDArray[np.float64]


class SliceNotUsable(PromotionError):
    """A slice cannot be made of this holdout; the message names the slice and what is expected."""


def read_labels(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """The content of a file of labels, and its labels, one a line. Raises SliceNotUsable."""
    try:
        content = path.read_bytes()
        return content, tuple(line.strip() for line in content.decode().splitlines())
    except OSError as error:
        raise SliceNotUsable(f"{path} cannot be read: {error.strerror}; expected a label a line") from error
    except UnicodeDecodeError as error:
        raise SliceNotUsable(f"{path}: byte {error.start + 1} is no UTF-8 text; expected a label a line") from error


def labels_digest(content: bytes) -> str:
    """`sha256:<64 hex digits>` of a file of labels."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def group_rows(definitions: Sequence[SliceDefinition], rows: LabelledRows) -> tuple[SliceGroup, ...]:
    """The groups that every slice makes of `rows`, in the order of `definitions`. Raises SliceNotUsable.

    A row may belong to one group of each slice, or to none where a file gives it an empty label.
    """
    return tuple(group for one in definitions for group in _groups(one, rows))


def _groups(definition: SliceDefinition, table: LabelledRows) -> list[SliceGroup]:
    try:
        labels = _labels(definition, table)
    except ValueError as error:
        raise SliceNotUsable(f"slice {definition.name}: {error}") from error
    return [
        SliceGroup(definition.name, f"{definition.name} {label}", tuple(one == label for one in labels))
        for label in sorted({*labels} - {""}, key=_as_people_count)
    ]


def _as_people_count(label: str) -> list[tuple[int, str]]:
    """A key that sorts 2/10 before 10/10."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", label)]


def _labels(definition: SliceDefinition, table: LabelledRows) -> list[str]:
    expression = parse_slice(definition.by)
    match expression:
        case LabelsFile():
            return _labels_of_file(definition, len(table))
        case Buckets(value=value, count=count):
            return _bucket_labels(_numbers(value, table), count)
        case Comparing():
            return ["yes" if one else "no" for one in _compare(expression, table)]
        case Column(name=name) if name in table.categories:
            return _few([text or EMPTY for text in table.texts(name)])
        case Column():
            return _value_labels(_numbers(expression, table))


def _compare(expression: Comparing, table: LabelledRows) -> NDArray[np.bool_]:
    left, right = expression.left, expression.right
    if not _has_categories(left, table) and _has_categories(right, table):
        left, right = right, left  # which of the two stands first makes no difference to == and !=, the only ones there
    if not (isinstance(left, Column) and _has_categories(left, table)):
        return _COMPARE[expression.sign](_numbers(left, table), _numbers(right, table))
    if expression.sign not in {"==", "!="}:
        raise ValueError(
            f"column {left.name!r} holds categories, which are == or != a text, and never {expression.sign}"
        )
    pairs = zip(table.texts(left.name), _texts_to_meet(left.name, right, table), strict=True)
    return np.array([(one == other) is (expression.sign == "==") for one, other in pairs], dtype=np.bool_)


def _texts_to_meet(name: str, value: Value, table: LabelledRows) -> Sequence[str]:
    """What the categories of the column `name` are compared with: one of them, or another column's, a text a row."""
    if not isinstance(value, Column) or not (value.is_quoted or _has_categories(value, table)):
        raise ValueError(f'column {name!r} holds categories; expected a text to compare it with, such as {name} == "…"')
    if not value.is_quoted:
        return table.texts(value.name)
    known = set(table.texts(name))
    if value.name not in known:
        few = ", ".join(map(repr, sorted(known)[:10]))
        raise ValueError(f"no row has {value.name!r} in the column {name!r}, expected one of {few}")
    return [value.name] * len(table)


def _has_categories(value: Value, table: LabelledRows) -> bool:
    return isinstance(value, Column) and value.name in table.categories


def _labels_of_file(definition: SliceDefinition, rows: int) -> list[str]:
    content, labels = read_labels(Path(definition.labels_path or ""))
    if labels_digest(content) != definition.labels_digest:
        raise ValueError(f"{definition.labels_path} has changed since gate.yaml was read")
    if len(labels) != rows:
        raise ValueError(f"{definition.labels_path} has {len(labels)} lines, expected one for each of {rows} rows")
    return _few(list(labels))


def _bucket_labels(values: Numbers, count: int) -> list[str]:
    """By quantiles: a value on a border belongs to the lower bucket; equal borders make fewer buckets."""
    if not values.size:
        return []
    borders = np.unique(np.quantile(values, np.arange(1, count) / count))
    names = [f"{place + 1}/{len(borders) + 1}" for place in range(len(borders) + 1)]
    names = [f"{name} (up to {high:.4g})" for name, high in zip(names, borders, strict=False)] + [
        f"{names[-1]} (above {borders[-1]:.4g})"
    ]
    return [names[place] for place in np.searchsorted(borders, values, side="left")]


def _value_labels(values: Numbers) -> list[str]:
    return _few([f"{value:g}" for value in values])


def _few(labels: list[str]) -> list[str]:
    found = len(set(labels) - {""})
    if found > MOST_GROUPS:
        raise ValueError(f"found {found} different values, expected at most {MOST_GROUPS}; bucket(..., 4) makes fewer")
    return labels


def _numbers(value: Value, table: LabelledRows) -> Numbers:
    """A finite number a row. Raises ValueError."""
    with np.errstate(all="ignore"):
        numbers = _evaluate(value, table)
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers)))
        raise ValueError(f"row {row + 1} gives {numbers[row]}, expected a finite number")
    return numbers


def _evaluate(value: Value, table: LabelledRows) -> Numbers:
    match value:
        case Number(value=number):
            return np.full(len(table), number)
        case Column(name=name):
            return table.features[:, _place(name, table)]
        case Aggregate(function=function):
            return _AGGREGATE[function](table.features[:, _places(value, table)])
        case Arithmetic(sign=sign, left=left, right=right):
            return _CALCULATE[sign](_evaluate(left, table), _evaluate(right, table))


def _places(over: Aggregate, table: LabelledRows) -> list[int]:
    """Of the columns that are put together; those of categories take no part where they are not named one by one."""
    places = {_place(name, table) for name in over.names}
    for beginning in over.beginnings:
        found = [
            place
            for place, name in enumerate(table.feature_names)
            if name.startswith(beginning) and name not in table.categories
        ]
        if not found:
            raise ValueError(f"no column of numbers begins with {beginning!r}")
        places.update(found)
    return sorted(places)


def _place(name: str, table: LabelledRows) -> int:
    """Of a column of numbers."""
    if name not in table.feature_names:
        few = ", ".join(table.feature_names[:3])
        raise ValueError(f"column {name!r} is unknown, expected one of {len(table.feature_names)}, such as {few}")
    if name in table.categories:
        raise ValueError(f'column {name!r} holds categories; expected a number, or {name} == "…"')
    return table.feature_names.index(name)


_AGGREGATE: Mapping[str, Callable[[Numbers], Numbers]] = {
    "mean": lambda columns: columns.mean(axis=1),
    "sum": lambda columns: columns.sum(axis=1),
    "min": lambda columns: columns.min(axis=1),
    "max": lambda columns: columns.max(axis=1),
}
_CALCULATE: Mapping[str, Callable[[Numbers, Numbers], Numbers]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_COMPARE: Mapping[str, Callable[[Numbers, Numbers], NDArray[np.bool_]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
