"""Looks at the rollouts of a place from outside: nothing is claimed, nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from promotion.clock import Clock
from promotion.errors import PromotionError
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutNotUsable, RolloutStore
from promotion.rollout.status import RolloutStatus, rollout_status
from promotion.routers.request_counts import RequestCounter, RequestCounts


@dataclass(frozen=True, slots=True)
class RolloutWatch:
    """Reads what a rollout keeps, and beside it what the gateway and the revisions count now."""

    store: RolloutStore
    read_evidence: Callable[[RolloutRecord], EvidenceRecord | None]
    clock: Clock
    counter: RequestCounter | None = None
    """None: a step under way is shown without its counts."""
    answered: RequestCounter | None = None

    def read_status(self) -> RolloutStatus | None:
        """How the newest rollout stands; None before the first. Raises RolloutError. Can be repeated."""
        record = self.store.read_newest()
        if record is None:
            return None
        counted = answered = None
        if record.state is RolloutState.OBSERVING:
            counted, answered = _read(self.counter), _read(self.answered)
        evidence = self.read_evidence(record) if record.verdict is not None else None
        return rollout_status(record, evidence, self.clock.now(), counted, answered)

    def read_kept(self) -> Sequence[RolloutRecord]:
        """The rollouts that are kept, oldest first. Raises RolloutError. Can be repeated."""
        return self.store.read_kept()


def read_evidence_file(path: Path) -> EvidenceRecord | None:
    """The evidence at `path`; None where none was kept. Raises RolloutNotUsable."""
    try:
        return EvidenceRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RolloutNotUsable(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise RolloutNotUsable(f"{path}: not the evidence of a rollout: {error.errors()[0]['msg']}") from error


def _read(counter: RequestCounter | None) -> RequestCounts | None:
    try:
        return counter.read_counts() if counter is not None else None
    except PromotionError:  # a gateway or a revision that is away leaves the rest of the view
        return None
