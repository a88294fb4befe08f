"""Every question has the same answer in both databases, and it is the one that can be counted by hand."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from records.database import Database
from records.errors import QueryNotKnown
from records.models import Feedback
from records.named_queries import QueryAnswer, all_queries, ask, find_query, lines_of
from records.prediction_writer import PredictionRow, PredictionWriter
from tests.assay.program import assay
from tests.records.predictions import make_rows

FIRST, SECOND = datetime(2026, 11, 1, 23, 59, tzinfo=UTC), datetime(2026, 11, 2, 0, 1, tzinfo=UTC)
# Answered label by true label, of one input each.
ON_FIRST = [("a", "a"), ("b", "b"), ("a", "b"), ("a", "b"), ("c", "a")]  # revision r1
ON_SECOND = [("a", "a"), ("b", "b"), ("b", "b"), ("a", "b")]  # revision r2, which was asked the first four again


def answered(pairs: Sequence[tuple[str, str]], revision: str, at: datetime) -> list[PredictionRow]:
    rows = make_rows(range(len(pairs)), at=at)
    return [
        row._replace(
            label=label,
            revision=revision,
            key=f"{revision}-{row.key}",
            request_id=f"{revision}-{number}",
            client_request_id=None,
            probability=0.5 + number / 10,
        )
        for number, (row, (label, _)) in enumerate(zip(rows, pairs, strict=True))
    ]


@pytest.fixture
def asked(url: str, database: Database) -> Database:
    with closing(PredictionWriter(url)) as writer:
        writer.write(answered(ON_FIRST, "r1", FIRST))
        writer.write(answered(ON_SECOND, "r2", SECOND))
        writer.write(make_rows([100], at=FIRST))  # of which nobody said what is true
    said = [
        {"request_id": f"{revision}-{number}", "row": 0, "label": true, "source": "test", "received_at": SECOND}
        for revision, pairs in (("r1", ON_FIRST), ("r2", ON_SECOND))
        for number, (_, true) in enumerate(pairs)
    ]
    with database.begin() as connection:
        connection.execute(insert(Feedback), said)
    return database


def answer(database: Database, name: str, **given: str) -> list[dict[str, object]]:
    found = ask(database, find_query(name), given)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_daily_accuracy(asked: Database) -> None:
    first = {"day": "2026-11-01", "model": "digits", "revision": "r1", "labelled": 5, "correct": 2, "accuracy": 0.4}
    second = {"day": "2026-11-02", "model": "digits", "revision": "r2", "labelled": 4, "correct": 3, "accuracy": 0.75}
    assert answer(asked, "daily-accuracy") == [first, second]
    assert answer(asked, "daily-accuracy", since="2026-11-02") == [second]


def test_most_confused_classes(asked: Database) -> None:
    found = answer(asked, "most-confused-classes")
    said = [tuple(row[name] for name in ("revision", "true_label", "answered", "times", "share")) for row in found]
    assert said == [("r1", "b", "a", 2, 0.6667), ("r1", "a", "c", 1, 0.5), ("r2", "b", "a", 1, 0.3333)]
    assert answer(asked, "most-confused-classes", limit="1") == found[:1]


def test_slowest_predictions(asked: Database) -> None:
    found = answer(asked, "slowest-predictions", limit="3")
    assert [row["request_id"] for row in found] == ["request-100", "r1-4", "r1-3"]
    assert [row["seconds"] for row in found] == [0.1, 0.004, 0.003]
    assert found[0]["answered_at"] == f"{FIRST + timedelta(seconds=100):%Y-%m-%d %H:%M:%S.%f}"


def test_disagreements(asked: Database) -> None:
    (only,) = answer(asked, "disagreements")
    assert (only["revision"], only["label"], only["request_id"]) == ("r1", "a", "r1-2")
    assert (only["other_revision"], only["other_label"], only["other_request_id"]) == ("r2", "b", "r2-2")
    assert only["true_label"] == "b"


def test_inputs_that_came_a_thousand_times_are_one_disagreement(asked: Database, url: str) -> None:
    same = answered([("c", "")] * 1000, "r3", SECOND)
    with closing(PredictionWriter(url)) as writer:
        writer.write([row._replace(inputs=bytes(4)) for row in same])
    found = [row for row in answer(asked, "disagreements") if row["other_revision"] == "r3"]
    assert {(row["revision"], row["label"], row["true_label"]) for row in found} == {("r1", "a", "a"), ("r2", "a", "a")}
    assert len(found) == 2


def test_wrong_predictions(asked: Database) -> None:
    found = answer(asked, "wrong-predictions")
    assert [row["request_id"] for row in found] == ["r1-4", "r1-3", "r2-3", "r1-2"]
    assert [(row["label"], row["true_label"]) for row in found] == [("c", "a"), ("a", "b"), ("a", "b"), ("a", "b")]


def test_what_is_no_query_or_no_parameter_of_it_is_named(database: Database) -> None:
    with pytest.raises(QueryNotKnown, match="daily is no query; expected daily-accuracy, disagreements, "):
        find_query("daily")
    with pytest.raises(QueryNotKnown, match="daily-accuracy has no parameter limit; expected since"):
        answer(database, "daily-accuracy", limit="3")
    with pytest.raises(QueryNotKnown, match="since=today: expected a day, such as 1970-01-01"):
        answer(database, "daily-accuracy", since="today")


def test_an_answer_is_a_table_with_its_numbers_to_the_right() -> None:
    shown = lines_of(QueryAnswer(("label", "share"), (("a", 0.5), ("long one", None), ("b", 12))))
    assert list(shown) == ["label     share", "a         0.5", "long one  -", "b         12"]
    shown = lines_of(QueryAnswer(("label", "share"), (("a", 0.5), ("b", 12))))
    assert list(shown) == ["label  share", "a        0.5", "b         12"]


def test_the_command_lists_the_queries() -> None:
    listed = assay("db", "query", "--json", environment={"ASSAY_DATABASE_URL": ""}).json()["queries"]
    assert [query["name"] for query in listed] == [query.name for query in all_queries()]
    assert all(query["meaning"].endswith(".") or "`" in query["meaning"] for query in listed)


def test_the_command_asks_them(asked: Database, url: str) -> None:
    done = assay("db", "query", "daily-accuracy", "since=2026-11-02", environment={"ASSAY_DATABASE_URL": url})
    assert done.stdout.splitlines() == [
        "day         model   revision  labelled  correct  accuracy",
        "2026-11-02  digits  r2               4        3      0.75",
    ]
