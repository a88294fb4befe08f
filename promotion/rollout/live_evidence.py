"""Recorded predictions in a rollout: which of them are its own, and what their labels, or a shadow, lead to."""

from dataclasses import dataclass
from datetime import datetime

from promotion.gate.outcome import Outcome
from promotion.gate.policy import LiveLabelPolicy
from promotion.recorded.agreement import ShadowAgreement
from promotion.recorded.answers import RolloutAnswers
from promotion.recorded.findings import LabelFinding, LabelState
from promotion.recorded.live_labels import LiveLabels
from promotion.rollout.events import Stopped
from promotion.rollout.record import RolloutRecord, StopCode


@dataclass(frozen=True, slots=True)
class LiveEvidence:
    """Recorded predictions of both revisions, where somebody has said where they are."""

    recorded: LiveLabels
    policy: LiveLabelPolicy

    def look(self, record: RolloutRecord) -> LabelFinding | None:
        """What labels show; None before the verdict. Never raises: what cannot be read is no data."""
        of = _answers_of(record)
        return self.recorded.look(of) if of is not None else None

    def newest(self, record: RolloutRecord) -> LabelFinding | None:
        """What the newest look found; None where this process has not looked."""
        of = _answers_of(record)
        return self.recorded.found(of) if of is not None else None

    def compare(self, record: RolloutRecord) -> ShadowAgreement:
        """How far both agree since requests were mirrored. Raises RecordsMissing."""
        of, since = _answers_of(record), record.mirrored_at
        if of is None or since is None:
            return ShadowAgreement()
        return self.recorded.compare(of, _seconds(since))

    def is_missing(self, finding: LabelFinding | None) -> bool:
        """Whether labels are required and not there, so that no step passes."""
        has_said = finding is not None and finding.state not in {LabelState.NO_DATA, LabelState.COVERAGE_DIFFERS}
        return self.policy.required and not has_said


def harm_of(finding: LabelFinding | None) -> Stopped | None:
    """Why the canary must not keep its traffic; None where no harm is shown."""
    if finding is None or finding.state is not LabelState.HARM or finding.worse_at_least is None:
        return None
    canary, stable = finding.canary, finding.stable
    text = (
        f"by true labels the canary is wrong in {canary.wrong} of {canary.labelled} rows, stable in {stable.wrong} of "
        f"{stable.labelled}: {finding.worse_at_least:.1%} more at least, {finding.allowed:.1%} may"
    )
    return Stopped(Outcome.REJECT, text, StopCode.LIVE_HARM_SHOWN)


def unlabelled_after(seconds: float, finding: LabelFinding | None) -> Stopped:
    """What a step ends with that required labels, and had none by its deadline."""
    why = finding.text if finding is not None else "nobody looked"
    text = f"no labels of live answers that can be gone by in {seconds:.0f} s: {why}"
    return Stopped(Outcome.INCONCLUSIVE, text, StopCode.NO_LIVE_LABELS)


def unseen_after(seconds: float, agreement: ShadowAgreement, needed: int) -> Stopped:
    """What a shadow ends with that both did not answer in time."""
    text = f"both answered only {agreement.requests} mirrored requests in {seconds:.0f} s; the shadow needs {needed}"
    missing = f", and the canary did not answer {agreement.without_canary} of them" if agreement.without_canary else ""
    return Stopped(Outcome.INCONCLUSIVE, text + missing, StopCode.NO_SHADOW)


def _answers_of(record: RolloutRecord) -> RolloutAnswers | None:
    since = record.judged_at
    if since is None:
        return None
    return RolloutAnswers(record.rollout_id, record.stable_digest, record.canary_digest, _seconds(since))


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
