"""What the owner of a model agreed to: the margins, the error rates, and what else a canary has to show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SliceDefinition:
    """Groups of rows that are judged like classes."""

    name: str
    by: str
    """An expression over the holdout's columns, or a file of labels: see slice_expression.py."""
    labels_path: str | None = None
    """Where the file of labels lies, if that is what it is by."""
    labels_digest: str | None = None
    """What the file holds; its path takes no part in the policy's digest."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The settings of the gate; all shares are in 0..1. Ranges are checked at the edge, in configuration.py."""

    margin: float = 0.02
    """Accuracy that the canary may lose overall."""
    class_margin: float = 0.05
    """Accuracy that the canary may lose within a class or a group of a slice."""
    alpha: float = 0.05
    """Largest probability of promoting a canary that is worse by a whole margin; one-sided."""
    power: float = 0.9
    """Probability of promoting an equal canary for which the number of needed rows is planned."""
    minimum_accuracy: float | None = None
    """Accuracy that the canary has to show, whatever stable has; None asks for none."""
    required_classes: tuple[str, ...] = ()
    """Classes without which nothing is promoted: too few rows of one withhold the promotion."""
    classes_are_judged: bool = True
    """Whether each class has to be shown not to be worse than its margin."""
    slices: tuple[SliceDefinition, ...] = ()
    """Groups that have to be shown not to be worse, too, at the margin of a class."""
    required_slices: tuple[str, ...] = ()
    """Slices without which nothing is promoted: too few rows in one of their groups withhold the promotion."""
    harm_goes_first: bool = False
    """Whether harm that is shown rejects even within a margin. Then up to alpha of the canaries that are as good as
    stable are rejected, however many rows there are; and among classes and slices up to alpha once more."""
