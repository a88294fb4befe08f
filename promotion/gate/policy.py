"""What the owner of a model agreed to: the margins, the error rates, and what else a canary has to show."""

from dataclasses import dataclass
from enum import StrEnum


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


class Guardrail(StrEnum):
    """What is watched of the canary beside stable while traffic moves."""

    ERRORS = "errors"
    """The share of the requests that fail."""
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    """Quantiles of how long an answer takes."""


@dataclass(frozen=True, slots=True)
class GuardrailPolicy:
    """How far the canary may fall behind stable while both take traffic."""

    watched: tuple[Guardrail, ...] = tuple(Guardrail)
    """None of them: nothing is watched."""
    error_margin: float = 0.02
    """Share of its requests that the canary may fail beyond stable's share."""
    latency_ratio: float = 2.0
    """A quantile may be so many times stable's, ..."""
    latency_margin_seconds: float = 0.1
    """... or so much above it, whichever is more: a few milliseconds more are no harm, whatever their ratio."""
    minimum_requests: int = 5
    """Requests of the canary without which no step passes."""
    alpha: float = 0.01
    """Largest probability that a step or pause sends back a canary that is as bad as it may be, and no worse."""
    errors_are_shown: bool = False
    """Whether a step passes only once the canary's errors are shown to be within the margin."""


@dataclass(frozen=True, slots=True)
class LiveLabelPolicy:
    """What true labels that come while traffic moves are for."""

    required: bool = False
    """Whether a step passes only once enough labels of both revisions are there."""
    lag_seconds: float = 0.0
    """Age of an answer by which its label has come, if it ever does; younger ones are not scored."""
    minimum_rows: int = 30
    """Labelled rows of each revision without which nothing is said."""
    alpha: float = 0.01
    """Largest probability that a rollout rejects a canary that is as bad as it may be, and no worse."""


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
    growth_margin: float = 0.05
    """Of a regression model: the share of stable's mean absolute error by which the canary's may be larger."""
    slice_growth_margin: float = 0.1
    """The same within a group of a slice."""
    guardrails: GuardrailPolicy = GuardrailPolicy()
    live_labels: LiveLabelPolicy = LiveLabelPolicy()
    looks: int = 1
    """How often a rollout may be judged, each time on all rows that it has by then: it holds for further rows while a
    verdict is INCONCLUSIVE and a look is left."""

    @property
    def look_alpha(self) -> float:
        """Alpha of one look. All looks together keep to `alpha`, however they depend on each other (Bonferroni)."""
        return self.alpha / self.looks
