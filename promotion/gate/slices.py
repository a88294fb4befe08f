"""Named slices of a holdout: which rows belong to which group, by an expression over its columns or a file of labels.

A slice is chosen by what is known of a row before anybody answers, so that the groups do not depend on the answers.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def group_rows(
    definitions: Sequence[SliceDefinition], features: Numbers, feature_names: Sequence[str]
) -> tuple[SliceGroup, ...]:
    """The groups of every slice, in the order of `definitions`; features is n x k, finite. Raises SliceNotUsable.

    A row may belong to one group of each slice, or to none where a file gives it an empty label.
    """
    return tuple(group for one in definitions for group in _groups(one, _Table(features, tuple(feature_names))))


@dataclass(frozen=True, slots=True)
class _Table:
    features: Numbers
    names: tuple[str, ...]


def _groups(definition: SliceDefinition, table: _Table) -> list[SliceGroup]:
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


def _labels(definition: SliceDefinition, table: _Table) -> list[str]:
    expression = parse_slice(definition.by)
    match expression:
        case LabelsFile():
            return _labels_of_file(definition, len(table.features))
        case Buckets(value=value, count=count):
            return _bucket_labels(_numbers(value, table), count)
        case Comparing(sign=sign, left=left, right=right):
            return ["yes" if one else "no" for one in _COMPARE[sign](_numbers(left, table), _numbers(right, table))]
        case Column():
            return _value_labels(_numbers(expression, table))


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


def _numbers(value: Value, table: _Table) -> Numbers:
    """A finite number a row. Raises ValueError."""
    with np.errstate(all="ignore"):
        numbers = _evaluate(value, table)
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers)))
        raise ValueError(f"row {row + 1} gives {numbers[row]}, expected a finite number")
    return numbers


def _evaluate(value: Value, table: _Table) -> Numbers:
    match value:
        case Number(value=number):
            return np.full(len(table.features), number)
        case Column(name=name):
            return table.features[:, _place(name, table)]
        case Aggregate(function=function, names=names, beginnings=beginnings):
            places = {_place(name, table) for name in names}
            for beginning in beginnings:
                found = [place for place, name in enumerate(table.names) if name.startswith(beginning)]
                if not found:
                    raise ValueError(f"no column begins with {beginning!r}")
                places.update(found)
            return _AGGREGATE[function](table.features[:, sorted(places)])
        case Arithmetic(sign=sign, left=left, right=right):
            return _CALCULATE[sign](_evaluate(left, table), _evaluate(right, table))


def _place(name: str, table: _Table) -> int:
    if name not in table.names:
        few = ", ".join(table.names[:3])
        raise ValueError(f"column {name!r} is unknown, expected one of {len(table.names)}, such as {few}")
    return table.names.index(name)


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
