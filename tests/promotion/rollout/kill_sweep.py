"""A program that runs rollouts which are killed: `python -m tests.promotion.rollout.kill_sweep FOLDER CANARY`.

The canary is `good`, `worse`, or `swapped` for another bundle once it takes half of the traffic. It is rolled out once
for every change that a rollout makes, killed before it or after it, until a rollout is not reached by its death any
more; the good one also once for each of some deaths that come in every process anew. Each process is forked from this
one, which has loaded everything, and begins or resumes as `assay promote` does. Prints a line of JSON a rollout.
"""

import os
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import orjson

from promotion.clock import SystemClock
from promotion.gate.configuration import policy_digest
from promotion.gate.record import EvidenceRecord, write_evidence
from promotion.recorded.live_labels import LiveLabels
from promotion.recorded.predictions import RecordedPredictions
from promotion.rollout.beginning import begin, resume
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.live_evidence import LiveEvidence
from promotion.rollout.orders import Order, OrderKind
from promotion.rollout.record import Pause, RolloutPlan, RolloutRecord
from promotion.rollout.runner import RolloutRunner
from tests.promotion.recorded.recordings import append, record_line
from tests.promotion.rollout.dying import Death, DyingRouter, DyingStore, When
from tests.promotion.rollout.file_router import FileCounter, FileRouter
from tests.promotion.rollout.surroundings import (
    CANARY_DIGEST,
    HOLDOUT,
    OTHER_DIGEST,
    POLICY,
    STABLE_DIGEST,
    Faults,
    Revisions,
    judge_by,
    new_record,
)

PLAN = RolloutPlan(
    minimum_requests=20,
    minimum_seconds=0,
    settle_seconds=0,
    pause_seconds=0.01,
    pauses=(Pause(25, 0.01),),
    approvals=(50,),
    shadow_requests=20,
)
APPROVAL = Order(1, OrderKind.APPROVE, "ann@desk", "2026-11-21T12:00:00.000+00:00", percent=50)
MOST_PROCESSES = 60
COLUMNS = {"good": "v2", "worse": "v3", "swapped": "v2"}
IN_EVERY_PROCESS: tuple[tuple[int, When], ...] = ((2, "after"), (3, "before"), (3, "after"), (5, "before"))


@dataclass(frozen=True)
class Ending:
    """How a rollout ended that was killed on its way."""

    call: int
    when: When
    is_in_every_process: bool
    processes: int
    rollout_id: int
    state: str
    verdict: str
    outcome: str
    shares: list[int]
    evidence: str


def run_rollout(folder: Path, canary: str, death: Death) -> None:
    """What `assay promote` does, on a file instead of a gateway."""
    router = FileRouter(folder / "split.json")
    source = Revisions(Faults(), COLUMNS[canary])

    def swap() -> None:
        record_answers(folder / "records")
        if canary == "swapped" and 50 in router.read_shares():
            source.canary_digest = OTHER_DIGEST

    source.faults.always["read_revisions"] = swap
    store = DyingStore(FileRolloutStore(folder / "rollouts"), death)

    def judge(record: RolloutRecord) -> EvidenceRecord:
        evidence = judge_by(source)(record)
        write_evidence(evidence, folder / "evidence.json")
        return evidence

    with store.claim():
        newest = store.read_newest()
        if newest is not None and not newest.is_finished:
            record = resume(newest, HOLDOUT.digest, policy_digest(POLICY))
        else:
            record = begin(new_record(PLAN), newest, router.read_split())
        counter, orders = FileCounter(router, folder / "counts.json"), FileRolloutOrders(folder / "rollouts")
        orders.give(APPROVAL)
        dying, clock = DyingRouter(router, death), SystemClock()
        seams = (dying, counter, source, judge, store, clock, lambda _record: None)
        answers = partial(RecordedPredictions, [folder / "records"])
        live = LiveEvidence(LiveLabels(answers, folder / "rollouts", POLICY, clock), POLICY.live_labels)
        RolloutRunner(*seams, orders=orders, mirror=dying, live=live).run(record)


def record_answers(records: Path) -> None:
    """Both answer twenty mirrored requests, once in a rollout; as if that were during its shadow, whenever that is."""
    if (records / "worker-0" / "predictions.jsonl").exists():
        return
    at = SystemClock().now().timestamp() + 3600
    lines = [
        record_line(f"request-{number}", at, digest, ["a"])
        for number in range(PLAN.shadow_requests)
        for digest in (STABLE_DIGEST, CANARY_DIGEST)
    ]
    append(records, b"".join(lines))


def run_in_a_process(folder: Path, canary: str, death: Death) -> bool:
    """Whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            run_rollout(folder, canary, death)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status > 0:
        raise SystemExit(f"a rollout ended with {status}")
    return status == 0


def run_to_the_end(folder: Path, canary: str, call: int, when: When, *, is_in_every_process: bool) -> Ending:
    processes = 1
    while not run_in_a_process(folder, canary, Death(call if processes == 1 or is_in_every_process else None, when)):
        processes += 1
        if processes > MOST_PROCESSES:
            raise SystemExit(f"killed {when} change {call} of every process, it makes no headway")
    record = FileRolloutStore(folder / "rollouts").read_newest()
    if record is None:
        raise SystemExit("there is no record")
    return Ending(
        call=call,
        when=when,
        is_in_every_process=is_in_every_process,
        processes=processes,
        rollout_id=record.rollout_id,
        state=str(record.state),
        verdict=str(record.verdict),
        outcome=str(record.outcome),
        shares=FileRouter(folder / "split.json").read_shares(),
        evidence=EvidenceRecord.model_validate_json((folder / "evidence.json").read_bytes()).verdict,
    )


def main(folder: Path, canary: str) -> None:
    whens: tuple[When, ...] = ("before", "after")
    for when in whens:
        call, is_reached = 1, True
        while is_reached:
            ending = run_to_the_end(folder / f"{when}-{call}", canary, call, when, is_in_every_process=False)
            print(orjson.dumps(asdict(ending)).decode())
            is_reached, call = ending.processes > 1, call + 1
    if canary == "good":  # the others start anew once they are restored
        for call, when in IN_EVERY_PROCESS:
            ending = run_to_the_end(folder / f"every-{when}-{call}", canary, call, when, is_in_every_process=True)
            print(orjson.dumps(asdict(ending)).decode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
