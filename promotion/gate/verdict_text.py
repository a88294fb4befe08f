"""A verdict for a terminal: the headline, the numbers, the parts and the remaining reasons, as plain lines."""

from collections.abc import Sequence

from promotion.gate.advisory import AdvisoryEvidence, Calibration
from promotion.gate.comparison import Comparison
from promotion.gate.error_comparison import ErrorComparison
from promotion.gate.record import ReplayFacts
from promotion.gate.verdict import Verdict


def describe_verdict(verdict: Verdict) -> tuple[str, ...]:
    """Lines without line ends; the first one, `OUTCOME: reason`, can stand alone. Numbers are shares but for counts."""
    lines = [f"{verdict.outcome}: {verdict.headline}"]
    if verdict.overall:
        lines += ["", *_numbers(verdict.overall)]
    if verdict.errors:
        lines += ["", *_errors(verdict.errors)]
    if verdict.classes:
        lines += ["", *_part_table("class", verdict.classes)]
    if verdict.error_slices:
        lines += ["", *_error_table(verdict.error_slices)]
    if verdict.slices:
        lines += ["", *_part_table("slice", verdict.slices)]
    if verdict.reasons[1:]:
        lines += ["", *(f"- {reason.code}: {reason.text}" for reason in verdict.reasons[1:])]
    if verdict.rows_needed is not None:
        lines += ["", f"rows of the data set that would decide: about {verdict.rows_needed}"]
    return tuple(lines)


def describe_replay(facts: ReplayFacts) -> tuple[str, ...]:
    """Lines without line ends: what it took to ask each revision; every request that was sent again, and why."""
    return tuple(
        f"{one.role} over {one.transport}: {one.requests} requests, {one.retried} of them retries"
        + "".join(f"; {why}: {times}" for why, times in one.troubles.items())
        for one in facts.asked
    )


def describe_advisory(advisory: AdvisoryEvidence) -> tuple[str, ...]:
    """Lines without line ends: what was found beside the verdict, in which it takes no part."""
    lines = []
    if advisory.agreement:
        lines.append(f"agreement: {advisory.agreement.agreed:.1%} of the rows have the same answer")
    if advisory.error_spread:
        spread = advisory.error_spread
        lines.append(f"off in the mean: stable {spread.stable_bias:+.4g}, canary {spread.canary_bias:+.4g}")
    if advisory.stable_calibration and advisory.canary_calibration:
        stable, canary = _calibration(advisory.stable_calibration), _calibration(advisory.canary_calibration)
        lines.append(f"calibration: stable is off by {stable} points, the canary by {canary} (95 %)")
    if advisory.drift:
        found = advisory.drift
        lines.append(
            f"drift of stable's answers, holdout to live traffic: stability index {found.stability_index:.3f}, "
            f"p = {found.p_value:.2g} ({found.test}, {sum(found.live)} live rows)"
        )
    if advisory.live and not advisory.live.of_stable:
        lines.append(f"drift: none of {advisory.live.of_others} recorded answers is of stable's bundle")
    return ("advisory, without a part in the verdict:", *(f"- {line}" for line in lines)) if lines else ()


def _calibration(one: Calibration) -> str:
    error = one.error
    return f"{100 * error.estimate:.1f} ({100 * error.low:.1f} to {100 * error.high:.1f})"


def _numbers(one: Comparison) -> list[str]:
    return [
        f"n = {one.n} rows, b = {one.b} (only stable is right), c = {one.c} (only the canary is right)",
        f"accuracy: stable {one.stable_accuracy:.4f}, canary {one.canary_accuracy:.4f}, "
        f"difference {one.difference:+.4f}",
        f"not worse: Z = {one.z:.3f}, at least {one.critical_z:.3f} is needed; "
        f"lower bound {one.lower_bound:+.4f}, margin {-one.margin:+.4f}",
        f"harm: p = {one.harm_p_value:.3g}",
    ]


def _errors(one: ErrorComparison) -> list[str]:
    growth, by_t, by_bootstrap = map(_grown, (one.growth, one.bound_by_t, one.bound_by_bootstrap))
    return [
        f"n = {one.n} rows",
        f"mean absolute error: stable {one.stable_error:.6g}, canary {one.canary_error:.6g}, difference {growth}",
        f"not worse: growth of the error at most {by_t} (t), {by_bootstrap} (bootstrap); margin {one.margin:+.2%}",
        f"harm: p = {one.harm_p_value:.3g}",
    ]


def _grown(share: float | None) -> str:
    return "any share" if share is None else f"{share:+.2%}"


def _error_table(parts: Sequence[ErrorComparison]) -> list[str]:
    header = ("slice", "n", "stable", "canary", "growth", "by t", "by bootstrap", "margin", "harm p", "")
    return _table([header, *(_error_row(one) for one in parts)])


def _error_row(one: ErrorComparison) -> tuple[str, ...]:
    return (
        one.name,
        str(one.n),
        f"{one.stable_error:.4g}",
        f"{one.canary_error:.4g}",
        *map(_grown, (one.growth, one.bound_by_t, one.bound_by_bootstrap)),
        f"{one.margin:+.2%}",
        f"{one.harm_p_value:.2g}",
        _claim(one),
    )


def _part_table(kind: str, parts: Sequence[Comparison]) -> list[str]:
    header = (kind, "n", "b", "c", "stable", "canary", "difference", "Z", "lower bound", "margin", "harm p", "")
    return _table([header, *(_part_row(one) for one in parts)])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [_aligned(row, widths) for row in rows]


def _part_row(one: Comparison) -> tuple[str, ...]:
    return (
        one.name,
        str(one.n),
        str(one.b),
        str(one.c),
        f"{one.stable_accuracy:.3f}",
        f"{one.canary_accuracy:.3f}",
        f"{one.difference:+.3f}",
        f"{one.z:.2f}",
        f"{one.lower_bound:+.3f}",
        f"{-one.margin:+.3f}",
        f"{one.harm_p_value:.2g}",
        _claim(one),
    )


def _claim(one: Comparison | ErrorComparison) -> str:
    if one.is_not_worse:
        return "worse, but within margin" if one.is_harmed else "not worse"
    if one.is_harmed:
        return "harmed"
    return "not shown" if one.is_assessable else f"too few rows (of {one.row_floor})"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, claim = row
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True))]
    return "  ".join((*cells, claim)).rstrip()
