"""Paired answers from counts, so that a test can say what it means: `{"cat": Pairs(both=90, b=2, c=3)}`."""

from collections.abc import Mapping
from dataclasses import dataclass

from promotion.gate.evidence import PairedAnswers


@dataclass(frozen=True)
class Pairs:
    both: int = 0
    b: int = 0
    c: int = 0
    neither: int = 0


def answers_of(pairs_by_class: Mapping[str, Pairs]) -> PairedAnswers:
    """Rows of each class in turn; a wrong answer is the next class, and a single class is joined by `other`."""
    classes = tuple(pairs_by_class) if len(pairs_by_class) > 1 else (*pairs_by_class, "other")
    rows: list[tuple[str, str, str]] = []
    for position, (label, pairs) in enumerate(pairs_by_class.items()):
        wrong = classes[(position + 1) % len(classes)]
        rows += [(label, label, label)] * pairs.both
        rows += [(label, label, wrong)] * pairs.b
        rows += [(label, wrong, label)] * pairs.c
        rows += [(label, wrong, wrong)] * pairs.neither
    return from_rows(rows, classes)


def from_rows(rows: list[tuple[str, str, str]], classes: tuple[str, ...]) -> PairedAnswers:
    """Of rows of (truth, stable's answer, the canary's answer)."""
    return PairedAnswers(
        truth=tuple(row[0] for row in rows),
        stable_labels=tuple(row[1] for row in rows),
        canary_labels=tuple(row[2] for row in rows),
        classes=classes,
    )
