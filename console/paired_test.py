"""Is one experiment's model better than another's, on the same rows? Training has the answers, promotion the tests."""

from dataclasses import dataclass
from math import inf, isfinite

from promotion.statistics.harm import harm_p_value
from promotion.statistics.paired_errors import error_growth, error_growth_bound_by_t, harm_of_errors
from promotion.statistics.tango import tango_lower_bound
from training.tracking.paired_answers import PairedErrors, PairedRights

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class PairedTest:
    """What the second experiment's model does otherwise than the first's."""

    measure: str
    rows: int
    difference: float
    """Of accuracy, or of the mean absolute error as a share of the first's; second minus first."""
    low: float
    high: float
    """The 95 % interval of the difference."""
    p_value: float
    """Two-sided, of no difference."""
    only_first_right: int | None = None
    only_second_right: int | None = None

    @property
    def text(self) -> str:
        """The result in one line."""
        unit = "%" if self.only_first_right is None else "points"
        low, high = _hundredths(self.low), _hundredths(self.high)
        share = f"{_hundredths(self.difference)} {unit}, 95 % interval {low} to {high}"
        counted = ""
        if self.only_first_right is not None:
            counted = f"; right alone: the first {self.only_first_right}, the second {self.only_second_right}"
        return f"{self.measure} {share}, p = {self.p_value:.3g} on {self.rows} rows{counted}: {self._conclusion()}"

    def _conclusion(self) -> str:
        if self.p_value >= ALPHA:
            return "no difference is shown"
        is_better = (self.difference > 0) == (self.only_first_right is not None)  # an error that grows is worse
        return f"the second is shown to be {'better' if is_better else 'worse'}"


def compare_paired(answers: PairedRights | PairedErrors) -> PairedTest:
    """Classifiers: Tango's interval of the difference, and McNemar's exact test. Regressions: the paired t test of
    absolute errors, and Fieller's interval of how much their mean grows."""
    if isinstance(answers, PairedErrors):
        return _compare_errors(answers)
    n = len(answers.first)
    b = int((answers.first & ~answers.second).sum())
    c = int((answers.second & ~answers.first).sum())
    low, high = tango_lower_bound(b, c, n, ALPHA / 2), -tango_lower_bound(c, b, n, ALPHA / 2)
    p_value = min(1.0, 2 * min(harm_p_value(b, c), harm_p_value(c, b)))
    return PairedTest("accuracy", n, (c - b) / n, low, high, p_value, b, c)


def _compare_errors(answers: PairedErrors) -> PairedTest:
    first, second = answers.first, answers.second
    shrinks = error_growth_bound_by_t(second, first, ALPHA / 2)  # of the first against the second
    low = 1 / (1 + shrinks) - 1 if isfinite(shrinks) and shrinks > -1 else -1.0
    high = error_growth_bound_by_t(first, second, ALPHA / 2)
    p_value = min(1.0, 2 * min(harm_of_errors(first, second), harm_of_errors(second, first)))
    return PairedTest("mean absolute error", len(first), error_growth(first, second), low, high, p_value)


def _hundredths(share: float) -> str:
    return "any" if share == inf else f"{100 * share:+.2f}"
