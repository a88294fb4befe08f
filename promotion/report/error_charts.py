"""Pictures of a regression model's verdict: the growth of the error against its margin, the errors, their course."""

from collections.abc import Sequence

from promotion.gate.error_comparison import ErrorComparison
from promotion.gate.error_course import ErrorCoursePoint, ErrorSpread
from promotion.report.drawing import CANARY, INK, NOT_WORSE, QUIET, STABLE, new_figure, to_svg
from promotion.report.verdict_charts import add_key, claim_colour, claim_of, row_name


def draw_growth(rows: Sequence[ErrorComparison]) -> str:
    """The growth of the mean error with both upper bounds, overall and of each group, against its margin."""
    figure, plot = new_figure(7.2, 1.2 + 0.32 * len(rows))
    margins = [100 * row.margin for row in rows]
    known = [100 * share for row in rows for share in (row.growth, row.bound) if share is not None]
    furthest = max([*known, *margins], default=0.0)
    for place, row in enumerate(rows):
        colour = claim_colour(row)
        for share, marker in ((row.bound_by_t, "|"), (row.bound_by_bootstrap, "x")):
            end = furthest if share is None else 100 * share
            if row.growth is not None:
                plot.plot([100 * row.growth, end], [place, place], color=colour, linewidth=2)
            plot.plot(end, place, marker=marker, markersize=9 if marker == "|" else 5, color=colour)
        if row.growth is not None:
            plot.plot(100 * row.growth, place, marker="o", markersize=7 if row.name == "all" else 5, color=colour)
        plot.plot([100 * row.margin] * 2, [place - 0.4, place + 0.4], color=INK, linewidth=1.2)
    plot.axvline(0, color=QUIET, linewidth=0.8)
    plot.set_yticks(range(len(rows)), [row_name(row) for row in rows])
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.set_xlabel("growth of the mean absolute error, %")
    add_key(plot, {claim_of(row): claim_colour(row) for row in rows})
    return to_svg(figure, "growth of the mean absolute error with its upper bounds against the margin")


def draw_error_spread(spread: ErrorSpread) -> str:
    """How many rows are how far off, of both revisions."""
    figure, plot = new_figure(7.2, 2.6)
    widths = [high - low for low, high in zip(spread.edges, spread.edges[1:], strict=False)]
    plot.bar(spread.edges[:-1], spread.stable, widths, align="edge", color=STABLE, alpha=0.35, label="stable")
    plot.step(spread.edges, [*spread.canary, spread.canary[-1]], where="post", color=CANARY, label="canary")
    for bias, colour in ((spread.stable_bias, STABLE), (spread.canary_bias, CANARY)):
        plot.axvline(bias, color=colour, linewidth=1, linestyle="--")
    plot.axvline(0, color=QUIET, linewidth=0.8)
    plot.set_xlabel("answered - true, in the unit of the label; dashed: the mean")
    plot.set_ylabel("rows")
    plot.legend(loc="upper left", fontsize=8)
    return to_svg(figure, "how far off the answers of stable and canary are")


def draw_error_course(course: Sequence[ErrorCoursePoint], margin: float) -> str:
    """The growth of the mean error and its upper bound over the rows so far, against the margin."""
    figure, plot = new_figure(7.2, 2.8)
    grown = [(point.n, 100 * point.growth) for point in course if point.growth is not None]
    bounds = [(point.n, 100 * point.bound_by_t) for point in course if point.bound_by_t is not None]
    for points, colour, name in ((grown, CANARY, "growth"), (bounds, NOT_WORSE, "its upper bound")):
        if points:
            plot.plot(*zip(*points, strict=True), color=colour, label=name)
    plot.axhline(100 * margin, color=INK, linewidth=1.2, label="the margin")
    plot.axhline(0, color=QUIET, linewidth=0.8)
    last = [points[-1][1] for points in (grown, bounds) if points]
    plot.set_ylim(top=min(plot.get_ylim()[1], max(4 * abs(one) for one in [*last, 100 * margin])))
    plot.set_xlabel("rows of the holdout, in its order")
    plot.set_ylabel("%")
    plot.legend(loc="lower right", ncols=3, fontsize=8)
    return to_svg(
        figure, "growth of the mean error and its upper bound over the rows of the holdout, against the margin"
    )
