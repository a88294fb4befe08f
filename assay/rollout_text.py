"""A rollout for a terminal: a few lines for each thing that happens."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from promotion.gate.record import EvidenceRecord
from promotion.gate.verdict_text import describe_replay, describe_verdict
from promotion.rollout.record import RolloutRecord, RolloutState


@dataclass
class RolloutLines:
    """Told of the evidence and of every new record; prints what is new."""

    print_lines: Callable[[Iterable[str]], None]
    _shown: int = field(default=0, init=False)

    def show_beginning(self, record: RolloutRecord) -> None:
        """Say whether this is a new rollout or one that goes on."""
        self._shown = len(record.history)
        doing = "has ended" if record.is_finished else "goes on" if record.history else "begins"
        doing += f" ({record.state})" if record.history else ""
        self.print_lines([f"rollout {record.rollout_id} {doing}: canary {_short(record.canary_digest)}"])

    def show_evidence(self, evidence: EvidenceRecord) -> None:
        """The verdict with its numbers."""
        replay = describe_replay(evidence.replay) if evidence.replay else ()
        self.print_lines(["", *describe_verdict(evidence.to_verdict()), "", *replay, ""])

    def show_progress(self, record: RolloutRecord) -> None:
        """What has happened since the last call."""
        for event in record.history[self._shown :]:
            if not event.text.startswith(f"{record.verdict}:"):  # the verdict, which show_evidence has said
                self.print_lines([f"{event.at[11:19]}  {event.text}"])
        self._shown = len(record.history)
        if record.state is RolloutState.PROMOTED:
            self.print_lines([f"rollout {record.rollout_id} promoted: all traffic goes to the canary"])
        if record.state is RolloutState.RESTORED:
            why = "" if record.verdict is record.outcome else f": {record.because}"
            self.print_lines([f"rollout {record.rollout_id} ends with {record.outcome}{why}"])


def _short(digest: str) -> str:
    return digest[:19]
