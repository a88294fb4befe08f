"""What a rollout acts through, in memory, with faults that a test asks for: time, a gateway, two revisions.

The router is the dry run, which tests/contract holds to the seam's promises; the verdict is the real one, of answers
that are known beforehand.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dataset import LabelledRows
from promotion.evidence.evidence_source import ReplayedHoldout, RevisionPair, RunningRevision
from promotion.gate.configuration import policy_digest
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord
from promotion.judgement import judge_canary
from promotion.rollout.guardrail_stops import NOTHING_WATCHED
from promotion.rollout.live_evidence import LiveEvidence
from promotion.rollout.orders import RolloutOrders
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutStore
from promotion.rollout.runner import RolloutRunner
from promotion.routers.dry_run import DryRunRouter
from promotion.routers.request_counts import RequestCounter, RequestCounts
from promotion.routers.traffic_router import Split
from tests.promotion.evidence.columns import make_holdout, paired_answers

STABLE_DIGEST = f"sha256:{'1' * 64}"
CANARY_DIGEST = f"sha256:{'2' * 64}"
OTHER_DIGEST = f"sha256:{'3' * 64}"
HOLDOUT = make_holdout()
POLICY = GatePolicy()


def new_record(plan: RolloutPlan) -> RolloutRecord:
    return RolloutRecord(1, plan, STABLE_DIGEST, CANARY_DIGEST, HOLDOUT.digest, policy_digest(POLICY))


@dataclass
class FakeClock:
    """Time that passes only when somebody sleeps."""

    seconds: float = 0.0
    sleeps: list[float] = field(default_factory=list)
    before_sleep: Callable[[], None] = lambda: None
    set_by: float = 0.0
    """How far the time of day was set ahead; seconds that pass are not changed by that."""

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, tzinfo=UTC) + timedelta(seconds=self.seconds + self.set_by)

    def jump(self, seconds: float) -> None:
        """Set the time of day ahead, or back."""
        self.set_by += seconds

    def monotonic_seconds(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.before_sleep()
        self.sleeps.append(seconds)
        self.seconds += seconds


@dataclass
class Faults:
    """What happens at the n-th call (from 1) of something: `at("write_split", 2, action)`; an action may raise."""

    calls: Counter[str] = field(default_factory=Counter)
    planned: dict[tuple[str, int], Callable[[], None]] = field(default_factory=dict)
    always: dict[str, Callable[[], None]] = field(default_factory=dict)

    def at(self, name: str, call: int, action: Callable[[], None]) -> None:
        self.planned[name, call] = action

    def meet(self, name: str) -> None:
        self.calls[name] += 1
        for action in (self.planned.get((name, self.calls[name])), self.always.get(name)):
            if action is not None:
                action()


def failing_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


class FaultyRouter:
    """The dry run behind the faults; remembers every share that was in force, in order."""

    def __init__(self, faults: Faults) -> None:
        self.router = DryRunRouter(report=lambda _line: None)
        self.shares = [0]
        self.mirrors = 0
        self._faults = faults

    def read_split(self) -> Split:
        self._faults.meet("read_split")
        return self.router.read_split()

    def write_split(self, canary_percent: int, since: Split) -> Split:
        self._faults.meet("write_split")
        written = self.router.write_split(canary_percent, since)
        self.shares.append(canary_percent)
        self._faults.meet("wrote_split")
        return written

    def write_mirror(self, since: Split) -> Split:
        self._faults.meet("write_mirror")
        written = self.router.write_mirror(since)
        self.mirrors += 1
        self._faults.meet("wrote_mirror")
        return written

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        self._faults.meet("confirm_split")
        self.router.confirm_split(split, timeout_seconds)

    def restore_stable(self) -> None:
        self._faults.meet("restore_stable")
        self.router.restore_stable()
        self.shares.append(0)

    def set_by_hand(self, canary_percent: int) -> None:
        """What somebody else does."""
        self.router.write_split(canary_percent, self.router.read_split())
        self.shares.append(canary_percent)


@dataclass
class Revisions:
    """An evidence source whose revisions answer by the columns of the holdout."""

    faults: Faults
    canary_column: str = "v2"
    stable_digest: str = STABLE_DIGEST
    canary_digest: str = CANARY_DIGEST

    def read_revisions(self) -> RevisionPair:
        self.faults.meet("read_revisions")
        return RevisionPair(
            RunningRevision("stable", "http://127.0.0.1:1", "columns", "1", "v1", self.stable_digest),
            RunningRevision("canary", "http://127.0.0.1:2", "columns", "2", "v2", self.canary_digest),
        )

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        self.faults.meet("replay_holdout")
        answers = paired_answers("v1", self.canary_column, holdout)
        return ReplayedHoldout(self.read_revisions(), answers, requests=26, retried=0, seconds=0.1)


@dataclass
class Clients:
    """Requests per second of the fake clock, split as the router says, counted since the gateway started."""

    clock: FakeClock
    router: FaultyRouter
    faults: Faults
    per_second: int = 100
    off_by_percent: int = 0
    """What the gateway sends to the canary beside what it was asked."""
    canary_fails_percent: int = 0
    """Share of the canary's answers that are errors."""
    _counted: RequestCounts = field(default_factory=lambda: RequestCounts(0, 0, 0))
    _sent: int = 0

    def read_counts(self) -> RequestCounts:
        self.faults.meet("read_counts")
        requests = round(self.clock.seconds * self.per_second) - self._sent
        self._sent += requests
        share = min(100, max(0, self.router.router.read_split().canary_percent + self.off_by_percent))
        canary = round(requests * share / 100)
        self.count(stable=requests - canary, canary=canary, failed=round(canary * self.canary_fails_percent / 100))
        return self._counted

    def count(self, *, stable: int = 0, canary: int = 0, failed: int = 0) -> None:
        """Answers that come at once, whatever the split."""
        counted = self._counted
        self._counted = RequestCounts(counted.stable + stable, counted.canary + canary, counted.failed + failed)

    def restart_gateway(self) -> None:
        self._counted = RequestCounts(0, 0, 0)


