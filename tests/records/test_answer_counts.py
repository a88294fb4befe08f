"""How a bundle's answers were spread lately, and how many of those with a true label were right."""

from datetime import timedelta

from records.answer_counts import AnswerCounts, count_answers
from records.database import Database
from records.feedback import TrueLabel, record_labels
from records.prediction_writer import PredictionWriter
from tests.records.predictions import NOW, make_rows


def test_only_what_the_bundle_answered_since_is_counted(url: str, database: Database) -> None:
    rows = make_rows(range(10))  # answered a b c a b c a b c a, a second apart
    others = [row._replace(key=f"other-{row.key}", bundle_digest="sha256:1") for row in rows]
    numbers = [row._replace(key=f"number-{row.key}", label=None, label_index=None, value=1.5) for row in rows]
    PredictionWriter(url).write([*rows, *others, *numbers])
    labels = [TrueLabel(f"request-{number}", 0, "a") for number in (0, 5, 6, 7, 9)]
    record_labels(database, labels, source="ann", at=NOW)
    assert count_answers(database, "sha256:0", NOW + timedelta(seconds=4)) == AnswerCounts(
        by_label={"a": 2, "b": 2, "c": 2}, labelled=4, right=2
    )
    assert count_answers(database, "sha256:2", NOW) == AnswerCounts({}, 0, 0)
