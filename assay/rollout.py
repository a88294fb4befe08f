"""A rollout from its beginning to its end, through whatever parts the wiring has chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assay.further_rows import LoadRows, RolloutRows
from assay.rollout_text import RolloutTeller
from dataset import LabelledRows
from promotion.clock import Clock
from promotion.evidence.evidence_source import EvidenceSource
from promotion.gate.configuration import policy_digest
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord
from promotion.guardrails.guardrail_source import GuardrailSource
from promotion.guardrails.watch import Guardrails
from promotion.judgement import judge_canary
from promotion.recorded.live_labels import LiveLabels
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.beginning import WAY_OUT, begin, resume
from promotion.rollout.live_evidence import LiveEvidence
from promotion.rollout.orders import RolloutOrders
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutNotUsable, RolloutStore
from promotion.rollout.runner import RolloutRunner
from promotion.routers.request_counts import RequestCounter
from promotion.routers.traffic_router import MirroringRouter, TrafficRouter

_BEFORE_PROMOTE = {RolloutState.JUDGING, RolloutState.HOLDING}
SUPERSEDED_SECONDS = 60.0
"""How long the promoter of the older rollout may take to end."""


@dataclass(frozen=True, slots=True)
class RolloutParts:
    """What a rollout acts through."""

    router: TrafficRouter
    counter: RequestCounter
    source: EvidenceSource
    store: RolloutStore
    clock: Clock
    keep_evidence: Callable[[RolloutRecord, EvidenceRecord], None]
    prepare: Callable[[], None] = lambda: None
    """What the router needs before its split is first read for a rollout."""
    report: Callable[[RolloutRecord], None] = lambda _record: None
    """Told of every new state, beside the lines for the terminal."""
    finish: Callable[[RolloutRecord], None] = lambda _record: None
    """Told of the end, while the store is still claimed."""
    answered: RequestCounter | None = None
    """What the revisions count themselves."""
    orders: RolloutOrders | None = None
    """Where somebody may ask for the rollout's end."""
    guardrails: Sequence[GuardrailSource] = ()
    """Who counts what both revisions answer; nobody where no traffic moves."""
    mirror: MirroringRouter | None = None
    """The router, where it can mirror requests."""
    recorded: LiveLabels | None = None
    """What both revisions record, where somebody has said where."""
    note: Callable[[RolloutRecord], None] = lambda _record: None
    """Told of the beginning and of every new state, after `report`: who keeps rollouts in a database, too."""
    load_rows: LoadRows | None = None
    """Where further rows are that somebody hands in while it holds; None: nowhere."""
    is_dry_run: bool = False
    """Whether nothing moves, so that nothing is recorded either."""
    way_out: str = WAY_OUT
    """What to do about a canary that takes traffic already."""


def run_rollout(
    parts: RolloutParts, plan: RolloutPlan, holdout: LabelledRows, policy: GatePolicy, teller: RolloutTeller
) -> RolloutRecord:
    """Begin or resume, run to the end, and show it on the way. Raises PromotionError."""
    with parts.store.claim():
        newest = parts.store.read_newest()
        if newest is None or newest.is_finished or newest.state in _BEFORE_PROMOTE:
            parts.prepare()
        if newest is not None and not newest.is_finished:
            record = resume(newest, holdout.digest, policy_digest(policy))
        else:
            wanted = _new_record(_with_looks(plan, parts, policy), parts.source, holdout, policy, parts.clock)
            record = begin(wanted, newest, parts.router.read_split(), way_out=parts.way_out)
        _refuse_missing_parts(record, parts, policy)
        teller.show_beginning(record)
        parts.note(record)
        finished = _runner(parts, holdout, policy, teller).run(record)
        parts.finish(finished)
        return finished


def supersede_rollout(
    parts: RolloutParts, plan: RolloutPlan, source: EvidenceSource, holdout: LabelledRows, policy: GatePolicy, by: str
) -> None:
    """End the rollout that is under way, unless it is of the canary that `source` knows. Raises PromotionError."""
    if parts.orders is not None:
        wanted = _new_record(plan, source, holdout, policy, parts.clock)

        def finish(ended: RolloutRecord) -> None:
            parts.note(ended)
            parts.finish(ended)

        abort = RolloutAbort(parts.router, parts.store, parts.orders, parts.clock, finish)
        abort.supersede(wanted, by, SUPERSEDED_SECONDS)


def give_up_rollout(
    parts: RolloutParts, holdout: LabelledRows, policy: GatePolicy, teller: RolloutTeller, because: str
) -> RolloutRecord | None:
    """Put everything back on stable where a rollout is unfinished; its record, or None where none is.

    Raises PromotionError.
    """
    with parts.store.claim():
        newest = parts.store.read_newest()
        if newest is None or newest.is_finished:
            return None
        finished = _runner(parts, holdout, policy, teller).give_up(newest, because)
        parts.finish(finished)
        return finished


def _runner(parts: RolloutParts, holdout: LabelledRows, policy: GatePolicy, teller: RolloutTeller) -> RolloutRunner:
    rows = RolloutRows(holdout, parts.load_rows)

    def judge(record: RolloutRecord) -> EvidenceRecord:
        evidence = judge_canary(parts.source, rows.all_of(record), policy, parts.clock)
        parts.keep_evidence(record, evidence)
        teller.show_evidence(evidence)
        return evidence

    def report(record: RolloutRecord) -> None:
        teller.show_progress(record)
        parts.report(record)
        parts.note(record)

    return RolloutRunner(
        parts.router,
        parts.counter,
        parts.source,
        judge,
        parts.store,
        parts.clock,
        report,
        parts.answered,
        parts.orders,
        Guardrails(parts.guardrails, policy.guardrails),
        parts.mirror,
        LiveEvidence(parts.recorded, policy.live_labels) if parts.recorded is not None else None,
        rows.refuse,
    )


def _with_looks(plan: RolloutPlan, parts: RolloutParts, policy: GatePolicy) -> RolloutPlan:
    """A dry run waits for nobody: its first look is its last."""
    return plan if parts.is_dry_run else replace(plan, looks=policy.looks)


def _refuse_missing_parts(record: RolloutRecord, parts: RolloutParts, policy: GatePolicy) -> None:
    """Raise RolloutNotUsable where the plan or the policy asks for what is not there; going back needs none of it."""
    if parts.is_dry_run or record.is_finished or record.state is RolloutState.RESTORING:
        return
    if record.plan.has_shadow and parts.mirror is None:
        raise RolloutNotUsable("a shadow needs a router that mirrors requests, and this one does not: leave it out")
    if parts.recorded is None and (record.plan.has_shadow or policy.live_labels.required):
        what = "a shadow" if record.plan.has_shadow else "gate.yaml requires live labels, which"
        raise RolloutNotUsable(f"{what} needs what both revisions record on this machine: --records says where")


def _new_record(
    plan: RolloutPlan, source: EvidenceSource, holdout: LabelledRows, policy: GatePolicy, clock: Clock
) -> RolloutRecord:
    running = source.read_revisions()
    return RolloutRecord(
        rollout_id=1,
        plan=plan,
        stable_digest=running.stable.bundle_digest,
        canary_digest=running.canary.bundle_digest,
        holdout_digest=holdout.digest,
        policy_digest=policy_digest(policy),
        began_at=clock.now().isoformat(timespec="milliseconds"),
    )
