"""Carries out a rollout: does the next action, tells the state machine what happened, saves, and goes on.

All I/O of a rollout is here and in what is handed in. Every action may be done again after a crash: the split is read
before it is written, and what already stands is not written twice.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from promotion.clock import Clock
from promotion.errors import PromotionError
from promotion.evidence.evidence_source import EvidenceSource, PredictorUnreachable
from promotion.gate.outcome import Outcome
from promotion.gate.record import EvidenceRecord
from promotion.guardrails.watch import Guardrails, GuardrailWatch
from promotion.recorded.agreement import ShadowAgreement
from promotion.recorded.answers import RecordsMissing
from promotion.rollout.events import (
    Approved,
    Confirmed,
    Event,
    Failed,
    Judged,
    Mirrored,
    Paused,
    Restored,
    RowsGiven,
    RowsRefused,
    Shadowed,
    Stopped,
    Wrote,
)
from promotion.rollout.guardrail_stops import NOTHING_WATCHED, broken_by, missing_after
from promotion.rollout.live_evidence import LiveEvidence, harm_of, unlabelled_after, unseen_after
from promotion.rollout.orders import GivenRows, Order, OrderKind, RolloutOrders, RowsUnreachable, find_order
from promotion.rollout.record import RolloutRecord, RolloutState, StopCode
from promotion.rollout.rollout_store import RolloutError, RolloutInterrupted, RolloutStore
from promotion.rollout.step_counts import StepCounts
from promotion.rollout.step_ends import failing, interrupted, judge_step, too_few_requests
from promotion.rollout.transitions import Action, advance, next_action, stopped_by
from promotion.routers.request_counts import RequestCounter, RequestCounts
from promotion.routers.traffic_router import (
    MirroringRouter,
    RouterUnreachable,
    Split,
    SplitConflict,
    SplitNotConfirmed,
    TrafficRouter,
)

POLL_SECONDS = 0.25
HOLD_POLL_SECONDS = 0.5
REPEATABLE = (RouterUnreachable, SplitNotConfirmed, PredictorUnreachable, RecordsMissing, RowsUnreachable)


@dataclass(frozen=True, slots=True)
class RolloutRunner:
    """Everything that a rollout acts through."""

    router: TrafficRouter
    counter: RequestCounter
    source: EvidenceSource
    judge: Callable[[RolloutRecord], EvidenceRecord]
    """Collects the evidence, decides, keeps the evidence record; may be called again for the same rollout."""
    store: RolloutStore
    clock: Clock
    report: Callable[[RolloutRecord], None]
    """Told of every new state, after it was saved."""
    answered: RequestCounter | None = None
    """What the revisions count themselves, which is kept beside the gateway's counts and decides nothing."""
    orders: RolloutOrders | None = None
    """Where somebody may ask for the rollout's end."""
    guardrails: Guardrails = NOTHING_WATCHED
    """Who watches the canary beside stable while both take traffic."""
    mirror: MirroringRouter | None = None
    """The router, where it can mirror requests."""
    live: LiveEvidence | None = None
    """What both revisions record, and the labels that come for it."""
    refuse_rows: Callable[[RolloutRecord, GivenRows], str | None] = lambda _record, _given: "nobody can load them"
    """Why further rows cannot be judged with those before; None where they can. Raises RowsUnreachable."""

    def run(self, record: RolloutRecord) -> RolloutRecord:
        """Take `record` to its end and return it as it ended. The store must be claimed.

        Raises RolloutInterrupted when stable cannot be restored within the plan's attempts, RolloutError when the
        record cannot be saved; the rollout can be resumed after either.
        """
        self.store.save(record)
        while (action := next_action(record)) is not None:
            event = self._find_stop(record) or self._find_overdue(record) or self._do(action, record)
            if not isinstance(event, Judged):  # what the gate said is kept
                event = self._find_stop(record) or event
            record = self._after(record, event)
            if isinstance(event, Failed):
                self._pause_or_give_up(record, event)
        return record

    def give_up(self, unfinished: RolloutRecord, because: str) -> RolloutRecord:
        """Put everything back on stable, as nobody will go on, and return the record as it ended. As `run`."""
        if unfinished.state is not RolloutState.RESTORING:
            unfinished = self._after(unfinished, Stopped(Outcome.INCONCLUSIVE, because))
        return self.run(unfinished)

    def _after(self, record: RolloutRecord, event: Event) -> RolloutRecord:
        after = advance(self._with_labels(record), event, self.clock.now().isoformat(timespec="milliseconds"))
        self.store.save(after)
        self.report(after)
        return after

    def _find_stop(self, record: RolloutRecord) -> Stopped | None:
        """What an order leads to. It is looked for after an action, too: it explains the split that its giver wrote."""
        return stopped_by(self._read_orders(record)) if record.state is not RolloutState.RESTORING else None

    def _read_orders(self, record: RolloutRecord) -> Sequence[Order]:
        try:
            return self.orders.read_orders(record.rollout_id) if self.orders is not None else ()
        except RolloutError:  # one that cannot be read now may be next time; and an abort is seen by its split, too
            return ()

    def _find_overdue(self, record: RolloutRecord) -> Stopped | None:
        limit = record.plan.rollout_seconds
        if limit is None or record.began_at is None or record.state is RolloutState.RESTORING:
            return None
        if (self.clock.now() - datetime.fromisoformat(record.began_at)).total_seconds() < limit:
            return None
        return Stopped(Outcome.INCONCLUSIVE, f"not promoted within {limit:g} s", StopCode.OVERDUE)

    def _pause_or_give_up(self, record: RolloutRecord, failure: Failed) -> None:
        if record.state is RolloutState.RESTORING and record.failed_attempts >= record.plan.attempts:
            raise RolloutInterrupted(f"stable is not restored: {failure.text}; run the same command again to go on")
        if record.failed_attempts:  # none after the last: then it goes back at once
            self.clock.sleep(record.plan.pause_seconds * 2 ** (record.failed_attempts - 1))

    def _do(self, action: Action, record: RolloutRecord) -> Event:
        try:
            return self._carry_out(action, record)
        except REPEATABLE as error:
            return Failed(str(error))
        except SplitConflict as error:
            return Failed(str(error)) if action is Action.RESTORE_STABLE else interrupted(str(error))
        except PromotionError as error:
            return Failed(str(error)) if action is Action.RESTORE_STABLE else Stopped(Outcome.ERROR, str(error))

    def _carry_out(self, action: Action, record: RolloutRecord) -> Event:
        match action:
            case Action.JUDGE:
                return self._judge(record)
            case Action.AWAIT_ROWS:
                return self._await_rows(record)
            case Action.WRITE_MIRROR:
                return self._write_mirror(record)
            case Action.COMPARE_SHADOW:
                return self._compare_shadow(record)
            case Action.PAUSE:
                return self._hold(record, record.plan.pause_before(record.asked_percent)) or Paused()
            case Action.AWAIT_APPROVAL:
                return self._await_approval(record)
            case Action.WRITE_SPLIT:
                return self._write_split(record)
            case Action.CONFIRM_SPLIT:
                return self._confirm_split(record)
            case Action.OBSERVE_STEP:
                return self._observe_step(record)
            case Action.RESTORE_STABLE:
                self.router.restore_stable()
                return Restored()

    def _judge(self, record: RolloutRecord) -> Event:
        split = self.router.read_split()
        if split.canary_percent != 0 or split.mirrors:
            what = "copies of the requests" if split.mirrors else f"{split.canary_percent} %"
            return Stopped(Outcome.ERROR, f"the canary takes {what} without a verdict")
        if (changed := self._changed_digest(record)) is not None:
            return changed
        evidence = self.judge(record)
        judged = (evidence.stable.bundle_digest, evidence.canary.bundle_digest)
        if judged != (record.stable_digest, record.canary_digest):
            return Stopped(Outcome.ERROR, f"the bundles {' and '.join(judged)} were judged, not those of this rollout")
        return Judged(evidence.verdict, evidence.headline, split)

    def _await_rows(self, record: RolloutRecord) -> Event:
        seconds = record.plan.hold_seconds
        known = {record.holdout_digest, *(given.digest for given in (*record.further, *record.refused))}

        def find_rows() -> Event | None:
            for order in self._read_orders(record):
                if order.given is not None and order.given.digest not in known:
                    why = self.refuse_rows(record, order.given)
                    return RowsGiven(order.given, order.by) if why is None else RowsRefused(order.given, why)
            return None

        text = f"nobody handed in further rows within {seconds:g} s"
        return self._hold(record, seconds, find_rows) or Stopped(Outcome.INCONCLUSIVE, text, StopCode.NO_FURTHER_ROWS)

    def _write_mirror(self, record: RolloutRecord) -> Event:
        if self.mirror is None or self.live is None:
            text = "this rollout has a shadow: it needs a router that mirrors requests, and what both revisions record"
            return Stopped(Outcome.ERROR, text)
        if (changed := self._changed_digest(record)) is not None:
            return changed
        split = self.router.read_split()
        if not split.mirrors:  # else it is our own write, before a crash
            _refuse_others(record, split)
            split = self.mirror.write_mirror(split)
        self.router.confirm_split(split, record.plan.confirm_seconds)
        return Mirrored(split)

    def _compare_shadow(self, record: RolloutRecord) -> Event:
        plan, started = record.plan, self.clock.monotonic_seconds()
        needed, nothing = plan.shadow_requests or plan.minimum_requests, NOTHING_WATCHED.open_window()
        while True:
            agreement = self.live.compare(record) if self.live is not None else ShadowAgreement()
            if agreement != record.shadow:
                record = replace(record, shadow=agreement)
                self._show(record)
            if (trouble := self._find_trouble(record, RequestCounts(0, 0, 0), nothing)) is not None:
                return trouble
            seconds = self.clock.monotonic_seconds() - started
            if seconds >= plan.shadow_seconds and agreement.requests >= needed:
                return Shadowed(agreement)
            if seconds >= plan.deadline_seconds:
                return unseen_after(seconds, agreement, needed)
            self.clock.sleep(HOLD_POLL_SECONDS)

    def _await_approval(self, record: RolloutRecord) -> Event:
        percent, seconds = record.asked_percent, record.plan.approval_seconds

        def find_approval() -> Event | None:
            order = find_order(self._read_orders(record), OrderKind.APPROVE, percent)
            return Approved(percent, order.by, order.reason) if order is not None else None

        nobody = Stopped(
            Outcome.INCONCLUSIVE, f"nobody approved {percent} % within {seconds:g} s", StopCode.NOT_APPROVED
        )
        return self._hold(record, seconds, find_approval) or nobody

    def _hold(
        self, record: RolloutRecord, seconds: float, find_end: Callable[[], Event | None] = lambda: None
    ) -> Event | None:
        """What ended the time in which the split stays as it is; None once `seconds` are over and all was well."""
        ends, counted = self.clock.monotonic_seconds() + seconds, StepCounts(self.counter, None)
        watch = self._open_window(record)
        while True:
            watch.look()
            event = self._find_trouble(record, counted.read(), watch) or self._find_stop(record) or find_end()
            left = ends - self.clock.monotonic_seconds()
            if event is not None or left <= 0:
                return event
            self.clock.sleep(min(HOLD_POLL_SECONDS, left))

    def _open_window(self, record: RolloutRecord) -> GuardrailWatch:
        """The guardrails over what comes now. Where all goes to the canary, stable is what it was a step before."""
        guardrails = self.guardrails if record.intended_percent > 0 else NOTHING_WATCHED
        before = record.observations[-1].live if record.observations else ()
        return guardrails.open_window(before if record.intended_percent == 100 else None)

    def _find_trouble(self, record: RolloutRecord, counts: RequestCounts, watch: GuardrailWatch) -> Stopped | None:
        """Why traffic must not stay where it is."""
        return (
            self._changed_digest(record)
            or self._changed_split(record)
            or broken_by(watch)
            or self._find_harm(record)
            or failing(record, counts)
            or self._find_overdue(record)
        )

    def _find_harm(self, record: RolloutRecord) -> Stopped | None:
        """Why labels that came for live answers end the rollout."""
        if self.live is None:
            return None
        before, found = self._with_labels(record).labels, self.live.look(record)
        if found != before:
            self._show(record)
        return harm_of(found)

    def _with_labels(self, record: RolloutRecord) -> RolloutRecord:
        newest = self.live.newest(record) if self.live is not None else None
        return replace(record, labels=newest) if newest is not None else record

    def _show(self, record: RolloutRecord) -> None:
        """Keep what was seen meanwhile, for who looks at the record; nothing is lost where that fails now."""
        with suppress(RolloutError):
            self.store.save(self._with_labels(record))

    def _write_split(self, record: RolloutRecord) -> Event:
        if (changed := self._changed_digest(record)) is not None:
            return changed
        split = self.router.read_split()
        if split.canary_percent == record.asked_percent:
            return Wrote(split)  # our own write, before a crash: the store is claimed, so nobody else rolls out
        _refuse_others(record, split)
        written = self.router.write_split(record.asked_percent, split)
        if (found := self.router.read_split()) != written:
            raise SplitConflict(f"somebody else set the split to {found.canary_percent} %")
        return Wrote(written)

    def _confirm_split(self, record: RolloutRecord) -> Event:
        if record.split is None:
            raise ValueError("a split that was never written cannot be confirmed")
        try:
            self.router.confirm_split(record.split, record.plan.confirm_seconds)
        except SplitNotConfirmed:
            if (changed := self._changed_split(record)) is not None:
                return changed
            raise
        self.clock.sleep(record.plan.settle_seconds)
        return Confirmed(self.counter.read_counts(), self._read_answered())

    def _observe_step(self, record: RolloutRecord) -> Event:
        plan, started = record.plan, self.clock.monotonic_seconds()
        counted, watch = StepCounts(self.counter, record.counts_before), self._open_window(record)
        while True:
            counts = counted.read()
            seconds = self.clock.monotonic_seconds() - started
            answered = counts.stable + counts.canary
            is_ready = seconds >= plan.minimum_seconds and answered >= plan.minimum_requests
            watch.look(is_ready=is_ready)
            if (trouble := self._find_trouble(record, counts, watch)) is not None:
                return trouble
            if is_ready and not watch.missing and not self._lacks_labels(record):
                return judge_step(record, counts, seconds, self._count_answered(record), watch)
            if seconds >= plan.deadline_seconds:
                if is_ready and not watch.missing:
                    return unlabelled_after(seconds, self._with_labels(record).labels)
                return missing_after(seconds, watch) if is_ready else too_few_requests(record, answered, seconds)
            self.clock.sleep(POLL_SECONDS)

    def _lacks_labels(self, record: RolloutRecord) -> bool:
        return self.live is not None and self.live.is_missing(self.live.newest(record))

    def _count_answered(self, record: RolloutRecord) -> RequestCounts | None:
        before, now = record.answered_before, self._read_answered()
        if before is None or now is None or now.began_anew_after(before):
            return None
        return now.since(before)

    def _read_answered(self) -> RequestCounts | None:
        try:
            return self.answered.read_counts() if self.answered is not None else None
        except PromotionError:
            return None

    def _changed_digest(self, record: RolloutRecord) -> Stopped | None:
        running = self.source.read_revisions()
        for revision, judged in ((running.stable, record.stable_digest), (running.canary, record.canary_digest)):
            if revision.bundle_digest != judged:
                text = f"{revision.role} {revision.url} runs {revision.bundle_digest}, but {judged} is judged"
                return Stopped(Outcome.ERROR, text)
        return None

    def _changed_split(self, record: RolloutRecord) -> Stopped | None:
        split = self.router.read_split()
        if record.split is not None and split.written_as != record.split.written_as:
            return interrupted(f"somebody else set the split to {split.canary_percent} %")
        return None


def _refuse_others(record: RolloutRecord, split: Split) -> None:
    """Raise SplitConflict unless `split` is the one that this rollout read or wrote last."""
    if record.split is None or split.written_as != record.split.written_as:
        raise SplitConflict(f"somebody else set the split to {split.canary_percent} %")
