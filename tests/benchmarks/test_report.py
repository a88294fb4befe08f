"""What is said of figures: medians over rounds, ratios within a round, and the goals they are held to."""

from pathlib import Path

import pytest

from benchmarks.goals import GOALS, Goal
from benchmarks.picture import draw_rates
from benchmarks.report import BEGIN, END, place_recording, place_tables
from benchmarks.results import Results, Spread
from benchmarks.tables import write_tables

RESULTS = Results(
    date="2026-11-21",
    machine={"processor": "Abacus 9", "cores": "2"},
    seconds=3,
    titles={"assay": "Assay", "kserve": "KServe", "triton": "Triton"},
    versions={"kserve": "0.21.0"},
    absent={"triton": "no wheel for this machine"},
    rounds=(
        {"assay": {"j1": 1000.0, "failed": 0}, "kserve": {"j1": 100.0, "failed": 2}},
        {"assay": {"j1": 3000.0, "failed": 0}, "kserve": {"j1": 150.0, "failed": 0}},
        {"assay": {"j1": 2000.0, "failed": 0}, "kserve": {"j1": 40.0, "failed": 1}},
    ),
)


def test_a_figure_is_the_median_of_its_rounds_with_the_extremes() -> None:
    assert RESULTS.figure("assay", "j1") == Spread(2000, 1000, 3000)
    assert RESULTS.figure("assay", "b1") is None
    assert RESULTS.figure("triton", "j1") is None


def test_a_ratio_is_taken_within_each_round() -> None:
    assert RESULTS.ratio("assay", "j1", "kserve", "j1") == Spread(20, 10, 50)
    assert RESULTS.ratio("assay", "j1", "triton", "j1") is None


@pytest.mark.parametrize(
    ("bound", "is_at_most", "is_met"), [(20, False, True), (20.1, False, False), (20, True, True), (19.9, True, False)]
)
def test_a_goal_is_met_by_the_median(bound: float, is_at_most: bool, is_met: bool) -> None:
    goal = Goal("one row", "assay", "j1", bound, "kserve", is_at_most=is_at_most)
    reached = goal.reached(RESULTS)
    assert reached is not None
    assert goal.is_met(reached) is is_met


def test_the_tables_name_machine_versions_failures_and_who_is_absent() -> None:
    text = write_tables(RESULTS)
    for part in ("Abacus 9", "kserve 0.21.0", "Triton (no wheel for this machine)", "KServe: 3 requests failed"):
        assert part in text
    assert "| Assay | 2,000 (1,000 to 3,000) |" in text
    assert "| one JSON row, × KServe | ≥ 20 | 20 (10 to 50) | yes |" in text


def test_every_goal_has_a_line_in_the_tables_measured_or_not() -> None:
    lines = write_tables(RESULTS).splitlines()
    for goal in GOALS:
        assert sum(line.startswith(f"| {goal.text} |") for line in lines) == 1


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    RESULTS.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == RESULTS


def test_the_tables_are_put_between_the_marks_and_nowhere_else() -> None:
    text = place_tables(f"before\n{BEGIN}\nold\n{END}\nafter\n", RESULTS)
    assert text == f"before\n{BEGIN}\n{write_tables(RESULTS)}{END}\nafter\n"
    with pytest.raises(ValueError, match="expected both"):
        place_tables("nothing", RESULTS)


def test_what_recording_costs_is_a_ratio_within_each_round() -> None:
    without, recording = {"j1": 100.0, "j1_cpu_us": 50.0}, {"j1": 95.0, "j1_cpu_us": 55.0, "delivery_us": 40.0}
    rounds = ({"assay": without, "assay-recording": recording},)
    titles = {"assay": "Assay", "assay-recording": "Assay, recording"}
    text = write_tables(RESULTS.model_copy(update={"rounds": rounds, "titles": titles, "absent": {}}))
    assert "| one JSON row | 0.95 | 1.1 | 50 | 55 |" in text
    assert "takes 40 µs of CPU a record" in text
    assert "of CPU a record" not in write_tables(RESULTS)


def test_the_picture_has_every_server_that_was_measured() -> None:
    picture = draw_rates(RESULTS)
    assert "<!-- KServe -->" in picture
    assert "<!-- Triton -->" not in picture


def test_the_documented_results_are_those_of_the_run_beside_them() -> None:
    docs = Path(__file__).parents[2] / "docs"
    document = (docs / "performance.md").read_text(encoding="utf-8")
    assert document == place_tables(document, Results.read(docs / "performance.json"))
    assert document == place_recording(document, Results.read(docs / "performance-recording.json"))
