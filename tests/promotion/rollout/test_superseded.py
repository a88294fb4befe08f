"""A newer canary ends the rollout of an older one only when it is told to, and the older ends as superseded."""

from dataclasses import replace
from pathlib import Path

import pytest

from bundle import Bundle
from promotion.gate.outcome import Outcome
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutState, StopCode
from promotion.rollout.rollout_store import RolloutInterrupted
from tests.promotion.evidence.columns import write_column_bundle
from tests.promotion.evidence.predictors import RunningPredictor, run_predictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import HOLDING, QUICKLY, Place
from tests.promotion.rollout.surroundings import OTHER_DIGEST, Surroundings, assert_went_back, new_record

PLAN = RolloutPlan()
NEWER = replace(new_record(PLAN), canary_digest=OTHER_DIGEST)
BECAUSE = "superseded by ann@desk: canary sha256:333333333333"


@pytest.fixture
def abort(around: Surroundings, store: FileRolloutStore) -> RolloutAbort:
    around.orders = FileRolloutOrders(store.directory)
    return RolloutAbort(around.router, store, around.orders, around.clock)


def test_a_promoter_that_runs_ends_as_superseded(around: Surroundings, abort: RolloutAbort) -> None:
    def supersede() -> None:
        with pytest.raises(RolloutInterrupted):  # for it does not end while it is in the midst of this call
            abort.supersede(NEWER, "ann@desk", patience_seconds=0)

    around.faults.at("read_counts", 3, supersede)
    with around.store.claim():
        record = around.run(PLAN)
    assert_went_back(record, around, Outcome.INCONCLUSIVE, BECAUSE)
    assert record.code is StopCode.SUPERSEDED
    assert around.router.shares == [0, 5, 0, 0]


def test_one_whose_promoter_was_killed_ends_as_superseded_and_the_claim_is_free(
    around: Surroundings, abort: RolloutAbort
) -> None:
    around.store.save(replace(new_record(PLAN), because="killed before the verdict"))
    abort.supersede(NEWER, "ann@desk", patience_seconds=0)
    record = around.store.read_newest()
    assert record is not None
    assert_went_back(record, around, Outcome.INCONCLUSIVE, BECAUSE)
    with around.store.claim():
        pass


def test_the_same_canary_by_the_same_rules_and_what_has_ended_are_left(
    around: Surroundings, abort: RolloutAbort
) -> None:
    abort.supersede(NEWER, "ann@desk", 0)
    assert around.store.read_newest() is None
    unfinished = replace(new_record(PLAN), rollout_id=4)
    around.store.save(unfinished)
    abort.supersede(new_record(RolloutPlan((100,))), "ann@desk", 0)
    assert around.store.read_newest() == unfinished
    ended = replace(unfinished, state=RolloutState.RESTORED, outcome=Outcome.REJECT)
    around.store.save(ended)
    abort.supersede(NEWER, "ann@desk", 0)
    assert around.store.read_newest() == ended
    assert around.router.shares == [0]


@pytest.mark.slow
def test_a_newer_canary_takes_over_from_one_that_has_half_of_the_traffic(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    newer = write_column_bundle(tmp_path, "v2", version=9)
    place.assign_canary("v2", predictors["v2"].url)
    with run_predictor(newer.path, "v9") as canary:
        with place.promoting(*HOLDING, "--steps", "50,100") as older:
            place.wait_until_observing(50, older)
            refused = place.promote(*QUICKLY)
            assert (refused.code, "a rollout is under way" in refused.stderr) == (12, True)
            done = place.promote(*QUICKLY, "--supersede", "--canary", f"v9={canary.url}")
            stdout, stderr = older.communicate(timeout=30)
        assert done.code == 0, done.stderr
        assert older.returncode == Outcome.INCONCLUSIVE.exit_code, stderr
        assert f": canary {newer.digest[:19]}" in stdout.splitlines()[-1]
        first, second = FileRolloutStore(place.out).read_kept()
        assert (first.code, first.canary_digest) == (StopCode.SUPERSEDED, bundles["v2"].digest)
        assert (second.state, second.canary_digest) == (RolloutState.PROMOTED, newer.digest)
        assert clients.wait_for_more().keys() == {newer.digest}
        place.router.restore_stable()


def test_to_supersede_needs_the_newer_canary(place: Place) -> None:
    for options, message in (
        (["--supersede"], "missing; --supersede needs it"),
        (["--supersede", "--canary", "v9=http://127.0.0.1:1", "--dry-run"], "a dry run ends no rollout"),
    ):
        done = place.promote(*options)
        assert done.code == 2
        assert message in done.stderr
