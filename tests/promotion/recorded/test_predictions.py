"""Recorded predictions, read while their files grow, are put aside and thrown away; the rest is the contract's."""

from pathlib import Path

import pytest

from promotion.recorded.answers import RecordsMissing, RolloutAnswers
from promotion.recorded.predictions import RecordedPredictions
from tests.promotion.recorded.recordings import CANARY, STABLE, append, record_line

OF = RolloutAnswers(1, STABLE, CANARY, since=1000.0)


@pytest.fixture
def predictions(tmp_path: Path) -> RecordedPredictions:
    return RecordedPredictions([tmp_path], OF)


def test_what_every_worker_appends_is_read_once(predictions: RecordedPredictions, tmp_path: Path) -> None:
    append(tmp_path, record_line("one", 1001, STABLE, ["a"]))
    append(tmp_path, record_line("two", 1002, CANARY, ["b", "c"]), worker=1)
    predictions.read()
    predictions.answers.stable.clear()
    append(tmp_path, record_line("three", 1003, STABLE, ["a"]))
    predictions.read()
    assert predictions.answers.stable.keys() == {"three"}
    assert predictions.answers.canary.keys() == {"two"}


def test_half_a_line_is_read_when_it_is_whole(predictions: RecordedPredictions, tmp_path: Path) -> None:
    line = record_line("two", 1002, STABLE, ["b"])
    for cut in (20, len(line) - 1):
        append(tmp_path, record_line(f"before {cut}", 1001, STABLE, ["a"]), line[:cut])
        predictions.read()
        assert "two" not in predictions.answers.stable
        append(tmp_path, line[cut:])
        predictions.read()
        assert predictions.answers.stable.pop("two").labels == ("b",)


def test_the_first_line_may_be_half_written_too(predictions: RecordedPredictions, tmp_path: Path) -> None:
    line = record_line("one", 1001, STABLE, ["a"])
    for part in (line[:50], line[50:-3]):
        append(tmp_path, part)
        predictions.read()
        assert predictions.answers.stable == {}
    append(tmp_path, line[-3:])
    predictions.read()
    assert predictions.answers.stable.keys() == {"one"}


def test_a_file_that_is_put_aside_is_not_read_again(predictions: RecordedPredictions, tmp_path: Path) -> None:
    path = append(tmp_path, record_line("one", 1001, STABLE, ["a"]))
    predictions.read()
    append(tmp_path, record_line("two", 1002, STABLE, ["a"]))
    path.rename(path.with_name("predictions-00000001.jsonl"))
    append(tmp_path, record_line("three", 1003, STABLE, ["a"]))
    predictions.read()
    assert predictions.answers.stable.keys() == {"one", "two", "three"}
    assert not predictions.answers.repeated
    path.with_name("predictions-00000001.jsonl").unlink()
    predictions.read()
    assert predictions.answers.stable.keys() == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"x" * 200 + b"\n", r"predictions\.jsonl has a line that is no recorded prediction"),
        (record_line("one", 1001, STABLE, ["a"]).replace(b'"request_id"', b'"request_iD"'), "'request_id'"),
        (record_line("one", 1001, STABLE, ["a"], schema=2), "records of schema 2; this version reads 1"),
    ],
)
def test_what_is_no_record_is_named(
    predictions: RecordedPredictions, tmp_path: Path, line: bytes, message: str
) -> None:
    append(tmp_path, line)
    with pytest.raises(RecordsMissing, match=message):
        predictions.read()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsMissing, match="nowhere: no directory; expected the DIR of ASSAY_RECORD"):
        RecordedPredictions([tmp_path / "nowhere"], OF).read()
