"""The runner in any world: whatever fails, changes or is killed, in whatever order, traffic follows the verdict."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from promotion.evidence.evidence_source import PredictorUnreachable
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import Pause, RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutError, RolloutInterrupted
from promotion.routers.traffic_router import RouterUnreachable
from tests.promotion.rollout.recorded_traffic import look_anew, recorded
from tests.promotion.rollout.surroundings import (
    CANARY_DIGEST,
    OTHER_DIGEST,
    STABLE_DIGEST,
    Surroundings,
    failing_with,
    new_record,
)

STEPS = (25, 50, 100)


class Killed(BaseException):
    """The promoter's process ends here."""


@dataclass(frozen=True)
class Event:
    """What happens at the n-th call of something."""

    call: str
    number: int
    what: str


CALLS = {
    "read_split": ["fails", "killed", "set by hand"],
    "write_split": ["fails", "killed", "set by hand"],
    "wrote_split": ["fails", "killed"],
    "write_mirror": ["fails", "killed"],
    "wrote_mirror": ["fails", "killed"],
    "confirm_split": ["fails", "killed", "clock back"],
    "restore_stable": ["fails", "killed"],
    "read_counts": ["fails", "killed", "clock ahead", "gateway started anew"],
    "read_revisions": ["fails", "killed", "another bundle", "clock back"],
    "replay_holdout": ["fails", "killed"],
    "save": ["killed", "disk full"],
}
events = st.sampled_from(sorted(CALLS)).flatmap(
    lambda call: st.builds(Event, st.just(call), st.integers(1, 12), st.sampled_from(CALLS[call]))
)
plans = st.builds(
    RolloutPlan,
    st.just(STEPS),
    minimum_requests=st.sampled_from([0, 100]),
    minimum_seconds=st.just(1.0),
    deadline_seconds=st.just(20.0),
    attempts=st.integers(1, 3),
    pauses=st.sampled_from([(), (Pause(50, 2.0),)]),
    shadow_requests=st.sampled_from([0, 20]),
)


class FailingStore(FileRolloutStore):
    """A store in whose writes something happens."""

    around: Surroundings

    def save(self, record: RolloutRecord) -> None:
        self.around.faults.meet("save")
        super().save(record)


def plan_event(around: Surroundings, event: Event) -> None:
    unreachable = PredictorUnreachable if event.call in {"read_revisions", "replay_holdout"} else RouterUnreachable
    actions: dict[str, Callable[[], None]] = {
        "fails": failing_with(unreachable("not now")),
        "killed": failing_with(Killed()),
        "disk full": failing_with(RolloutError("no space left on device")),
        "set by hand": lambda: around.router.set_by_hand(7),
        "another bundle": lambda: setattr(around.revisions, "canary_digest", OTHER_DIGEST),
        "gateway started anew": around.clients.restart_gateway,
        "clock ahead": lambda: around.clock.jump(100_000.0),
        "clock back": lambda: around.clock.jump(-100_000.0),
    }
    around.faults.at(event.call, event.number, actions[event.what])


@given(
    plan=plans,
    canary=st.sampled_from(["v2", "v2", "v3"]),
    happenings=st.lists(events, max_size=4),
    says_wrong=st.sampled_from([0, 0, 2]),
    swapped_at=st.none() | st.integers(1, 16),
)
@settings(max_examples=50)
def test_whatever_happens_traffic_follows_the_verdict_and_the_rollout_ends(
    plan: RolloutPlan, canary: str, happenings: list[Event], says_wrong: int, swapped_at: int | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FailingStore(Path(folder))
        around = Surroundings(store, canary_column=canary)
        object.__setattr__(store, "around", around)
        traffic = recorded(around, GatePolicy())
        traffic.canary_says = lambda number: "wrong" if says_wrong and number % says_wrong == 0 else "right"
        swap = [] if swapped_at is None else [Event("save", swapped_at, "another bundle")]
        for event in (*happenings, *swap):
            plan_event(around, event)
        by_rollout: list[int] = []

        def hold_the_write_to_the_verdict() -> None:
            record = store.read_newest()
            assert record is not None
            assert (record.verdict, record.state) == (Outcome.PROMOTE, RolloutState.WRITING)
            assert (around.revisions.stable_digest, around.revisions.canary_digest) == (STABLE_DIGEST, CANARY_DIGEST)
            by_rollout.append(record.asked_percent)

        around.faults.always["write_split"] = hold_the_write_to_the_verdict
        record = run_to_the_end(around, new_record(plan))
        split = around.router.router.read_split()
        assert by_rollout == sorted(by_rollout)
        assert not split.mirrors
        if record.state is RolloutState.PROMOTED:
            assert (record.outcome, record.verdict, split.canary_percent) == (Outcome.PROMOTE, Outcome.PROMOTE, 100)
            assert [seen.asked_percent for seen in record.observations] == list(STEPS)
        else:
            assert (record.state, split.canary_percent) == (RolloutState.RESTORED, 0)
            assert record.outcome in {Outcome.REJECT, Outcome.INCONCLUSIVE, Outcome.ERROR}
            assert record.because
        if canary == "v3":
            assert set(around.router.shares) <= {0, 7}


def run_to_the_end(around: Surroundings, record: RolloutRecord) -> RolloutRecord:
    """Start the promoter again as often as it takes; each of the few faults ends it once at most."""
    for _ in range(40):
        with suppress(Killed, RolloutInterrupted, RolloutError):
            return around.resume(around.store.read_newest() or record)
        look_anew(around, GatePolicy())
    raise AssertionError("it makes no headway")
