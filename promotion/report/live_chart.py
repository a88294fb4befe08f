"""A picture of what was seen while traffic moved: what the canary failed, or got wrong, beyond stable."""

from collections.abc import Iterator
from dataclasses import dataclass

from promotion.gate.policy import Guardrail
from promotion.recorded.findings import LABEL_STATE_TEXTS
from promotion.report.drawing import HARMED, INK, NOT_SHOWN, NOT_WORSE, QUIET, new_figure, to_svg
from promotion.report.live_tables import guardrail_rows
from promotion.rollout.record import RolloutRecord

_COLOURS = {"broken": HARMED, "worse": HARMED, "kept": NOT_WORSE, "not worse": NOT_WORSE, "not shown": NOT_SHOWN}


@dataclass(frozen=True, slots=True)
class _Interval:
    name: str
    at_least: float
    at_most: float
    allowed: float
    state: str


def draw_live(record: RolloutRecord) -> str:
    """An interval for the errors of each window by each source, and one for labels; empty where nothing is known."""
    rows = list(_intervals(record))
    if not rows:
        return ""
    figure, plot = new_figure(7.2, 1.0 + 0.3 * len(rows))
    for place, row in enumerate(rows):
        colour = _COLOURS.get(row.state, QUIET)
        plot.plot([100 * row.at_least, 100 * row.at_most], [place, place], color=colour, linewidth=2, marker="|")
        plot.plot([100 * row.allowed] * 2, [place - 0.4, place + 0.4], color=INK, linewidth=1.2)
        plot.annotate(row.state, (100 * row.at_most, place), (6, -3), textcoords="offset points", fontsize=8)
    plot.axvline(0, color=QUIET, linewidth=0.8)
    plot.set_yticks(range(len(rows)), [row.name for row in rows])
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.margins(x=0.15)
    plot.set_xlabel("excess of the canary over stable, in points; black: allowed")
    return to_svg(figure, "excess of the canary's errors, and of its wrong answers, against what is allowed")


def _intervals(record: RolloutRecord) -> Iterator[_Interval]:
    for row in guardrail_rows(record):
        one = row.finding
        if one.guardrail is not Guardrail.ERRORS:
            continue
        if one.excess_at_least is not None and one.excess_at_most is not None and one.allowed is not None:
            name = f"errors, {row.window} ({one.source})"
            yield _Interval(name, one.excess_at_least, one.excess_at_most, one.allowed, row.state)
    labels = record.labels
    if labels is not None and labels.worse_at_least is not None and labels.worse_at_most is not None:
        state = LABEL_STATE_TEXTS[labels.state]
        yield _Interval("wrong by labels", labels.worse_at_least, labels.worse_at_most, labels.allowed, state)