def judge_by(source: Revisions) -> Callable[[RolloutRecord], EvidenceRecord]:
    return lambda _record: judge_canary(source, HOLDOUT, POLICY, FakeClock())


class Surroundings:
    """All of it, and the runner in the middle."""

    def __init__(self, store: RolloutStore, *, canary_column: str = "v2") -> None:
        self.faults = Faults()
        self.clock = FakeClock()
        self.router = FaultyRouter(self.faults)
        self.revisions = Revisions(self.faults, canary_column)
        self.clients = Clients(self.clock, self.router, self.faults)
        self.store = store
        self.report: Callable[[RolloutRecord], None] = lambda _record: None
        self.answered: RequestCounter | None = None
        self.orders: RolloutOrders | None = None
        self.guardrails = NOTHING_WATCHED
        self.live: LiveEvidence | None = None

    def run(self, plan: RolloutPlan) -> RolloutRecord:
        return self.resume(new_record(plan))

    def resume(self, record: RolloutRecord) -> RolloutRecord:
        return self._runner().run(record)

    def give_up(self, record: RolloutRecord, because: str) -> RolloutRecord:
        return self._runner().give_up(record, because)

    def _runner(self) -> RolloutRunner:
        judge = judge_by(self.revisions)
        seams = (self.router, self.clients, self.revisions, judge, self.store, self.clock, self.report)
        return RolloutRunner(*seams, self.answered, self.orders, self.guardrails, self.router, self.live)


def assert_went_back(record: RolloutRecord, around: Surroundings, outcome: Outcome, because: str) -> None:
    assert (record.state, record.outcome) == (RolloutState.RESTORED, outcome)
    assert because in record.because
    assert around.router.router.read_split().canary_percent == 0
    assert around.store.read_newest() == record
