"""`assay promote` that holds for further rows, and `assay rollout rows`, on a real gateway; rows from a real store."""

from pathlib import Path

import pytest

from assay.further_rows import rows_in_store
from content_store.push import Push
from dataset import DatasetNotFound, write_csv_table
from promotion.rollout.orders import GivenRows, RowsUnreachable
from promotion.rollout.record import RolloutState
from tests.content_store.store_process import StoreProcess
from tests.promotion.evidence.predictors import RunningPredictor, find_free_port
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.place import QUICKLY, Place, run_assay, wait_until
from tests.promotion.rollout.test_holding import ALL_ROWS, part

LOOKS = "format: 1\nlooks: 2\nclasses_are_judged: false\n"


@pytest.mark.slow
def test_further_rows_let_an_undecided_rollout_go_on(
    place: Place, clients: Clients, predictors: dict[str, RunningPredictor], tmp_path: Path
) -> None:
    def is_holding() -> bool:
        record = place.read_record()
        return record is not None and record.state is RolloutState.HOLDING

    gate, more = tmp_path / "gate.yaml", tmp_path / "more.csv"
    gate.write_text(LOOKS)
    write_csv_table(ALL_ROWS.first(60), place.holdout)
    write_csv_table(part(60, 400), more)
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting(*QUICKLY, "--steps", "100", "--config", str(gate), "--hold-seconds", "300") as process:
        wait_until(is_holding, process)
        shown = run_assay("rollout", "status", "--out", str(place.out), "--gateway", str(place.gateway))
        assert "holding: 0 % to the canary" in shown.stdout
        assert "without further rows (assay rollout rows); goes back in" in shown.stdout
        assert "INCONCLUSIVE: 60 rows cannot show a margin of 0.02" in shown.stdout
        assert place.router.read_split().canary_percent == 0
        done = run_assay("rollout", "rows", str(more), "--out", str(place.out))
        assert (done.code, done.stdout) == (0, "rollout 1: 340 further rows are handed in for look 2 of 2\n")
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert stdout.count("INCONCLUSIVE: ") == stdout.count("PROMOTE: ") == 1
    assert "(more.csv): look 2 of 2" in stdout
    late = run_assay("rollout", "rows", str(more), "--out", str(place.out))
    assert (late.code, late.stderr) == (1, "assay: rollout 1 is promoted: it waits for no rows\n")


def test_rows_are_had_from_a_store(tmp_path: Path) -> None:
    rows = part(60, 400)
    given = GivenRows(rows.name, rows.digest, len(rows))
    with StoreProcess(tmp_path / "store", tmp_path / "store.log") as store:
        Push(store.url, 30.0, lambda _line: None).holdout(rows)
        assert rows_in_store(store.url)(1, given).digest == rows.digest
    with pytest.raises(DatasetNotFound, match="expected --rows-from"):
        rows_in_store(None)(1, given)


def test_a_store_that_is_away_is_no_word_on_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = part(60, 70)
    monkeypatch.setattr("assay.further_rows.FETCH_SECONDS", 0.2)
    with pytest.raises(RowsUnreachable, match=r"more\.csv: "):
        rows_in_store(f"http://127.0.0.1:{find_free_port()}")(1, GivenRows(rows.name, rows.digest, len(rows)))
