"""Evidence as the verdict takes it: what both revisions answered to the same rows, and what of that is counted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True)
class PairedAnswers:
    """Both revisions' answers to the same labelled rows, in the same order. Raises ValueError for anything else."""

    truth: tuple[str, ...]
    stable_labels: tuple[str, ...]
    canary_labels: tuple[str, ...]
    classes: tuple[str, ...]
    """Every label that the data set or either revision knows, each once; the order of tables and matrices."""

    def __post_init__(self) -> None:
        if not len(self.truth) == len(self.stable_labels) == len(self.canary_labels):
            raise ValueError(
                f"{len(self.truth)} labels, {len(self.stable_labels)} answers of stable and {len(self.canary_labels)} "
                "of the canary; expected one of each a row"
            )
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes are {self.classes}; expected each once")
        unknown = {*self.truth, *self.stable_labels, *self.canary_labels} - set(self.classes)
        if unknown:
            raise ValueError(f"label {min(unknown)!r}; expected one of the classes {', '.join(self.classes)}")


@dataclass(frozen=True, slots=True)
class PairedConfidences:
    """The probability that each revision gives to its own answer, a row each, in 0..1."""

    stable: tuple[float, ...]
    canary: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SliceGroup:
    """A group of rows that the verdict judges like a class."""

    slice: str
    """The slice's name in gate.yaml."""
    name: str
    """Of the group itself, the slice's name first."""
    rows: tuple[bool, ...]
    """Whether each row of the holdout belongs to it."""


@dataclass(frozen=True, slots=True)
class PairedValues:
    """Both regression models' numbers for the same labelled rows, in the same order, in the unit of the label.

    Raises ValueError for anything else.
    """

    truth: tuple[float, ...]
    stable: tuple[float, ...]
    canary: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.truth) == len(self.stable) == len(self.canary):
            raise ValueError(
                f"{len(self.truth)} labels, {len(self.stable)} values of stable and {len(self.canary)} of the canary; "
                "expected one of each a row"
            )
        if not all(map(isfinite, (*self.truth, *self.stable, *self.canary))):
            raise ValueError("a label or a value is no finite number")

    def to_errors(self) -> "PairedErrors":
        """How far off each value is."""
        stable, canary = (
            tuple(abs(value - truth) for value, truth in zip(values, self.truth, strict=True))
            for values in (self.stable, self.canary)
        )
        return PairedErrors(stable, canary)


@dataclass(frozen=True, slots=True)
class PairedErrors:
    """Both regression models' absolute errors on the same rows, in the same order, in the unit of what they predict."""

    stable: tuple[float, ...]
    canary: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Rows of a set of pairs."""

    n: int
    """All of them."""
    b: int
    """Only stable is right."""
    c: int
    """Only the canary is right."""
    stable_right: int
    canary_right: int


def count_pairs(answers: PairedAnswers, rows: Iterable[bool] | None = None) -> PairedCounts:
    """Counts over all rows, or over those for which `rows`, one for each in the same order, is true.

    Raises ValueError where `rows` are not as many as the answers.
    """
    n = b = c = both = 0
    chosen = [True] * len(answers.truth) if rows is None else rows
    for truth, stable, canary, is_chosen in zip(
        answers.truth, answers.stable_labels, answers.canary_labels, chosen, strict=True
    ):
        if not is_chosen:
            continue
        n += 1
        b += stable == truth != canary
        c += canary == truth != stable
        both += stable == truth == canary
    return PairedCounts(n=n, b=b, c=c, stable_right=both + b, canary_right=both + c)


def confusion_matrix(
    truth: Sequence[str], labels: Sequence[str], classes: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    """Counts of rows by true class (a row of the matrix each) and answered class (a column each), as `classes` go."""
    position = {label: index for index, label in enumerate(classes)}
    matrix = [[0] * len(classes) for _ in classes]
    for true_label, label in zip(truth, labels, strict=True):
        matrix[position[true_label]][position[label]] += 1
    return tuple(tuple(row) for row in matrix)
