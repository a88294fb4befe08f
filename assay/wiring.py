"""Chooses the concrete classes behind the seams of a judgement and of a rollout."""

from dataclasses import dataclass
from pathlib import Path

from assay.output import say
from assay.progress import ShareDone
from assay.rollout_text import RolloutLines
from dataset import LabelledRows
from promotion.clock import SystemClock
from promotion.evidence.evidence_source import EvidenceSource, ReplayedHoldout, RevisionPair
from promotion.evidence.holdout_replay import HoldoutReplay
from promotion.gate.configuration import policy_digest
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord, write_evidence
from promotion.judgement import judge_canary
from promotion.rollout.beginning import begin, resume
from promotion.rollout.discard_store import DiscardRolloutStore
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord
from promotion.rollout.rollout_store import RolloutNotUsable, RolloutStore
from promotion.rollout.runner import RolloutRunner
from promotion.routers.dry_run import DryRunCounter, DryRunRouter
from promotion.routers.envoy import EnvoyRequestCounter, EnvoyRouter
from promotion.routers.request_counts import RequestCounter
from promotion.routers.traffic_router import TrafficRouter


def holdout_replay(stable_url: str, canary_url: str, holdout: LabelledRows) -> EvidenceSource:
    """Evidence by replaying `holdout` over HTTP."""
    report = ShareDone(f"replaying {len(holdout)} rows of {holdout.name} against stable and canary")
    return HoldoutReplay(stable_url=stable_url, canary_url=canary_url, holdout=holdout, report=report)


def evidence_path(directory: Path, record: RolloutRecord) -> Path:
    """Where the evidence of a rollout is kept."""
    return directory / f"evidence-{record.rollout_id:04d}.json"


@dataclass(frozen=True, slots=True)
class RolloutWiring:
    """A rollout of this machine's gateway."""

    gateway: Path
    out: Path
    holdout: LabelledRows
    policy: GatePolicy
    is_dry_run: bool

    def run(self, plan: RolloutPlan, lines: RolloutLines) -> RolloutRecord:
        """Begin or resume, run to the end, and show it on the way. Raises PromotionError."""
        router: TrafficRouter = EnvoyRouter(self.gateway)
        counter: RequestCounter = EnvoyRequestCounter(self.gateway)
        store: RolloutStore = FileRolloutStore(self.out)
        source = _RolesHolders(self.gateway, self.holdout)
        if self.is_dry_run:
            plan = RolloutPlan(steps=plan.steps, minimum_requests=0, minimum_seconds=0, settle_seconds=0)
            router, counter, store = DryRunRouter(say), DryRunCounter(), DiscardRolloutStore()
        with store.claim():
            newest = store.read_newest()
            if newest is not None and not newest.is_finished:
                record = resume(newest, self.holdout.digest, policy_digest(self.policy))
            else:
                record = begin(self._new_record(plan, source), newest, router.read_split())
            lines.show_beginning(record)
            judge = _Judge(self, source, lines)
            runner = RolloutRunner(router, counter, source, judge, store, SystemClock(), lines.show_progress)
            return runner.run(record)

    def _new_record(self, plan: RolloutPlan, source: EvidenceSource) -> RolloutRecord:
        running = source.read_revisions()
        return RolloutRecord(
            rollout_id=1,
            plan=plan,
            stable_digest=running.stable.bundle_digest,
            canary_digest=running.canary.bundle_digest,
            holdout_digest=self.holdout.digest,
            policy_digest=policy_digest(self.policy),
        )


@dataclass(frozen=True, slots=True)
class _RolesHolders:
    """Evidence of whoever has the roles at the gateway at the time of each call: that is where traffic would go."""

    gateway: Path
    holdout: LabelledRows

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises RolloutNotUsable where there is no canary."""
        return self._replay().read_revisions()

    def replay_holdout(self) -> ReplayedHoldout:
        """Let both answer every row. Raises RolloutNotUsable where there is no canary."""
        return self._replay().replay_holdout()

    def _replay(self) -> EvidenceSource:
        revisions = EnvoyRouter(self.gateway).read_revisions()
        if revisions.canary is None:
            raise RolloutNotUsable(
                f"{self.gateway}: there is no canary; assign one first: assay split assign canary NAME=URL"
            )
        return holdout_replay(revisions.stable.url, revisions.canary.url, self.holdout)


@dataclass(frozen=True, slots=True)
class _Judge:
    wiring: RolloutWiring
    source: EvidenceSource
    lines: RolloutLines

    def __call__(self, record: RolloutRecord) -> EvidenceRecord:
        evidence = judge_canary(self.source, self.wiring.holdout, self.wiring.policy, SystemClock())
        if not self.wiring.is_dry_run:
            write_evidence(evidence, evidence_path(self.wiring.out, record))
        self.lines.show_evidence(evidence)
        return evidence
