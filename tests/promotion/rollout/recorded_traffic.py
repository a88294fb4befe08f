"""Requests that both revisions of the surroundings record, as the split of the moment sends them, and their labels."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from promotion.gate.policy import GatePolicy
from promotion.recorded.label_store import FileLabels
from promotion.recorded.labels import TrueLabel
from promotion.recorded.live_labels import LiveLabels
from promotion.recorded.predictions import RecordedPredictions
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.live_evidence import LiveEvidence
from tests.promotion.recorded.recordings import append, record_line
from tests.promotion.rollout.surroundings import CANARY_DIGEST, STABLE_DIGEST, Surroundings

PER_SECOND = 20


@dataclass
class RecordedTraffic:
    """Stable is always right; the canary answers what it is told to, and every request has a label unless told so."""

    around: Surroundings
    records: Path
    canary_says: Callable[[int], str] = lambda _number: "right"
    is_labelled: Callable[[int, str], bool] = lambda _number, _role: True
    """By number of the request and who answered it."""
    canary_records: bool = True
    _sent: int = 0
    _labels: list[TrueLabel] = field(default_factory=list)

    def record(self) -> None:
        """What was asked since the last call, and the labels for it."""
        split = self.around.router.router.read_split()
        number, due = self._sent, int(self.around.clock.seconds * PER_SECOND)
        lines: list[bytes] = []
        for number in range(self._sent, due):
            is_canary = number * 37 % 100 < split.canary_percent
            if is_canary or split.mirrors:
                lines += [self._line(number, CANARY_DIGEST, self.canary_says(number))] if self.canary_records else []
            if not is_canary:
                lines.append(self._line(number, STABLE_DIGEST, "right"))
            if self.is_labelled(number, "canary" if is_canary else "stable"):
                self._labels.append(TrueLabel(f"request-{number}", 0, "right"))
        self._sent = due
        append(self.records, *lines)
        if self._labels:
            at = self.around.clock.now().timestamp()
            FileLabels(self.records.parent, 1).hand_in(self._labels, "ann", at)
            self._labels.clear()

    def _line(self, number: int, digest: str, label: str) -> bytes:
        return record_line(f"request-{number}", self.around.clock.now().timestamp(), digest, [label])


def recorded(around: Surroundings, policy: GatePolicy) -> RecordedTraffic:
    """Traffic that goes on whenever the promoter looks at the revisions, and a promoter that looks at its records."""
    assert isinstance(around.store, FileRolloutStore)
    records = around.store.directory / "records"
    (records / "worker-0").mkdir(parents=True)
    traffic = RecordedTraffic(around, records)
    around.faults.always["read_revisions"] = traffic.record
    look_anew(around, policy)
    return traffic


def look_anew(around: Surroundings, policy: GatePolicy) -> None:
    """As a process does that was just started."""
    assert isinstance(around.store, FileRolloutStore)
    directory = around.store.directory
    recorded = LiveLabels(partial(RecordedPredictions, [directory / "records"]), directory, policy, around.clock)
    around.live = LiveEvidence(recorded, policy.live_labels)
