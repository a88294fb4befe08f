"""What a rollout says while it is under way: lines for a terminal, or a log whose entries have fields."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from promotion.gate.record import EvidenceRecord
from promotion.gate.verdict_text import describe_replay, describe_verdict
from promotion.rollout.record import RolloutRecord, RolloutState


class RolloutTeller(Protocol):
    """Told of the evidence and of every new record; says what is new."""

    def show_beginning(self, record: RolloutRecord) -> None:
        """Say whether this is a new rollout or one that goes on."""

    def show_evidence(self, evidence: EvidenceRecord) -> None:
        """The verdict with its numbers."""

    def show_progress(self, record: RolloutRecord) -> None:
        """What has happened since the last call."""


@dataclass
class RolloutLines:
    """A RolloutTeller for a terminal: a few lines for each thing that happens."""

    print_lines: Callable[[Iterable[str]], None]
    _shown: int = field(default=0, init=False)

    def show_beginning(self, record: RolloutRecord) -> None:
        """See RolloutTeller."""
        self._shown = len(record.history)
        doing = "has ended" if record.is_finished else "goes on" if record.history else "begins"
        doing += f" ({record.state})" if record.history else ""
        self.print_lines([f"rollout {record.rollout_id} {doing}: canary {_short(record.canary_digest)}"])

    def show_evidence(self, evidence: EvidenceRecord) -> None:
        """See RolloutTeller."""
        replay = describe_replay(evidence.replay) if evidence.replay else ()
        self.print_lines(["", *describe_verdict(evidence.to_verdict()), "", *replay, ""])

    def show_progress(self, record: RolloutRecord) -> None:
        """See RolloutTeller."""
        for event in record.history[self._shown :]:
            if not event.text.startswith(f"{record.verdict}:"):  # the verdict, which show_evidence has said
                self.print_lines([f"{event.at[11:19]}  {event.text}"])
        self._shown = len(record.history)
        if record.state is RolloutState.PROMOTED:
            self.print_lines([f"rollout {record.rollout_id} promoted: all traffic goes to the canary"])
        if record.state is RolloutState.RESTORED:
            why = "" if record.verdict is record.outcome else f": {record.because}"
            self.print_lines([f"rollout {record.rollout_id} ends with {record.outcome}{why}"])


@dataclass
class RolloutLog:
    """A RolloutTeller for a log: an entry for each thing that happens, with the rollout's fields."""

    log: logging.Logger
    _shown: int = field(default=0, init=False)
    _rollout_id: int | None = field(default=None, init=False)

    def show_beginning(self, record: RolloutRecord) -> None:
        """See RolloutTeller."""
        self._shown, self._rollout_id = len(record.history), record.rollout_id
        what = "has ended" if record.is_finished else "goes on" if record.history else "begins"
        self._say(record, f"the rollout {what}", state=record.state)

    def show_evidence(self, evidence: EvidenceRecord) -> None:
        """See RolloutTeller."""
        fields = {
            "rollout_id": self._rollout_id,
            "verdict": evidence.verdict,
            "stable_digest": evidence.stable.bundle_digest,
            "canary_digest": evidence.canary.bundle_digest,
            "n": evidence.n,
            "b": evidence.b,
            "c": evidence.c,
            "margin": evidence.margin,
            "z": evidence.z,
            "lower_bound": evidence.lower_bound,
        }
        said = {name: value for name, value in fields.items() if value is not None}
        self.log.info(f"{evidence.verdict}: {evidence.headline}", extra={"fields": said})

    def show_progress(self, record: RolloutRecord) -> None:
        """See RolloutTeller."""
        for event in record.history[self._shown :]:
            if not event.text.startswith(f"{record.verdict}:"):  # as above
                self._say(record, event.text, at=event.at, state=event.state)
        self._shown = len(record.history)
        if record.is_finished:
            self._say(record, f"the rollout ends with {record.outcome}: {record.because}", outcome=str(record.outcome))

    def _say(self, record: RolloutRecord, text: str, **more: str) -> None:
        digests = {"stable_digest": record.stable_digest, "canary_digest": record.canary_digest}
        fields = {"rollout_id": record.rollout_id, **digests, "percent": record.intended_percent, **more}
        self.log.info(text, extra={"fields": fields})


def _short(digest: str) -> str:
    return digest[:19]
