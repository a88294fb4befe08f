"""Rows with labels, in memory, with the digest that pins their content."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from dataset.errors import DatasetMalformed


@dataclass(frozen=True)
class LabelledRows:
    """A data set: n rows of k numbers, each with a label.

    Two data sets of the same digest have the same column names, numbers and labels in the same order; `name`, `title`
    and `link` are for people and take no part in it.
    """

    name: str
    features: NDArray[np.float64]
    """n x k, finite, read-only."""
    labels: tuple[str, ...]
    feature_names: tuple[str, ...]
    output_feature: str = "label"
    """What the label column is called."""
    title: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        if self.features.shape != (len(self.labels), len(self.feature_names)):
            raise DatasetMalformed(
                f"{self.name}: {self.features.shape} numbers for {len(self.labels)} labels "
                f"and {len(self.feature_names)} feature names"
            )
        self.features.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def digest(self) -> str:
        """`sha256:<64 hex digits>` over column names, labels and the numbers as little-endian doubles."""
        header = orjson.dumps([self.output_feature, self.feature_names, self.labels])
        content = hashlib.sha256(len(header).to_bytes(8, "little"))
        content.update(header)
        content.update(np.ascontiguousarray(self.features, dtype="<f8").tobytes())
        return f"sha256:{content.hexdigest()}"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, each once: whole numbers by value, anything else by text."""
        found = set(self.labels)
        if all(label.lstrip("-").isdecimal() for label in found):
            return tuple(sorted(found, key=int))
        return tuple(sorted(found))

    def first(self, rows: int) -> "LabelledRows":
        """The first `rows` rows, as a data set of its own."""
        return LabelledRows(
            name=f"{self.name}[:{rows}]",
            features=self.features[:rows],
            labels=self.labels[:rows],
            feature_names=self.feature_names,
            output_feature=self.output_feature,
            title=self.title,
            link=self.link,
        )


def concatenate(parts: Sequence[LabelledRows]) -> LabelledRows:
    """One data set of all rows of `parts`, in order; DatasetMalformed when their columns differ."""
    first = parts[0]
    for part in parts[1:]:
        if part.feature_names != first.feature_names:
            raise DatasetMalformed(f"{part.name}: {_column_difference(first, part)}")
    return LabelledRows(
        name=" + ".join(part.name for part in parts),
        features=np.concatenate([part.features for part in parts]),
        labels=tuple(label for part in parts for label in part.labels),
        feature_names=first.feature_names,
        output_feature=first.output_feature,
        title=first.title,
        link=first.link,
    )


def shared_rows(rows: LabelledRows, others: LabelledRows) -> list[tuple[int, int]]:
    """Pairs (index in `rows`, index in `others`) of rows with the same numbers, whatever their labels."""
    known = {row.tobytes(): index for index, row in enumerate(others.features + 0.0)}  # + 0.0 makes -0.0 equal 0.0
    keys = (row.tobytes() for row in rows.features + 0.0)
    return [(index, known[key]) for index, key in enumerate(keys) if key in known]


def _column_difference(expected: LabelledRows, found: LabelledRows) -> str:
    if len(expected.feature_names) != len(found.feature_names):
        return f"{len(found.feature_names)} features, but {expected.name} has {len(expected.feature_names)}"
    place, (name, other) = next(
        (place, names)
        for place, names in enumerate(zip(expected.feature_names, found.feature_names, strict=True), start=1)
        if names[0] != names[1]
    )
    return f"feature {place} is named {other!r}, but {expected.name} names it {name!r}"
