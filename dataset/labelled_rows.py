"""Rows with labels, in memory, with the digest that pins their content."""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from dataset.errors import DatasetMalformed


@dataclass(frozen=True)
class LabelledRows:
    """A data set: n rows of k numbers or categories, each with a label.

    Two data sets of the same digest have the same column names, values (-0.0 is 0.0) and labels in the same order;
    `name`, `title` and `link` are for people and take no part in it.
    """

    name: str
    features: NDArray[np.float64]
    """n x k, finite, read-only; in a column of categories, the index of each row's."""
    labels: tuple[str, ...]
    feature_names: tuple[str, ...]
    output_feature: str = "label"
    """What the label column is called."""
    title: str = ""
    link: str = ""
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By column, the texts that its numbers stand for; every other column holds numbers as they are."""

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
        """`sha256:<64 hex digits>` over column names, labels, categories and the numbers as little-endian doubles."""
        texts = {name: self.texts(name) for name in self.feature_names if name in self.categories}
        header = orjson.dumps([self.output_feature, self.feature_names, self.labels, *([texts] if texts else [])])
        content = hashlib.sha256(len(header).to_bytes(8, "little"))
        content.update(header)
        numbers = np.ascontiguousarray(self.features, dtype="<f8") + 0.0  # -0.0 + 0.0 is 0.0
        numbers[:, [name in texts for name in self.feature_names]] = 0.0
        content.update(numbers.tobytes())
        return f"sha256:{content.hexdigest()}"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, each once: whole numbers by value, anything else by text."""
        found = set(self.labels)
        if all(label.removeprefix("-").isdecimal() for label in found):
            return tuple(sorted(found, key=lambda label: (int(label), label)))  # 1 and 01 are two labels
        return tuple(sorted(found))

    def targets(self) -> NDArray[np.float64]:
        """The labels as numbers, (n,), for a regression. Raises DatasetMalformed for the first that is none."""
        try:
            numbers = np.array(self.labels, dtype=np.float64)
        except ValueError:
            numbers = np.array([_number(label) for label in self.labels])
        if not (finite := np.isfinite(numbers)).all():
            row = int(finite.argmin())
            found = f"{self.name}, row {row + 1}, column {self.output_feature}: {self.labels[row]!r}"
            raise DatasetMalformed(f"{found} is not a finite number, which a regression learns from")
        return numbers

    def texts(self, name: str) -> list[str]:
        """The categories in the column `name`, one for each row."""
        known = self.categories[name]
        return [known[int(index)] for index in self.features[:, self.feature_names.index(name)]]

    def first(self, rows: int) -> "LabelledRows":
        """The first `rows` rows, as a data set of its own."""
        name = f"{self.name}[:{rows}]"
        return replace(self, name=name, features=self.features[:rows], labels=self.labels[:rows])

    def recoded(self, categories: Mapping[str, tuple[str, ...]]) -> "LabelledRows":
        """The same rows, their categories counted by `categories`, which have them all."""
        features = self.features.copy()
        for name in self.categories:
            index_of = {text: index for index, text in enumerate(categories[name])}
            features[:, self.feature_names.index(name)] = [index_of[text] for text in self.texts(name)]
        return replace(self, features=features, categories=dict(categories))


def require_columns(
    rows: LabelledRows, feature_names: tuple[str, ...], named_by: str, categories: Collection[str] = ()
) -> None:
    """Return when the features of `rows` are named `feature_names`, and `categories` are those that are no numbers.

    DatasetMalformed tells the first difference.
    """
    if len(rows.feature_names) != len(feature_names):
        raise DatasetMalformed(
            f"{rows.name}: {len(rows.feature_names)} features, but {named_by} has {len(feature_names)}"
        )
    for place, (found, expected) in enumerate(zip(rows.feature_names, feature_names, strict=True), start=1):
        if found != expected:
            raise DatasetMalformed(
                f"{rows.name}: feature {place} is named {found!r}, but {named_by} names it {expected!r}"
            )
        if (found in rows.categories) != (found in categories):
            kinds = ("categories", "numbers") if found in rows.categories else ("numbers", "categories")
            raise DatasetMalformed(f"{rows.name}: {found!r} has {kinds[0]}, but {named_by} has {kinds[1]} there")


def concatenate(parts: Sequence[LabelledRows]) -> LabelledRows:
    """One data set of all rows of `parts`, in order; DatasetMalformed when their columns differ."""
    first = parts[0]
    for part in parts[1:]:
        require_columns(part, first.feature_names, first.name, first.categories)
    alike = _with_the_same_categories(parts)
    return replace(
        alike[0],
        name=" + ".join(part.name for part in parts),
        features=np.concatenate([part.features for part in alike]),
        labels=tuple(label for part in parts for label in part.labels),
    )


def shared_rows(rows: LabelledRows, others: LabelledRows) -> list[tuple[int, int]]:
    """For each of `rows` that stands in `others` with the same values, whatever the label: its index and one there.

    Both have the same columns.
    """
    rows, others = _with_the_same_categories([rows, others])
    known = {row.tobytes(): index for index, row in enumerate(others.features + 0.0)}  # + 0.0 makes -0.0 equal 0.0
    keys = (row.tobytes() for row in rows.features + 0.0)
    return [(index, known[key]) for index, key in enumerate(keys) if key in known]


def _with_the_same_categories(parts: Sequence[LabelledRows]) -> list[LabelledRows]:
    names = parts[0].categories
    every = {name: tuple(sorted({text for part in parts for text in part.categories[name]})) for name in names}
    return [part.recoded(every) for part in parts] if every else list(parts)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
