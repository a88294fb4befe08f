"""How a rollout begins: as a new one, or where a killed one stopped. Pure."""

from dataclasses import replace

from promotion.rollout.record import RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutNotUsable
from promotion.routers.traffic_router import Split

WAY_OUT = "make that canary stable (assay split adopt), or go back (assay split set 0)"


def begin(
    wanted: RolloutRecord, newest: RolloutRecord | None, split: Split, *, way_out: str = WAY_OUT
) -> RolloutRecord:
    """The record of a new rollout, numbered after `newest`, which is finished or None.

    It is `newest` itself where that has promoted this very canary and nobody has written the split since: who was
    killed after the last step and starts again is told the same end. Otherwise a rollout begins at 0 %:
    RolloutNotUsable, which names the `way_out`, when the split stands elsewhere, and nothing is touched.
    """
    is_promoted = newest is not None and newest.state is RolloutState.PROMOTED and newest.split == split
    if newest is not None and is_promoted and _what_is_judged(newest) == _what_is_judged(wanted):
        return newest
    if split.canary_percent != 0:
        raise RolloutNotUsable(f"the canary takes {split.canary_percent} % already; a rollout begins at 0 %: {way_out}")
    return replace(wanted, rollout_id=newest.rollout_id + 1) if newest is not None else wanted


def is_superseded(newest: RolloutRecord, wanted: RolloutRecord) -> bool:
    """Whether `newest` is unfinished and judges other bundles than `wanted`, or by other rules."""
    return not newest.is_finished and _what_is_judged(newest) != _what_is_judged(wanted)


def resume(unfinished: RolloutRecord, holdout_digest: str, policy_digest: str) -> RolloutRecord:
    """The record of an unfinished rollout, to go on with; RolloutNotUsable for another holdout or policy.

    Whether the revisions still run the bundles that the record names is asked before every step.
    """
    for what, found, expected in (
        ("holdout", holdout_digest, unfinished.holdout_digest),
        ("gate configuration", policy_digest, unfinished.policy_digest),
    ):
        if found != expected:
            raise RolloutNotUsable(
                f"rollout {unfinished.rollout_id} is unfinished ({unfinished.state}) and has the {what} {expected}, "
                f"not {found}; run it to its end with its own {what} first"
            )
    return unfinished


def _what_is_judged(record: RolloutRecord) -> tuple[str, ...]:
    return record.stable_digest, record.canary_digest, record.holdout_digest, record.policy_digest
