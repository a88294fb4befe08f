"""Drift: whether what serves is asked other things than it was measured on, and how often it was right by true labels.

The spread is that of the gate's advisory evidence (promotion/gate/advisory.py): the classes that the serving bundle
answered on its holdout, which its manifest has, against those that it answered lately, which the records have.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.bundles import Bundles
from console.deployments.deployment import DeploymentStore
from console.errors import Refused
from promotion.gate.advisory import AnswerDrift, drift_of
from promotion.statistics.wilson import wilson_bounds
from records.answer_counts import count_answers
from records.database import Database

ALPHA = 0.025
"""One-sided, of the bounds of the accuracy: the interval has the confidence 95 %."""


@dataclass(frozen=True, slots=True)
class LabelledAnswers:
    """Answers whose truth was told."""

    rows: int
    right: int
    accuracy: float
    lower: float
    upper: float
    """Wilson's bounds; confidence 95 %."""
    on_holdout: float
    """The accuracy that the bundle was measured to have."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Of the bundle that serves."""

    revision: str
    bundle_digest: str
    since: datetime
    answers: AnswerDrift | None
    """None where nothing was answered since."""
    labelled: LabelledAnswers | None
    """None where no truth is known of what was answered since."""


@dataclass(frozen=True, slots=True)
class DriftWatch:
    """Looks at the records of one console."""

    database: Database
    deployments: DeploymentStore
    bundles: Bundles

    def look(self, hours: int) -> Drift:
        """Of the answers of the last `hours`. Can be repeated.

        Raises Refused where nothing serves, or no classifier with counts of its holdout; RecordsError, BundleError.
        """
        serving = self.deployments.serving()
        if serving is None:
            raise Refused("nothing serves yet: there are no answers that could drift")
        manifest = self.bundles.find(serving.bundle_digest).manifest
        if manifest.measured is None or not manifest.measured.classes:
            raise Refused(
                f"{manifest.model}, version {manifest.version}, has no counts of its answers on the holdout by class, "
                "which classifiers that were trained here have; a rollout's evidence tells the drift of other models"
            )
        since = datetime.now(UTC) - timedelta(hours=hours)
        found = count_answers(self.database, serving.bundle_digest, since)
        answers = labelled = None
        if found.by_label:
            counted = zip(manifest.classes, manifest.measured.classes, strict=True)
            on_holdout = [label for label, one in counted for _ in range(one.answered)]
            answers = drift_of(on_holdout, found.by_label, manifest.classes)
        if found.labelled:
            lower, upper = wilson_bounds(found.right, found.labelled, ALPHA)
            share = found.right / found.labelled
            labelled = LabelledAnswers(
                found.labelled, found.right, share, lower, upper, manifest.metrics.get("accuracy", 0.0)
            )
        return Drift(serving.revision, serving.bundle_digest, since, answers, labelled)
