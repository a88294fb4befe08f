"""What the owner of a model agreed to: the margins, the error rates, and what else a canary has to show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The settings of the gate; all shares are in 0..1. Ranges are checked at the edge, in configuration.py."""

    margin: float = 0.02
    """Accuracy that the canary may lose overall."""
    class_margin: float = 0.05
    """Accuracy that the canary may lose within a class."""
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
