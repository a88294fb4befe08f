"""Predictions are found by what a person knows of them, page by page, each once."""

from contextlib import closing
from datetime import timedelta

import pytest

from records.database import Database
from records.errors import NotRecorded, QueryNotKnown
from records.feedback import TrueLabel, record_labels
from records.prediction_search import PredictionFound, PredictionsWanted, find_predictions, read_prediction
from records.prediction_writer import PredictionWriter
from tests.records.predictions import NOW, make_rows


@pytest.fixture
def predicted(url: str, database: Database) -> Database:
    """Ten requests a second apart, answered a, b, c in turn by r1; of the input of number 3, r2 answers otherwise.

    Of four the true label is known, which of number 2 is another one.
    """
    first = make_rows(range(10))
    first[4] = first[4]._replace(client="10.0.0.7")
    second = [row._replace(key=f"other-{row.key}", request_id=f"other-{row.request_id}") for row in first[2:4]]
    second = [row._replace(revision="r2", label="b" if row.label == "a" else row.label) for row in second]
    with closing(PredictionWriter(url)) as writer:
        writer.write([*first, *second])
    labels = [TrueLabel(f"request-{number}", 0, label) for number, label in enumerate("abab")]
    record_labels(database, labels, source="ann", at=NOW)
    return database


def found(database: Database, wanted: PredictionsWanted) -> list[str]:
    return [one.request_id.replace("request-", "") for one in find_predictions(database, wanted).predictions]


EXPECTED = [
    (PredictionsWanted(revision="r2"), ["other-3", "other-2"]),
    (PredictionsWanted(label="c", revision="r1"), ["8", "5", "2"]),
    (PredictionsWanted(request_id="request-6"), ["6"]),
    (PredictionsWanted(client="10.0.0.7"), ["4"]),
    (PredictionsWanted(since=NOW + timedelta(seconds=7), until=NOW + timedelta(seconds=9)), ["8", "7"]),
    (PredictionsWanted(kind="labelled"), ["3", "2", "1", "0"]),
    (PredictionsWanted(kind="unlabelled", model="digits", label="b"), ["7", "4", "other-3"]),
    (PredictionsWanted(kind="wrong"), ["3", "2"]),
    (PredictionsWanted(kind="disagreements"), ["3", "other-3"]),
    (PredictionsWanted(kind="disagreements", since=NOW + timedelta(seconds=4)), []),
    (PredictionsWanted(model="another"), []),
]


def test_what_is_asked_for_is_found_and_nothing_else(predicted: Database) -> None:
    assert [(wanted, found(predicted, wanted)) for wanted, _ in EXPECTED] == EXPECTED


def test_pages_have_each_prediction_once_also_while_more_are_made(predicted: Database, url: str) -> None:
    whole = find_predictions(predicted, PredictionsWanted()).predictions
    assert len(whole) == 12
    seen: list[PredictionFound] = []
    page = None
    while True:
        given = find_predictions(predicted, PredictionsWanted(), limit=5, page=page)
        seen += given.predictions
        with closing(PredictionWriter(url)) as writer:
            writer.write(make_rows([100 + len(seen)]))
        if (page := given.next_page) is None:
            break
    assert tuple(seen) == whole


@pytest.mark.parametrize("page", ["yesterday", "0001-01-01T00:00:00+23:59,0,key", "a\nb"])
def test_a_page_that_is_none_is_refused(predicted: Database, page: str) -> None:
    with pytest.raises(QueryNotKnown) as refused:
        find_predictions(predicted, PredictionsWanted(), page=page)
    assert str(refused.value) == f"{page!r} is no page; expected the next_page of a page before"


def test_a_prediction_is_read_with_its_tensors_and_its_true_label(predicted: Database) -> None:
    assert read_prediction(predicted, "request-7", 0) == make_rows([7])[0]
    (shown,) = find_predictions(predicted, PredictionsWanted(request_id="request-2")).predictions
    assert (shown.label, shown.true_label, shown.seconds) == ("c", "a", 0.002)
    with pytest.raises(NotRecorded, match="there is no prediction of request request-7, row 1"):
        read_prediction(predicted, "request-7", 1)
