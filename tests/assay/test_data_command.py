"""`assay data`: what a console's doors do to its data set, as commands beside it."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from assay.labelled_data import load_rows
from console.data_wiring import wire_data
from console.settings import ConsoleSettings
from dataset import LabelledRows, read_csv_table, write_csv_table
from records.database import open_database
from records.feedback import TrueLabel, record_labels
from records.prediction_writer import PredictionWriter
from records.schema import upgrade
from tests.assay.in_process import assay_here
from tests.assay.program import Finished
from tests.records.predictions import make_rows


def data(state: Path, *arguments: object) -> Finished:
    name, *more = arguments
    return assay_here("data", name, "--state", state, *more)


def added(state: Path, *arguments: object) -> Any:
    done = data(state, "add", "--json", *arguments)
    assert done.code == 0, done.stderr
    return done.json()["parts"]


def test_parts_are_added_once_and_listed_with_their_files(tmp_path: Path) -> None:
    state, more = tmp_path / "state", load_rows("digits:part-2").first(50)
    write_csv_table(more, tmp_path / "more.csv")
    (tmp_path / "more.csv.gz").write_bytes(gzip.compress((tmp_path / "more.csv").read_bytes()))
    first, second = added(state, "digits:part-1", tmp_path / "more.csv.gz")
    assert (first["part"]["rows"], second["part"]["rows"], second["part"]["name"]) == (200, 50, "more.csv.gz")
    (again,) = added(state, tmp_path / "more.csv")
    assert again == {"part": second["part"], "is_new": False}
    listed = data(state, "parts", "--json").json()["parts"]
    assert [one["number"] for one in listed] == [1, 2]
    assert read_csv_table(Path(listed[1]["path"])).digest == more.digest
    shown = data(state, "parts").stdout.splitlines()
    assert shown[2:] == [f"part 2      50 rows  {more.digest}  more.csv.gz", f"        {listed[1]['path']}"]


def test_what_cannot_be_added_is_one_line_and_what_came_before_it_stays(tmp_path: Path) -> None:
    state = tmp_path / "state"
    parts = wire_data(state, ConsoleSettings(state=state))
    write_csv_table(load_rows("digits:holdout"), tmp_path / "holdout.csv")
    parts.holdouts.add(tmp_path / "holdout.csv", "holdout.csv")
    refused = data(state, "add", "digits:part-1", tmp_path / "holdout.csv", "digits:part-2")
    assert refused.code == 1
    said = "assay: holdout.csv: 800 of its 800 rows stand in the holdout, the first is row 1 (row 1 there)"
    assert refused.stderr.splitlines()[-1].startswith(said)
    assert [part.name for part in parts.look()] == ["digits:part-1"]
    (tmp_path / "broken.csv").write_text("label,a\n1,x\n")
    broken = data(state, "add", tmp_path / "broken.csv")
    assert (broken.code, "broken.csv: 1 features, but" in broken.stderr) == (1, True)
    assert "no such file, nor a built-in" in data(state, "add", tmp_path / "none.csv").stderr


def test_a_part_is_made_of_what_was_labelled_since(tmp_path: Path) -> None:
    state, rows = tmp_path / "state", load_rows("digits:part-2").first(3)
    added(state, "digits:part-1")
    _record(state, rows)
    few = data(state, "from-feedback", "--model", "digits")
    assert "digits: 3 labelled rows that are not in the data set; expected 50" in few.stderr
    assert "nothing serves yet; name a model" in data(state, "from-feedback").stderr
    ask = ["from-feedback", "--model", "digits", "--minimum-rows", 2]
    made = data(state, *ask, "--json").json()["part"]
    assert (made["number"], made["source"], made["digest"]) == (2, "feedback", rows.digest)
    again = data(state, *ask)
    assert (again.code, "digits: 0 labelled rows" in again.stderr) == (1, True)


def _record(state: Path, rows: LabelledRows) -> None:
    """As a predictor and somebody who knows better write it."""
    url = f"sqlite:///{state / 'records.db'}"
    database = open_database(url)
    upgrade(database)
    form = [{"name": "features", "datatype": "FP32", "shape": [64], "bytes": 256}]
    asked = [
        row._replace(inputs=np.float32(values).tobytes(), inputs_form=form)
        for row, values in zip(make_rows(range(len(rows)), datetime.now(UTC)), rows.features, strict=True)
    ]
    PredictionWriter(url).write(asked)
    labels = [TrueLabel(row.request_id, 0, label) for row, label in zip(asked, rows.labels, strict=True)]
    record_labels(database, labels, source="ann", at=datetime.now(UTC))
    database.dispose()


def test_programs_that_add_at_once_give_each_part_its_own_number(tmp_path: Path) -> None:
    rows, together = load_rows("digits:part-2"), Barrier(6)

    def add(number: int) -> int:
        mine = slice(20 * number, 20 * number + 20)
        own = replace(rows, name=f"{number}", features=rows.features[mine], labels=rows.labels[mine])
        parts = wire_data(tmp_path, ConsoleSettings(state=tmp_path))
        together.wait(60)
        return parts.add(own, by="ann")[0].number

    with ThreadPoolExecutor(6) as programs:
        assert sorted(programs.map(add, range(6))) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", ["add", "parts", "from-feedback"])
def test_every_help_has_an_example(name: str) -> None:
    assert f"Example: assay data {name}" in assay_here("data", name, "--help").stdout
