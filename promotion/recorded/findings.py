"""What true labels show of the canary while traffic moves; pure.

Answers are compared in pairs of one of either revision: to the same row where a shadow had both answer it, else to
requests that stand next to each other. So the split may change on the way, and so may what clients ask. The bounds hold
at every look (promotion/statistics/excess_bounds.py), so nobody counts looks, and nothing of them has to outlive a
crash: the same records and labels give the same finding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from promotion.gate.policy import GatePolicy
from promotion.recorded.answers import AnswersOfBoth, RecordedAnswer, Role, side_by_side
from promotion.recorded.labels import GivenLabel
from promotion.statistics.excess_bounds import excess_bounds

COVERAGE_ALARM = 0.001
COVERAGE_TOLERANCE = 0.1
"""By how much the shares of labelled answers may differ, shown or not: labels of one revision's mistakes alone show
harm before their number shows what they are."""
Labels = Mapping[tuple[str, int], GivenLabel]


class LabelState(StrEnum):
    """What the labels show."""

    NO_DATA = "NO_DATA"
    """Too few labelled rows, or records that cannot be read: never a pass where labels are required."""
    COVERAGE_DIFFERS = "COVERAGE_DIFFERS"
    """One revision's answers are labelled more often than the other's, so that the labels show neither good nor bad."""
    OPEN = "OPEN"
    """Enough of them, which show neither harm nor that there is none."""
    KEPT = "KEPT"
    """The canary is shown not to be worse by more than it may be."""
    HARM = "HARM"
    """The canary is shown to be worse by more than it may be."""


LABEL_STATE_TEXTS: Mapping[LabelState, str] = {
    LabelState.NO_DATA: "no data",
    LabelState.COVERAGE_DIFFERS: "coverage differs",
    LabelState.OPEN: "not shown",
    LabelState.KEPT: "not worse",
    LabelState.HARM: "worse",
}
"""For a person."""


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """The rows that one revision answered, by what is known of them."""

    labelled: int = 0
    wrong: int = 0
    """Of those that are labelled."""
    unlabelled: int = 0
    """Old enough for a label, but without one yet."""
    too_young: int = 0
    """Younger than the label lag, and not scored."""


@dataclass(frozen=True, slots=True)
class LabelFinding:
    """The newest look; shares of 1, None where nothing can be said."""

    state: LabelState
    stable: ScoredRows = ScoredRows()
    canary: ScoredRows = ScoredRows()
    pairs: int = 0
    """Comparisons of an answer, or neighbouring answers, of either revision."""
    worse_at_least: float | None = None
    """Lower bound of how much more often the canary is wrong, over all looks."""
    worse_at_most: float | None = None
    allowed: float = 0.0
    """The margin of the gate; 0 where its policy lets harm go first."""
    text: str = ""
    """Why there are no data, or what differs."""


def find_in_labels(answers: AnswersOfBoth, labels: Labels, policy: GatePolicy, now: float) -> LabelFinding:
    """What `labels` show at `now` (seconds since the epoch) of answers that are older than the label lag."""
    lag, alpha = policy.live_labels.lag_seconds, policy.live_labels.alpha
    stable, canary = (_score(answers, role, labels, now - lag) for role in _ROLES)
    allowed = 0.0 if policy.harm_goes_first else policy.margin
    excesses = _excesses(answers, labels, lag, now)
    fewest = policy.live_labels.minimum_rows
    if min(stable.labelled, canary.labelled) < fewest or not excesses:
        text = f"{canary.labelled} labelled rows of the canary and {stable.labelled} of stable, {fewest} are needed"
        return LabelFinding(LabelState.NO_DATA, stable, canary, len(excesses), allowed=allowed, text=text)
    if (differs := _compare_coverage(answers, labels, now - lag)) is not None:
        return LabelFinding(LabelState.COVERAGE_DIFFERS, stable, canary, len(excesses), allowed=allowed, text=differs)
    low, high = excess_bounds(excesses, alpha)
    state = LabelState.HARM if low > allowed else LabelState.KEPT if high <= allowed else LabelState.OPEN
    return LabelFinding(state, stable, canary, len(excesses), low, high, allowed)


_ROLES: tuple[Role, Role] = ("stable", "canary")


def _score(answers: AnswersOfBoth, role: Role, labels: Labels, until: float) -> ScoredRows:
    labelled = wrong = unlabelled = too_young = 0
    for answer in answers.of(role).values():
        for row, said in enumerate(answer.labels):
            given = labels.get((answer.request_id, row))
            if answer.at > until:
                too_young += 1
            elif given is None:
                unlabelled += 1
            else:
                labelled += 1
                wrong += said != given.label
    return ScoredRows(labelled, wrong, unlabelled, too_young)


def _excesses(answers: AnswersOfBoth, labels: Labels, lag: float, now: float) -> list[float]:
    """What the canary's answers are worse by, a pair of answers each."""
    alone = [
        ((*known_at, row), role, wrong)
        for role in _ROLES
        for answer in answers.unpaired(role)
        for row, (known_at, wrong) in _wrong(answer, labels, lag, now).items()
    ]
    excesses = side_by_side(alone)  # in the order in which they were known: what comes later leaves the groups alone
    for stable, canary in answers.pairs():
        was, now_is = _wrong(stable, labels, lag, now), _wrong(canary, labels, lag, now)
        excesses += [now_is[row][1] - was[row][1] for row in was.keys() & now_is.keys()]
    return excesses


def _wrong(
    answer: RecordedAnswer, labels: Labels, lag: float, now: float
) -> dict[int, tuple[tuple[float, float], float]]:
    """By labelled row, if the answer is old enough: when that was known, and 1 where it is wrong."""
    old_at = answer.at + lag
    if old_at > now:
        return {}
    return {
        row: ((max(old_at, given.at), answer.at), float(said != given.label))
        for row, said in enumerate(answer.labels)
        if (given := labels.get((answer.request_id, row))) is not None
    }


def _compare_coverage(answers: AnswersOfBoth, labels: Labels, until: float) -> str | None:
    """Why the labels cannot be trusted; among answers that stand next to each other, as older ones have more labels."""
    covered: list[tuple[tuple[float, ...], Role, float]] = [
        ((answer.at, row), role, float((answer.request_id, row) in labels))
        for role in _ROLES
        for answer in answers.unpaired(role)
        if answer.at <= until
        for row in range(len(answer.labels))
    ]
    excesses = side_by_side(covered)
    difference = fmean(excesses) if excesses else 0.0
    low, high = excess_bounds(excesses, COVERAGE_ALARM / 2)
    if low <= 0 <= high and abs(difference) <= COVERAGE_TOLERANCE:
        return None
    more = "canary" if difference > 0 else "stable"
    return f"answers of {more} are labelled more often, by {abs(difference):.1%}: hand in labels of both alike"


def describe_labels(finding: LabelFinding) -> str:
    """A line for a person: who is wrong how often, by how much more, and how much is not known yet."""
    stable, canary = finding.stable, finding.canary
    parts = [f"canary wrong in {canary.wrong} of {canary.labelled}, stable in {stable.wrong} of {stable.labelled}"]
    if finding.worse_at_least is not None and finding.worse_at_most is not None:
        bounds = f"{finding.worse_at_least:+.1%} to {finding.worse_at_most:+.1%}"
        parts.append(f"canary's excess {bounds}, {finding.allowed:.1%} may")
    parts.append(f"{stable.unlabelled + canary.unlabelled} rows without a label yet")
    parts.append(f"{stable.too_young + canary.too_young} too young")
    parts += [finding.text] if finding.text else []
    return "; ".join(parts)
