"""Records that earlier versions wrote are read, shown, and gone on with."""

from pathlib import Path

import orjson
import pytest

from promotion.gate.outcome import Outcome
from promotion.rollout.metrics import rollout_metrics
from promotion.rollout.record import RolloutState, record_from_json, record_to_json
from promotion.rollout.transitions import advance
from tests.promotion.rollout.events import AT, success_of

OLD = sorted((Path(__file__).parent / "records").glob("*.json"))


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_an_old_record_is_read_and_written_again(path: Path) -> None:
    record = record_from_json(path.read_bytes())
    assert (record.state, record.outcome) == (RolloutState.PROMOTED, Outcome.PROMOTE)
    assert len(record.observations) == len(record.plan.steps) == 4
    assert record_from_json(record_to_json(record)) == record
    assert b'assay_rollout_state{state="promoted"} 1.0' in rollout_metrics(record)


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_an_old_record_that_is_unfinished_goes_on(path: Path) -> None:
    document = orjson.loads(path.read_bytes())
    unfinished = {"state": "observing", "step": 1, "outcome": None, "observations": document["observations"][:1]}
    record = record_from_json(orjson.dumps({**document, **unfinished}))
    while not record.is_finished:
        record = advance(record, success_of(record), AT)
    assert record.state is RolloutState.PROMOTED
