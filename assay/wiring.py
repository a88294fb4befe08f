"""Chooses the concrete classes behind the seams of a judgement and of a rollout on this machine."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from access.caller import OwnCredentials
from assay.further_rows import rows_in_directory
from assay.guardrail_sources import DEFAULT_SOURCES, GuardrailSources
from assay.output import say
from assay.progress import ShareDone
from assay.registry_aliases import with_aliases
from assay.rollout import RolloutParts, run_rollout, supersede_rollout
from assay.rollout_notes import ReadEvidence, rollout_notes
from assay.rollout_text import RolloutTeller
from assay.rollout_watch import RolloutWatch, read_evidence_file
from assay.whoami import rollout_environment, who
from dataset import LabelledRows
from promotion.clock import SystemClock
from promotion.evidence.evidence_source import EvidenceSource, ReplayedHoldout, RevisionPair
from promotion.evidence.holdout_replay import HoldoutReplay
from promotion.evidence.predictor_counter import PredictorCounter
from promotion.evidence.predictor_served import PredictorServed
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord, write_evidence
from promotion.guardrails.guardrail_source import GuardrailSource
from promotion.recorded.answer_source import AnswerSource
from promotion.recorded.answers import RolloutAnswers
from promotion.recorded.live_labels import LiveLabels
from promotion.recorded.predictions import RecordedPredictions
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.discard_store import DiscardRolloutStore
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord
from promotion.rollout.rollout_store import RolloutNotUsable
from promotion.routers.dry_run import DryRunCounter, DryRunRouter
from promotion.routers.envoy import EnvoyRequestCounter, EnvoyRouter, EnvoyServed, RevisionEndpoint


def holdout_replay(stable_url: str, canary_url: str) -> EvidenceSource:
    """Evidence by replaying a holdout over HTTP or gRPC, as the URLs say, with its progress shown."""
    shown: dict[str, ShareDone] = {}

    def report(holdout: LabelledRows, share: float) -> None:
        title = f"replaying {len(holdout)} rows of {holdout.name} against stable and canary"
        shown.setdefault(title, ShareDone(title))(share)

    return HoldoutReplay(stable_url=stable_url, canary_url=canary_url, credentials=OwnCredentials.read(), report=report)


def evidence_path(directory: Path, record: RolloutRecord) -> Path:
    """Where the evidence of a rollout is kept."""
    return directory / f"evidence-{record.rollout_id:04d}.json"


def dry_run_parts(source: EvidenceSource) -> RolloutParts:
    """A rollout that judges, and only says how traffic would move."""
    return RolloutParts(
        router=DryRunRouter(say),
        counter=DryRunCounter(),
        source=source,
        store=DiscardRolloutStore(),
        clock=SystemClock(),
        keep_evidence=lambda _record, _evidence: None,
        is_dry_run=True,
    )


def dry_run_plan(plan: RolloutPlan) -> RolloutPlan:
    """`plan` without what waits for requests, of which there are none."""
    return RolloutPlan(steps=plan.steps, minimum_requests=0, minimum_seconds=0, settle_seconds=0)


@dataclass(frozen=True, slots=True)
class RolloutWiring:
    """A rollout of this machine's gateway."""

    gateway: Path
    out: Path
    holdout: LabelledRows
    policy: GatePolicy
    is_dry_run: bool
    newer_canary: RevisionEndpoint | None = None
    """Who takes the role of the canary, also from one whose rollout is under way, which is then superseded."""
    guardrails: GuardrailSources = DEFAULT_SOURCES
    records: tuple[Path, ...] = ()
    """Where the predictors record; none, and no database either: no shadow, and no labels."""
    database_url: str | None = None
    """Of the database that they record in; it may hold a password."""

    def run(self, plan: RolloutPlan, teller: RolloutTeller) -> RolloutRecord:
        """Begin or resume, run to the end, and show it on the way. Raises PromotionError."""
        source = _RolesHolders(self.gateway)
        if self.is_dry_run:
            return run_rollout(dry_run_parts(source), dry_run_plan(plan), self.holdout, self.policy, teller)
        with rollout_notes(rollout_environment(self.gateway, None, ""), _evidence_reader(self.out)) as note:
            return self._run(plan, teller, source, note)

    def _run(
        self,
        plan: RolloutPlan,
        teller: RolloutTeller,
        source: "_RolesHolders",
        note: Callable[[RolloutRecord], None],
    ) -> RolloutRecord:
        router, clock = EnvoyRouter(self.gateway), SystemClock()
        parts = RolloutParts(
            router=router,
            counter=EnvoyRequestCounter(self.gateway),
            source=source,
            store=FileRolloutStore(self.out),
            clock=clock,
            keep_evidence=self._keep_evidence,
            answered=PredictorCounter(source.read_urls, OwnCredentials.read()),
            orders=FileRolloutOrders(self.out),
            mirror=router,
            load_rows=rows_in_directory(self.out),
            recorded=self._recorded(clock),
            note=note,
        )
        if self.newer_canary is not None:
            newer = self.newer_canary
            replay = holdout_replay(router.read_revisions().stable.url, newer.url)
            supersede_rollout(parts, plan, replay, self.holdout, self.policy, who())
            router.assign("canary", newer)
        parts = with_aliases(replace(parts, guardrails=self._guardrail_sources(source)))
        return run_rollout(parts, plan, self.holdout, self.policy, teller)

    def _recorded(self, clock: SystemClock) -> LiveLabels | None:
        if not self.records and self.database_url is None:
            return None
        return LiveLabels(self._open_answers, self.out, self.policy, clock)

    def _open_answers(self, of: RolloutAnswers) -> AnswerSource:
        if self.database_url is None:
            return RecordedPredictions(self.records, of)
        from promotion.recorded.database_predictions import DatabasePredictions  # loads SQLAlchemy

        return DatabasePredictions(self.database_url, of)

    def _guardrail_sources(self, source: "_RolesHolders") -> tuple[GuardrailSource, ...]:
        made: dict[str, GuardrailSource] = {
            "gateway": EnvoyServed(self.gateway),
            "revisions": PredictorServed(source.read_urls, OwnCredentials.read()),
        }
        return self.guardrails.choose(made, self._revision_names)

    def _revision_names(self) -> tuple[str, str]:
        """As the gateway knows them; a rollout goes back to stable also when there is no canary any more."""
        revisions = EnvoyRouter(self.gateway).read_revisions()
        return revisions.stable.name, revisions.canary.name if revisions.canary else ""

    def _keep_evidence(self, record: RolloutRecord, evidence: EvidenceRecord) -> None:
        write_evidence(evidence, evidence_path(self.out, record))


