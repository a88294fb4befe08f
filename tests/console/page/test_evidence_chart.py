"""Where the page draws evidence: intervals and margins on one scale, for accuracies and for errors."""

import pytest

from console.page.evidence_chart import HEIGHT, WIDTH, CourseChart, course_chart, forest
from promotion.gate.advisory import AdvisoryEvidence
from tests.console.page.evidence import accuracy_evidence, error_evidence


@pytest.mark.parametrize("canary", ["v2", "v3"])
def test_an_interval_crosses_the_drawn_margin_exactly_where_not_worse_is_not_shown(canary: str) -> None:
    rows = forest(accuracy_evidence(canary))
    assert [row.name for row in rows] == ["all", "a", "b", "c", "d"]
    for row in rows:
        assert row.low is not None
        assert row.low_at <= row.difference_at <= row.high_at
        assert (row.low_at > row.margin_at) == (row.claim == "not worse"), row
        assert 0 <= row.margin_at < row.zero_at <= 100


def test_of_a_regression_less_is_better_and_the_margin_lies_above() -> None:
    (row,) = forest(error_evidence())
    assert row.margin > 0
    assert row.margin_at > row.zero_at
    assert (row.high_at <= row.margin_at) == (row.claim == "not worse")
    assert course_chart(error_evidence()) is not None


def test_the_course_ends_with_the_bounds_of_the_verdict_and_stays_inside_its_drawing() -> None:
    evidence = accuracy_evidence("v2")
    chart = course_chart(evidence)
    assert isinstance(chart, CourseChart)
    places = [tuple(map(float, place.split(","))) for place in (chart.band + " " + chart.line).split()]
    assert all(0 <= across <= WIDTH and 0 <= up <= HEIGHT for across, up in places)
    assert "After 400 rows the difference in accuracy is +5 points" in chart.says
    assert evidence.lower_bound is not None
    assert f"{100 * evidence.lower_bound:+.3g}" in chart.says
    assert chart.zero_at < chart.margin_at
    assert chart.across[-1].text == "400"


def test_without_rows_there_is_nothing_to_draw() -> None:
    evidence = accuracy_evidence("v2")
    nothing = evidence.model_copy(update={"overall": None, "classes": (), "advisory": AdvisoryEvidence()})
    assert course_chart(nothing) is None
    assert forest(nothing) == ()
