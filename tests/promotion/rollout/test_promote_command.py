"""`assay promote` from outside: a real gateway, real predictors, and clients that never pause.

Whatever a test does, not one request of its clients fails: the fixture `clients` sees to that.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bundle import Bundle
from dataset import write_csv_table
from promotion.gate.configuration import policy_digest
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState, record_from_json
from promotion.routers.envoy import RevisionEndpoint
from tests.promotion.evidence.columns import make_holdout, write_column_bundle
from tests.promotion.evidence.door import open_door
from tests.promotion.evidence.predictors import RunningPredictor, run_predictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import HOLDING, QUICKLY, Place, wait_until

pytestmark = pytest.mark.slow


def assert_restored(place: Place, outcome: Outcome, because: str) -> None:
    record = place.read_record()
    assert record is not None
    assert (record.state, record.outcome) == (RolloutState.RESTORED, outcome)
    assert because in record.because
    assert place.router.read_split().canary_percent == 0


def test_a_better_canary_takes_all_traffic_and_is_told_of_it_again(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    done = place.promote(*QUICKLY)
    ended = time.monotonic()
    assert done.code == 0, done.stderr
    for percent in (5, 25, 50, 100):
        assert f"split written: {percent} %" in done.stdout
        assert f"split in force: {percent} %" in done.stdout
        assert f"asked {percent} %, observed" in done.stdout
    assert "rollout 1 promoted: all traffic goes to the canary" in done.stdout
    record = place.read_record()
    assert record is not None
    assert (record.canary_digest, record.verdict) == (bundles["v2"].digest, Outcome.PROMOTE)
    assert [seen.asked_percent for seen in record.observations] == [5, 25, 50, 100]
    assert all(seen.counts.stable + seen.counts.canary >= 20 for seen in record.observations)
    assert all(seen.answered is not None and seen.answered.canary > 0 for seen in record.observations)
    assert "; the revisions answered " in done.stdout
    evidence = EvidenceRecord.model_validate_json((place.out / "evidence-0001.json").read_bytes())
    assert (evidence.verdict, evidence.n, evidence.b, evidence.c) == (Outcome.PROMOTE, 400, 0, 20)
    assert clients.answered_since(ended).keys() <= {bundles["v2"].digest}
    assert clients.wait_for_more().keys() == {bundles["v2"].digest}

    again = place.promote("--json")
    assert (again.code, record_from_json(again.stdout.encode())) == (0, record)
    assert "rollout 1 has ended (promoted)" in again.stderr
    assert sorted(path.name for path in place.out.iterdir()) == ["evidence-0001.json", "lock", "rollout-0001.json"]


def test_a_worse_canary_gets_not_one_request(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v3", predictors["v3"].url)
    done = place.promote(*QUICKLY)
    assert done.code == 10, done.stderr
    assert "REJECT" in done.stdout
    assert_restored(place, Outcome.REJECT, "the canary is worse")
    assert {answer.digest for answer in clients.answers} == {bundles["v1"].digest}


def test_forty_rows_are_inconclusive_and_say_how_many_are_needed(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor]
) -> None:
    write_csv_table(make_holdout(40), place.holdout)
    place.assign_canary("v2", predictors["v2"].url)
    done = place.promote(*QUICKLY)
    assert done.code == 11, done.stderr
    assert "40 rows" in done.stdout
    assert "149" in done.stdout
    assert_restored(place, Outcome.INCONCLUSIVE, "40 rows")


def test_a_log_of_json_has_the_verdict_the_digests_and_each_thing_that_happens(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    done = place.promote(*QUICKLY, "--steps", "50,100", "--log-format", "json")
    assert (done.code, done.stdout) == (0, ""), done.stderr
    lines = [orjson.loads(line) for line in done.stderr.splitlines()]
    assert {line["level"] for line in lines} == {"info"}
    assert lines[1]["message"] == "replaying 400 rows of holdout.csv against stable and canary: 25 %"
    begins, verdict, *others, last = (line for line in lines if "canary_digest" in line)
    assert {line["canary_digest"] for line in (begins, verdict, *others, last)} == {bundles["v2"].digest}
    assert {line["stable_digest"] for line in (begins, verdict, *others, last)} == {bundles["v1"].digest}
    assert (begins["message"], begins["rollout_id"]) == ("the rollout begins", 1)
    assert len([line for line in lines if line["message"] == verdict["message"]]) == 1
    assert verdict["rollout_id"] == 1
    assert (verdict["verdict"], verdict["n"], verdict["b"], verdict["c"]) == ("PROMOTE", 400, 0, 20)
    assert [line["percent"] for line in others if "split in force" in line["message"]] == [50, 100]
    assert (last["outcome"], last["percent"]) == ("PROMOTE", 100)


def test_a_dry_run_moves_nothing_and_keeps_nothing(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    before = place.router.read_split()
    done = place.promote("--dry-run")
    assert done.code == 0, done.stderr
    assert "would send 100 % to the canary (now 50 %)" in done.stderr
    assert place.router.read_split() == before
    assert not place.out.exists()
    assert {answer.digest for answer in clients.answers} == {bundles["v1"].digest}


def test_a_canary_that_does_not_answer_is_an_error_at_once(
    place: Place, clients: Clients, bundles: dict[str, Bundle]
) -> None:
    with run_predictor(bundles["v2"].path, "v2") as canary:
        place.assign_canary("v2", canary.url)
    done = place.promote()
    assert done.code == 12
    assert f"ERROR: canary {canary.url}: no answer to its metadata in 3 tries" in done.stderr
    assert "Traceback" not in done.stderr
    assert place.read_record() is None


def test_without_a_canary_or_a_gateway_it_says_what_to_do(place: Place, tmp_path: Path) -> None:
    done = place.promote()
    assert done.code == 12
    assert f"ERROR: {place.gateway}: there is no canary; assign one first: assay split assign canary" in done.stderr
    nowhere = tmp_path / "nowhere"
    done = place.promote("--gateway", str(nowhere))
    assert done.code == 12
    assert f"{nowhere} has no gateway" in done.stderr
    assert not nowhere.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "5,x"], "'5,x': expected percentages such as 5,25,100"),
        (["--steps", "50,25,100"], "expected rising percentages"),
        (["--deadline-seconds", "1"], "deadline 1 s: expected at least 3 s"),
    ],
)
def test_a_plan_of_no_sense_is_wrong_usage(place: Place, options: list[str], message: str) -> None:
    done = place.promote(*options)
    assert done.code == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())


def test_a_second_rollout_is_refused_and_a_killed_one_is_finished(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting("--minimum-requests", "20", "--minimum-seconds", "12", "--steps", "50,100") as first:
        place.wait_until_observing(50, first)
        second = place.promote(*QUICKLY)
        assert second.code == 12
        assert f"{place.out}: a rollout is under way (pid {first.pid})" in second.stderr
    assert place.router.read_split().canary_percent >= 50
    assert bundles["v2"].digest in clients.wait_for_more()

    other = make_holdout(399)
    write_csv_table(other, place.holdout.with_name("other.csv"))
    refused = place.promote("--holdout", str(place.holdout.with_name("other.csv")))
    assert refused.code == 12
    assert "rollout 1 is unfinished (observing) and has the holdout" in refused.stderr

    done = place.promote()
    assert done.code == 0, done.stderr
    assert "rollout 1 goes on (observing)" in done.stdout
    record = place.read_record()
    assert record is not None
    assert [seen.asked_percent for seen in record.observations] == [50, 100]
    assert clients.wait_for_more().keys() == {bundles["v2"].digest}


def test_a_rollout_that_could_not_restore_stable_is_finished_even_when_the_canary_is_gone(place: Place) -> None:
    place.out.mkdir()
    policy = policy_digest(GatePolicy())
    record = RolloutRecord(3, RolloutPlan(), "stable", "canary", make_holdout().digest, policy, because="no requests")
    unfinished = replace(record, state=RolloutState.RESTORING, outcome=Outcome.INCONCLUSIVE, failed_attempts=3)
    FileRolloutStore(place.out).save(unfinished)
    before = place.router.read_split()
    done = place.promote()
    assert done.code == 11, done.stderr
    assert "rollout 3 ends with INCONCLUSIVE: no requests" in done.stdout
    assert_restored(place, Outcome.INCONCLUSIVE, "no requests")
    assert place.router.read_split() != before


@pytest.fixture
def mortal(place: Place, bundles: dict[str, Bundle]) -> Iterator[RunningPredictor]:
    """A good canary that may die."""
    with run_predictor(bundles["v2"].path, "v2") as canary:
        place.assign_canary("v2", canary.url)
        yield canary


def test_a_canary_that_is_killed_in_a_step_leaves_all_to_stable(
    place: Place, clients: Clients, mortal: RunningPredictor, bundles: dict[str, Bundle]
) -> None:
    with place.promoting(*HOLDING, "--steps", "50,100") as process:
        place.wait_until_observing(50, process)
        assert bundles["v2"].digest in clients.wait_for_more()
        mortal.kill()
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 12, stderr
    assert_restored(place, Outcome.ERROR, f"canary {mortal.url}: no answer to its metadata in 3 tries")
    assert clients.wait_for_more().keys() == {bundles["v1"].digest}


def test_a_canary_that_is_swapped_in_a_step_gets_no_further_traffic(
    place: Place, clients: Clients, mortal: RunningPredictor, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    other = write_column_bundle(tmp_path, "v2", version=9)
    with place.promoting(*HOLDING, "--steps", "5,100") as process, ExitStack() as stack:
        place.wait_until_observing(5, process)
        mortal.kill()
        stack.enter_context(run_predictor(other.path, "v2", port=mortal.port))
        _, stderr = process.communicate(timeout=30)
        ended = time.monotonic()
        assert process.returncode == 12, stderr
        assert_restored(place, Outcome.ERROR, f"canary {mortal.url}")
        clients.wait_for_more()
        assert clients.answered_since(ended).keys() == {bundles["v1"].digest}
        record = place.read_record()
    assert record is not None
    # On a busy machine the port may be empty for longer than the attempts last.
    found_out = f"runs {other.digest}, but {bundles['v2'].digest} is judged"
    assert found_out in record.because or "no answer to its metadata" in record.because
    assert [event.text for event in record.history if "written" in event.text] == ["split written: 5 %"]


def test_another_canary_that_is_assigned_while_one_is_judged_gets_nothing(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    with open_door(predictors["v2"].url) as door:
        door.inferences_pass.clear()
        place.assign_canary("v2", door.url)
        worse = predictors["v3"]
        with place.promoting(*QUICKLY) as process:
            wait_until(door.inference_waits.is_set, process)
            place.router.assign("canary", RevisionEndpoint("v3", "127.0.0.1", worse.port))
            door.inferences_pass.set()
            _, stderr = process.communicate(timeout=30)
    assert process.returncode == 12, stderr
    assert_restored(place, Outcome.ERROR, f"canary {worse.url} runs {bundles['v3'].digest}")
    assert {answer.digest for answer in clients.answers} == {bundles["v1"].digest}


def test_a_split_that_somebody_sets_by_hand_ends_the_rollout(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], bundles: dict[str, Bundle]
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting(*HOLDING) as process:
        place.wait_until_observing(5, process)
        place.router.write_split(60, place.router.read_split())
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 11, stderr
    assert_restored(place, Outcome.INCONCLUSIVE, "somebody else set the split to 60 %")
    assert clients.wait_for_more().keys() == {bundles["v1"].digest}