def machine_watch(out: Path, gateway: Path) -> RolloutWatch:
    """A look at the rollouts in `out`, and at what is counted at `gateway` where that runs."""

    def find_urls() -> tuple[list[str], list[str]]:
        revisions = EnvoyRouter(gateway).read_revisions()
        return [revisions.stable.url], [revisions.canary.url] if revisions.canary else []

    return RolloutWatch(
        FileRolloutStore(out),
        _evidence_reader(out),
        SystemClock(),
        EnvoyRequestCounter(gateway),
        PredictorCounter(find_urls, OwnCredentials.read()),
    )


def machine_abort(out: Path, gateway: Path) -> RolloutAbort:
    """What ends the rollout in `out` and restores stable at `gateway`."""
    return RolloutAbort(EnvoyRouter(gateway), FileRolloutStore(out), FileRolloutOrders(out), SystemClock())


def _evidence_reader(out: Path) -> ReadEvidence:
    return lambda record: read_evidence_file(evidence_path(out, record))


@dataclass(frozen=True, slots=True)
class _RolesHolders:
    """Evidence of whoever has the roles at the gateway at the time of each call: that is where traffic would go."""

    gateway: Path

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises RolloutNotUsable where there is no canary."""
        return self._replay().read_revisions()

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        """Let both answer every row. Raises RolloutNotUsable where there is no canary."""
        return self._replay().replay_holdout(holdout)

    def read_urls(self) -> tuple[list[str], list[str]]:
        """Where both answer. Raises RolloutNotUsable where there is no canary."""
        stable, canary = self._find_holders()
        return [stable], [canary]

    def _replay(self) -> EvidenceSource:
        return holdout_replay(*self._find_holders())

    def _find_holders(self) -> tuple[str, str]:
        revisions = EnvoyRouter(self.gateway).read_revisions()
        if revisions.canary is None:
            raise RolloutNotUsable(
                f"{self.gateway}: there is no canary; assign one first: assay split assign canary NAME=URL"
            )
        return revisions.stable.url, revisions.canary.url
