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

    Two data sets of the same digest have the same column names, numbers (-0.0 is 0.0) and labels in the same order;
    `name`, `title` and `link` are for people and take no part in it.
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
        content.update((np.ascontiguousarray(self.features, dtype="<f8") + 0.0).tobytes())  # -0.0 + 0.0 is 0.0
        return f"sha256:{content.hexdigest()}"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, each once: whole numbers by value, anything else by text."""
        found = set(self.labels)
        if all(label.removeprefix("-").isdecimal() for label in found):
            return tuple(sorted(found, key=lambda label: (int(label), label)))  # 1 and 01 are two labels
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


def require_columns(rows: LabelledRows, feature_names: tuple[str, ...], named_by: str) -> None:
    """Return when the features of `rows` are named `feature_names`; DatasetMalformed tells the first difference."""
    if len(rows.feature_names) != len(feature_names):
        raise DatasetMalformed(
            f"{rows.name}: {len(rows.feature_names)} features, but {named_by} has {len(feature_names)}"
        )
    for place, (found, expected) in enumerate(zip(rows.feature_names, feature_names, strict=True), start=1):
        if found != expected:
            raise DatasetMalformed(
                f"{rows.name}: feature {place} is named {found!r}, but {named_by} names it {expected!r}"
            )


def concatenate(parts: Sequence[LabelledRows]) -> LabelledRows:
    """One data set of all rows of `parts`, in order; DatasetMalformed when their columns differ."""
    first = parts[0]
    for part in parts[1:]:
        require_columns(part, first.feature_names, first.name)
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
    """For each of `rows` that stands in `others` with the same numbers, whatever the label: its index and one there."""
    known = {row.tobytes(): index for index, row in enumerate(others.features + 0.0)}  # + 0.0 makes -0.0 equal 0.0
    keys = (row.tobytes() for row in rows.features + 0.0)
    return [(index, known[key]) for index, key in enumerate(keys) if key in known]
