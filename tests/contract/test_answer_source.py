"""What every AnswerSource promises; each implementation is a parameter, and each database is one."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from promotion.evidence.asked_predictor import REPLAY_ID
from promotion.recorded.answer_source import AnswerSource
from promotion.recorded.answers import RecordsMissing, RolloutAnswers
from promotion.recorded.database_predictions import DatabasePredictions
from promotion.recorded.predictions import RecordedPredictions
from records.database import open_database
from records.prediction_writer import PredictionRow, PredictionWriter
from records.schema import upgrade
from tests.promotion.recorded.recordings import CANARY, STABLE, append, record_line
from tests.records.predictions import make_rows

OTHER = f"sha256:{'3' * 64}"
OF = RolloutAnswers(1, STABLE, CANARY, since=1000.0)


class Answered(NamedTuple):
    """A request that was answered, a label a row; without labels by a regression model."""

    request_id: str
    at: float
    digest: str
    labels: Sequence[str] = ("a",)
    client_id: str = ""


class Place(ABC):
    """Where predictors record."""

    @abstractmethod
    def record(self, *answered: Answered, is_again: bool = False) -> None:
        """As a predictor does; `is_again`: under the keys that the same had before, as after a crash."""

    @abstractmethod
    def open(self, of: RolloutAnswers = OF) -> AnswerSource:
        """What reads it."""

    @abstractmethod
    def open_nowhere(self) -> AnswerSource:
        """What reads a place that is not there."""


@dataclass
class Files(Place):
    directory: Path

    def record(self, *answered: Answered, is_again: bool = False) -> None:
        for one in answered:
            more = {"id": one.client_id} if one.client_id else {}
            line = record_line(one.request_id, one.at, one.digest, list(one.labels), **more)
            append(self.directory, line if one.labels else line.replace(b'"labels"', b'"values"'))
            if is_again:
                append(self.directory, line)

    def open(self, of: RolloutAnswers = OF) -> AnswerSource:
        self.directory.mkdir(exist_ok=True)
        return RecordedPredictions([self.directory], of)

    def open_nowhere(self) -> AnswerSource:
        return RecordedPredictions([self.directory / "nowhere"], OF)


@dataclass
class Tables(Place):
    url: str
    written: int = 0

    def record(self, *answered: Answered, is_again: bool = False) -> None:
        with closing(PredictionWriter(self.url)) as writer:
            for one in answered:
                rows = list(self._rows(one))
                writer.write(rows)
                if is_again:
                    writer.write(rows)

    def _rows(self, one: Answered) -> Iterator[PredictionRow]:
        self.written += 1
        (made,) = make_rows([self.written])
        labels: Sequence[str | None] = one.labels or (None,)
        for row, label in enumerate(labels):
            yield made._replace(
                answered_at=datetime.fromtimestamp(one.at, tz=UTC),
                request_id=one.request_id,
                client_request_id=one.client_id or None,
                bundle_digest=one.digest,
                rows=len(labels),
                row=row,
                label=label,
            )

    def open(self, of: RolloutAnswers = OF) -> AnswerSource:
        return DatabasePredictions(self.url, of)

    def open_nowhere(self) -> AnswerSource:
        return DatabasePredictions("sqlite:////nowhere/records.db", OF)


@pytest.fixture(params=["files", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "files":
        return Files(tmp_path / "records")
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/records.db" if is_file else request.getfixturevalue("postgres").empty_database()
    database = open_database(url)
    upgrade(database)
    database.dispose()
    return Tables(url)


def requests_of(source: AnswerSource) -> tuple[set[str], set[str]]:
    """Those that stable answered, and the canary."""
    return set(source.answers.stable), set(source.answers.canary)


def test_answers_of_both_are_read_as_they_come(place: Place) -> None:
    source = place.open()
    source.read()
    assert source.answers.stable == source.answers.canary == {}
    place.record(Answered("one", 1001, STABLE), Answered("two", 1002, CANARY, ["b", "c"]))
    source.read()
    source.read()
    assert {name: one.labels for name, one in source.answers.stable.items()} == {"one": ("a",)}
    assert {name: (one.at, one.labels) for name, one in source.answers.canary.items()} == {"two": (1002, ("b", "c"))}
    place.record(Answered("three", 1060, STABLE))
    source.read()
    assert source.answers.stable.keys() == {"one", "three"}


def test_what_was_spooled_meanwhile_is_read_when_it_is_recorded(place: Place) -> None:
    source = place.open()
    place.record(Answered("late", 1090, CANARY))
    source.read()
    place.record(Answered("spooled", 1030, STABLE))
    source.read()
    assert requests_of(source) == ({"spooled"}, {"late"})


@pytest.mark.parametrize(
    "answered",
    [
        Answered("one", 999.5, STABLE),
        Answered("one", 1001, OTHER),
        Answered("one", 1001, STABLE, []),
        Answered("one", 1001, STABLE, client_id=REPLAY_ID),
    ],
    ids=["before the verdict", "another bundle", "a regression", "a gate's own question"],
)
def test_what_is_not_the_rollouts_is_left_out(place: Place, answered: Answered) -> None:
    place.record(answered, Answered("its own", 1002, STABLE))
    source = place.open()
    source.read()
    assert requests_of(source) == ({"its own"}, set())


def test_a_record_that_comes_twice_is_one_and_an_id_that_is_used_twice_is_none(place: Place) -> None:
    place.record(Answered("again", 1001, STABLE), is_again=True)
    place.record(*(Answered("used", at, STABLE) for at in (1001, 1002, 1003)), Answered("used", 1001, CANARY))
    source = place.open()
    source.read()
    assert requests_of(source) == ({"again"}, {"used"})
    assert list(source.answers.pairs()) == []


def test_two_revisions_of_one_bundle_cannot_be_told_apart(place: Place) -> None:
    place.record(Answered("one", 1001, STABLE))
    source = place.open(RolloutAnswers(1, STABLE, STABLE, since=0))
    source.read()
    assert source.answers.stable == source.answers.canary == {}


def test_a_place_that_is_not_there_is_no_data_and_can_be_asked_again(place: Place) -> None:
    source = place.open_nowhere()
    for _ in range(2):
        with pytest.raises(RecordsMissing):
            source.read()
