"""`assay promote --records` on a real gateway: a shadow, and true labels that come while the canary takes traffic.

Stable answers the clients' row with `a`, the canary with `b`.
"""

from pathlib import Path

import orjson
import pytest

from bundle import Bundle
from promotion.gate.outcome import Outcome
from promotion.recorded.findings import LabelState
from promotion.rollout.record import RolloutState, StopCode
from tests.promotion.evidence.predictors import RunningPredictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import HOLDING, QUICKLY, Finished, Place, run_assay, wait_until

pytestmark = pytest.mark.slow


def test_a_shadow_compares_both_before_the_canary_takes_any_request(
    place: Place,
    clients: Clients,
    predictors: dict[str, RunningPredictor],
    bundles: dict[str, Bundle],
    records: Path,
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    where = ("--out", str(place.out), "--gateway", str(place.gateway))
    with place.promoting(*QUICKLY, "--steps", "50,100", "--records", str(records), "--shadow", "60,2s") as process:

        def is_compared() -> bool:
            record = place.read_record()
            return record is not None and record.shadow is not None and record.shadow.requests > 0

        wait_until(is_compared, process)
        shown = run_assay("rollout", "status", *where).stdout
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    # What the canary has not answered yet makes the line longer than the terminal.
    assert "mirrored requests, the same to 0.0% of " in " ".join(shown.split()), shown
    record = place.read_record()
    assert record is not None
    assert record.shadow is not None
    assert record.shadow.requests >= 60
    assert record.shadow.agreed == 0
    assert "requests are mirrored to the canary" in stdout
    assert f"shadow: both answered {record.shadow.requests} mirrored requests" in stdout
    (ends,) = (event.at for event in record.history if event.text.startswith("shadow: "))
    before = {answer.digest for answer in clients.answers if answer.at <= ends}
    assert before == {bundles["v1"].digest}
    first = record.observations[0]
    assert first.answered is not None
    assert first.split_p_value > 0.001
    assert not place.router.read_split().mirrors


def hand_in(place: Place, records: Path, label: str, tmp_path: Path) -> Finished:
    """True labels for every answer that is recorded by now."""
    lines = [line for path in records.glob("worker-*/predictions*.jsonl") for line in path.read_bytes().splitlines()]
    answered = [orjson.loads(line) for line in lines if line.endswith(b"}")]
    ids = [one["request_id"] for one in answered if one["rows"] == 1]
    file = tmp_path / "labels.csv"
    file.write_text("request_id,label\n" + "".join(f"{request_id},{label}\n" for request_id in ids))
    return run_assay("rollout", "labels", str(file), "--out", str(place.out))


def test_labels_that_show_harm_send_the_rollout_back(
    place: Place,
    clients: Clients,
    predictors: dict[str, RunningPredictor],
    bundles: dict[str, Bundle],
    records: Path,
    tmp_path: Path,
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting(*HOLDING, "--steps", "50,100", "--records", str(records)) as process:
        place.wait_until_observing(50, process)
        clients.wait_for_more(300)
        handed_in = hand_in(place, records, "a", tmp_path)
        assert handed_in.code == 0, handed_in.stderr
        assert " new labels, 0 known before" in handed_in.stdout
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == Outcome.REJECT.exit_code, stderr
    assert "by true labels the canary is wrong in " in stdout
    record = place.read_record()
    assert record is not None
    assert (record.state, record.code) == (RolloutState.RESTORED, StopCode.LIVE_HARM_SHOWN)
    assert record.labels is not None
    assert record.labels.state is LabelState.HARM
    assert record.labels.canary.wrong == record.labels.canary.labelled > 30
    assert record.labels.stable.wrong == 0
    assert clients.wait_for_more().keys() == {bundles["v1"].digest}
    late = hand_in(place, records, "a", tmp_path)
    assert (late.code, "rollout 1 has ended: labels change nothing in it any more" in late.stderr) == (1, True)


def test_required_labels_need_records_and_a_shadow_does_too(
    place: Place, predictors: dict[str, RunningPredictor], tmp_path: Path
) -> None:
    place.assign_canary("v2", predictors["v2"].url)
    (tmp_path / "gate.yaml").write_text("live_labels: {required: true}\n")
    for options, what in (
        (["--config", str(tmp_path / "gate.yaml")], "gate.yaml requires live labels, which needs what both"),
        (["--shadow", "10"], "a shadow needs what both revisions record on this machine: --records says where"),
    ):
        done = place.promote(*QUICKLY, *options)
        assert done.code == Outcome.ERROR.exit_code, done.stderr
        assert what in done.stderr
    assert place.read_record() is None
