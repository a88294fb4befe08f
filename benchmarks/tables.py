"""The figures as text: Markdown tables, which can be read in a terminal as well."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.goals import GOALS, P99, RESIDENT, START
from benchmarks.peers import B1, G1, J1, J32
from benchmarks.recording import write_recording
from benchmarks.results import Results, Spread, show_ratio

FIGURES = {
    J1: "j1 /s",
    B1: "b1 /s",
    J32: "j32 /s",
    G1: "gRPC /s",
    P99: "p99 ms",
    START: "start s",
    RESIDENT: "MB",
}
"""In the order of the columns."""


def write_tables(results: Results) -> str:
    """Everything about a run: where it was, the figures, the ratios, the goals."""
    return (
        "\n".join(
            (
                *_about(results),
                "",
                *_figures(results),
                "",
                *_ratios(results),
                "",
                *write_recording(results),
                *_goals(results),
            )
        )
        + "\n"
    )


def write_recording_part(results: Results) -> str:
    """Where the run was, and what recording cost in it."""
    return "\n".join((*_about(results), "", *write_recording(results))).rstrip() + "\n"


def _about(results: Results) -> Iterator[str]:
    about = ", ".join(f"{name} {value}" for name, value in results.machine.items() if name != "processor")
    yield f"{results.date}, {results.machine['processor']}, {about}."
    yield f"{len(results.rounds)} rounds, {results.seconds} s of load a figure: the median, smallest and largest."
    yield "Versions: " + ", ".join(f"{name} {value}" for name, value in results.versions.items()) + "."
    for name, reason in results.absent.items():
        yield f"Not measured: {results.titles[name]} ({reason})."
    for name, title in results.titles.items():
        if failures := results.failures(name):
            yield f"{title}: {failures} requests failed."


def _figures(results: Results) -> Iterator[str]:
    rows = []
    for name, title in results.titles.items():
        cells = [results.figure(name, figure) for figure in FIGURES]
        if any(cells):
            rows.append([title, *(_show_figure(cell) for cell in cells)])
    return _table(["", *FIGURES.values()], rows)


def _ratios(results: Results) -> Iterator[str]:
    """What ours is to each: how many times the rate, or the part of the time and the memory."""
    rows = []
    for name, title in results.titles.items():
        cells = [results.ratio(_ours(figure), figure, name, figure) for figure in FIGURES]
        if any(cells) and not name.startswith("assay"):
            rows.append([title, *(show_ratio(cell) for cell in cells)])
    return _table(["Assay is to", *(title.partition(" ")[0] for title in FIGURES.values())], rows)


def _goals(results: Results) -> Iterator[str]:
    rows = []
    for goal in GOALS:
        reached = goal.reached(results)
        sign = "≤" if goal.is_at_most else "≥"
        is_met = "not measured" if reached is None else "yes" if goal.is_met(reached) else "no"
        rows.append([goal.text, f"{sign} {goal.bound:g}", show_ratio(reached), is_met])
    return _table(["goal", "promised", "reached", "is met"], rows)


def _ours(figure: str) -> str:
    return "assay-grpc" if figure == G1 else "assay"


def _show_figure(spread: Spread | None) -> str:
    if spread is None:
        return ""
    middle, smallest, largest = (f"{value:,.0f}" if value >= 20 else f"{value:.2f}" for value in spread)
    return middle if smallest == largest else f"{middle} ({smallest} to {largest})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
