"""Recorded predictions of a rollout, and one look at them: what their labels show, and how far both agree."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from promotion.clock import Clock
from promotion.gate.policy import GatePolicy
from promotion.recorded.agreement import ShadowAgreement, find_agreement
from promotion.recorded.answer_source import AnswerSource
from promotion.recorded.answers import RecordsError, RolloutAnswers
from promotion.recorded.findings import LabelFinding, LabelState, find_in_labels
from promotion.recorded.label_store import FileLabels

LOOK_SECONDS = 1.0
"""Between two looks, at least: each goes through all that was recorded."""
LOOK_SHARE = 0.1
"""Of the promoter's time, at most: what else it watches must not wait for long."""


@dataclass(slots=True)
class LiveLabels:
    """What the predictors recorded, with the labels that are kept in `labels`."""

    open_answers: Callable[[RolloutAnswers], AnswerSource]
    labels: Path
    """The directory of a FileRolloutStore."""
    policy: GatePolicy
    clock: Clock
    _finding: LabelFinding | None = field(default=None, init=False)
    _of: RolloutAnswers | None = field(default=None, init=False)
    _predictions: AnswerSource | None = field(default=None, init=False)
    _given: FileLabels | None = field(default=None, init=False)
    _look_at: float = field(default=0.0, init=False)
    """When the next look is due, by the monotonic clock."""

    def look(self, of: RolloutAnswers) -> LabelFinding:
        """The finding on what has come; never raises for records that cannot be read: they are no data."""
        now, before = self.clock.monotonic_seconds(), self.found(of)
        if before is not None and now < self._look_at:
            return before
        predictions, given = self._parts(of)
        self._finding = self._find(predictions, given)
        took = self.clock.monotonic_seconds() - now
        self._look_at = now + max(LOOK_SECONDS, took / LOOK_SHARE)
        return self._finding

    def found(self, of: RolloutAnswers) -> LabelFinding | None:
        """What the newest look found; None before the first."""
        return self._finding if of == self._of else None

    def _find(self, predictions: AnswerSource, given: FileLabels) -> LabelFinding:
        try:
            given.read()
            predictions.read()
        except RecordsError as error:
            return LabelFinding(LabelState.NO_DATA, text=str(error))
        return find_in_labels(predictions.answers, given.given, self.policy, self.clock.now().timestamp())

    def compare(self, of: RolloutAnswers, since: float) -> ShadowAgreement:
        """How far both agree on what was answered `since` then (seconds since the epoch). Raises RecordsMissing."""
        predictions, _ = self._parts(of)
        predictions.read()
        return find_agreement(predictions.answers, since, self.clock.now().timestamp())

    def _parts(self, of: RolloutAnswers) -> tuple[AnswerSource, FileLabels]:
        if self._of != of or self._predictions is None or self._given is None:
            self._of, self._finding = of, None
            self._predictions = self.open_answers(of)
            self._given = FileLabels(self.labels, of.rollout_id)
        return self._predictions, self._given
