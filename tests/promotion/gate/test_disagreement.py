"""The rows that tell two revisions apart: which are kept, as what, and that the page shows them."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dataset import LabelledRows
from promotion.gate.advisory import AdvisoryEvidence
from promotion.gate.disagreement import CoursePoint, DisagreementKind, course_of, disagreements_of
from promotion.gate.evidence import PairedAnswers, count_pairs
from promotion.gate.record import EvidenceRecord
from promotion.gate.verdict import decide
from promotion.report import Chapter, write_report
from tests.promotion.gate.paired_answers import Pairs, answers_of, from_rows
from tests.promotion.gate.test_record import POLICY, record_of

ANSWERS = answers_of({"cat": Pairs(both=100, b=20, c=3, neither=2), "dog": Pairs(both=80, b=1, c=30)})


def holdout_of(answers: PairedAnswers, columns: int = 16, named: str = "pixel_") -> LabelledRows:
    features = np.random.default_rng(1).integers(0, 17, (len(answers.truth), columns)).astype(np.float64)
    names = tuple(f"{named}{place}" for place in range(columns))
    return LabelledRows("pets", features, answers.truth, names)


def test_the_first_rows_of_each_kind_are_kept_and_what_only_stable_has_right_comes_first() -> None:
    answers = from_rows(
        [("a", "a", "a"), ("a", "b", "a"), ("a", "a", "b"), ("a", "b", "c"), ("a", "b", "b")], ("a", "b", "c")
    )
    found = disagreements_of(answers, holdout_of(answers))
    assert [(row.row, row.kind, row.stable, row.canary) for row in found] == [
        (3, DisagreementKind.ONLY_STABLE_RIGHT, "a", "b"),
        (2, DisagreementKind.ONLY_CANARY_RIGHT, "b", "a"),
        (4, DisagreementKind.NEITHER_RIGHT, "b", "c"),
    ]
    many = disagreements_of(ANSWERS, holdout_of(ANSWERS))
    assert [row.kind for row in many] == [DisagreementKind.ONLY_STABLE_RIGHT] * 8 + [
        DisagreementKind.ONLY_CANARY_RIGHT
    ] * 8


def test_a_square_of_pixels_is_kept_as_greys() -> None:
    answers = from_rows([("a", "a", "b")], ("a", "b"))
    holdout = replace(holdout_of(answers, columns=4), features=np.array([[0.0, 5.0, 10.0, 15.0]]))
    assert disagreements_of(answers, holdout)[0].picture == "05af"
    flat = replace(holdout, features=np.full((1, 4), 7.0))
    assert disagreements_of(answers, flat)[0].picture == "0000"


@pytest.mark.parametrize(("columns", "named"), [(16, "width_"), (15, "pixel_"), (65 * 65, "pixel_")])
def test_what_is_no_square_of_pixels_has_no_picture(columns: int, named: str) -> None:
    answers = from_rows([("a", "a", "b")], ("a", "b"))
    assert disagreements_of(answers, holdout_of(answers, columns, named))[0].picture == ""


def test_the_course_ends_with_the_counts_of_the_verdict_and_never_goes_back() -> None:
    course = course_of(ANSWERS)
    counts = count_pairs(ANSWERS)
    assert course[-1] == CoursePoint(counts.n, counts.b, counts.c)
    assert len(course) == 60
    for before, after in pairwise(course):
        assert (before.n < after.n, before.b <= after.b, before.c <= after.c) == (True, True, True)
    for point in course[::13]:
        part = PairedAnswers(
            ANSWERS.truth[: point.n], ANSWERS.stable_labels[: point.n], ANSWERS.canary_labels[: point.n], ("cat", "dog")
        )
        assert (point.b, point.c) == (count_pairs(part).b, count_pairs(part).c)
    assert course_of(from_rows([("a", "a", "a")] * 3, ("a",))) == tuple(CoursePoint(n, 0, 0) for n in (1, 2, 3))
    assert course_of(from_rows([], ("a",))) == ()


@pytest.mark.parametrize("named", ["pixel_", "width_"], ids=["images", "numbers"])
def test_the_page_shows_them_and_the_record_gives_them_back(tmp_path: Path, named: str) -> None:
    advisory = AdvisoryEvidence(
        disagreements=disagreements_of(ANSWERS, holdout_of(ANSWERS, named=named)), course=course_of(ANSWERS)
    )
    record = record_of(decide(ANSWERS, POLICY)).model_copy(update={"advisory": advisory})
    assert EvidenceRecord.model_validate_json(record.to_json()).advisory == advisory
    write_report(tmp_path / "report.html", "Report", [Chapter("The canary", record)])
    page = (tmp_path / "report.html").read_text()
    assert ("as pictures" in page) is (named == "pixel_")
    assert "How the evidence came together" in page
    assert page.count(">stable</td></tr>") == page.count(">canary</td></tr>") == 8
