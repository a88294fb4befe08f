"""Ends a rollout from outside: everything goes to stable by one write, whoever is at the rollout, and if nobody is."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from promotion.clock import Clock
from promotion.rollout.beginning import is_superseded
from promotion.rollout.events import Event, Restored
from promotion.rollout.orders import Order, OrderKind, RolloutOrders
from promotion.rollout.record import RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutError, RolloutInterrupted, RolloutStore, RolloutUnderWay
from promotion.rollout.transitions import advance, stopped_by
from promotion.routers.traffic_router import SplitNotConfirmed, TrafficRouter

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RolloutAbort:
    """What it acts through."""

    router: TrafficRouter
    store: RolloutStore
    orders: RolloutOrders
    clock: Clock
    finish: Callable[[RolloutRecord], None] = lambda _record: None
    """Told of an end that no promoter was there for, while the store is claimed."""

    def abort(
        self, by: str, reason: str, patience_seconds: float, kind: OrderKind = OrderKind.ABORT
    ) -> RolloutRecord | None:
        """Restore stable, and return the newest record as it ended; None where there is none. Can be repeated.

        `kind` is ABORT or SUPERSEDE. A rollout that has ended is left as it is, and so is the split. One whose promoter
        runs is ended by that, which this waits for: RolloutInterrupted when it is not done after `patience_seconds`,
        though everything goes to stable by then. Raises RouterUnreachable and SplitNotConfirmed where stable is not
        restored, and RolloutError for a record that cannot be read or written, then after the split was.
        """
        try:
            newest = self.store.read_newest()
        except RolloutError:
            self.router.restore_stable()  # who wants to abort is not to be kept from it by a damaged record
            raise
        if newest is None or newest.is_finished:
            return newest
        order = Order(newest.rollout_id, kind, by, self._now(), reason)
        with suppress(RolloutError):  # on a full disk, say: the split's change ends the rollout all the same
            self.orders.give(order)
        is_restored = self._restore()
        return self._await_end(order, is_restored=is_restored, patience_seconds=patience_seconds)

    def supersede(self, wanted: RolloutRecord, by: str, patience_seconds: float) -> None:
        """End the unfinished rollout of another canary than `wanted`'s, or by other rules, and wait for its claim.

        One that is of the same is left to be gone on with. Raises as `abort` does.
        """
        newest = self.store.read_newest()
        if newest is None or not is_superseded(newest, wanted):
            return
        self.abort(by, f"canary {wanted.canary_digest[:19]}", patience_seconds, OrderKind.SUPERSEDE)
        deadline = self.clock.monotonic_seconds() + patience_seconds
        while True:  # its promoter may still tidy up
            try:
                with self.store.claim():
                    return
            except RolloutUnderWay:
                if self.clock.monotonic_seconds() >= deadline:
                    raise
            self.clock.sleep(POLL_SECONDS)

    def _restore(self) -> bool:
        try:
            self.router.restore_stable()
        except SplitNotConfirmed:  # a promoter that goes back may have written 0 % since
            return False
        return True

    def _await_end(self, order: Order, *, is_restored: bool, patience_seconds: float) -> RolloutRecord | None:
        deadline = self.clock.monotonic_seconds() + patience_seconds
        while True:
            found = self.store.read_newest()
            if found is None or found.is_finished or found.rollout_id != order.rollout_id:
                return found
            try:
                with self.store.claim():
                    return self._end(order, is_restored=is_restored)
            except RolloutUnderWay as error:
                if self.clock.monotonic_seconds() >= deadline:
                    percent = self.router.read_split().canary_percent
                    raise RolloutInterrupted(
                        f"{percent} % goes to the canary, but the promoter goes on for more than "
                        f"{patience_seconds:g} s: {error}"
                    ) from error
            self.clock.sleep(POLL_SECONDS)

    def _end(self, order: Order, *, is_restored: bool) -> RolloutRecord | None:
        """What is left to do where nobody is at the rollout any more."""
        record = self.store.read_newest()
        if record is None or record.is_finished or record.rollout_id != order.rollout_id:
            return record
        stop = stopped_by([order])
        if stop is not None and record.state is not RolloutState.RESTORING:
            record = self._after(record, stop)
        if not is_restored or self.router.read_split().canary_percent != 0:
            self.router.restore_stable()
        restored = self._after(record, Restored())
        self.finish(restored)
        return restored

    def _after(self, record: RolloutRecord, event: Event) -> RolloutRecord:
        after = advance(record, event, self._now())
        self.store.save(after)
        return after

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds")
