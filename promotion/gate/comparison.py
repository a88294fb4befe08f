"""What the tests say of one set of rows, all of them or those of a part: numbers and claims, no consequences yet.

A part is a class, that is the rows of one true label, or a group of a slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import norm

from promotion.gate.evidence import PairedAnswers, PairedCounts, SliceGroup, count_pairs
from promotion.gate.policy import GatePolicy
from promotion.statistics.harm import harm_p_value
from promotion.statistics.holm import holm_rejections
from promotion.statistics.row_floor import row_floor, rows_needed
from promotion.statistics.tango import tango_lower_bound, tango_z


@dataclass(frozen=True, slots=True)
class Comparison:
    """Canary against stable on at least one row. Accuracies, differences and margins are shares."""

    name: str
    """`all`, the label of a class, or the name of a group of a slice."""
    n: int
    b: int
    """Rows that only stable has right."""
    c: int
    """Rows that only the canary has right."""
    stable_accuracy: float
    canary_accuracy: float
    difference: float
    """Canary - stable."""
    margin: float
    z: float
    """Tango's Z at the margin."""
    critical_z: float
    lower_bound: float
    """One-sided lower bound of the difference, at alpha."""
    harm_p_value: float
    row_floor: int
    """Rows below which the margin cannot be shown."""
    rows_needed: int
    """Rows that show the margin for an equal canary, about, at the disagreement seen; at least the floor."""
    is_assessable: bool
    """There are as many rows as the floor asks for."""
    is_not_worse: bool
    """Assessable, and shown not to be worse by more than the margin."""
    is_harmed: bool
    """Shown to be worse at all; among classes and groups after Holm's correction."""


def compare_overall(counts: PairedCounts, policy: GatePolicy) -> Comparison:
    """Compare on all rows, of which there is at least one."""
    p_value = harm_p_value(counts.b, counts.c)
    return _compare("all", counts, policy.margin, policy, p_value, is_harmed=p_value <= policy.look_alpha)


@dataclass(frozen=True, slots=True)
class PartComparisons:
    """The parts that have rows, in the order given."""

    classes: tuple[Comparison, ...] = ()
    groups: tuple[Comparison, ...] = ()


def compare_parts(answers: PairedAnswers, policy: GatePolicy, groups: Sequence[SliceGroup]) -> PartComparisons:
    """Compare within each class, where the policy has them judged, and each group; Holm's family is all of them."""
    labels = answers.classes if policy.classes_are_judged else ()
    by_class = [(label, count_pairs(answers, (truth == label for truth in answers.truth))) for label in labels]
    by_class = [(label, counts) for label, counts in by_class if counts.n]
    by_group = [(group.name, count_pairs(answers, group.rows)) for group in groups]
    counted = [*by_class, *((name, counts) for name, counts in by_group if counts.n)]
    p_values = [harm_p_value(counts.b, counts.c) for _, counts in counted]
    rejections = holm_rejections(p_values, policy.look_alpha)
    compared = tuple(
        _compare(name, counts, policy.class_margin, policy, p_value, is_harmed=is_harmed)
        for (name, counts), p_value, is_harmed in zip(counted, p_values, rejections, strict=True)
    )
    return PartComparisons(classes=compared[: len(by_class)], groups=compared[len(by_class) :])


def _compare(
    name: str, counts: PairedCounts, margin: float, policy: GatePolicy, p_value: float, *, is_harmed: bool
) -> Comparison:
    n, b, c = counts.n, counts.b, counts.c
    z, critical_z = tango_z(b, c, n, margin), float(norm.isf(policy.look_alpha))
    floor = row_floor(margin, policy.look_alpha)
    is_assessable = n >= floor
    return Comparison(
        name=name,
        n=n,
        b=b,
        c=c,
        stable_accuracy=counts.stable_right / n,
        canary_accuracy=counts.canary_right / n,
        difference=(c - b) / n,
        margin=margin,
        z=z,
        critical_z=critical_z,
        lower_bound=tango_lower_bound(b, c, n, policy.look_alpha),
        harm_p_value=p_value,
        row_floor=floor,
        rows_needed=max(floor, rows_needed((b + c) / n, margin, policy.look_alpha, policy.power)),
        is_assessable=is_assessable,
        is_not_worse=is_assessable and z >= critical_z,
        is_harmed=is_harmed,
    )
