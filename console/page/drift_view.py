"""Drift on the page: how the answers of what serves are spread, on its holdout and lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.drift import Drift, DriftWatch
from console.errors import Refused
from console.page.fragments import Fragment, read_at_last
from promotion.gate.advisory import AnswerDrift

RANGES: Mapping[int, str] = {24: "day", 24 * 7: "week", 24 * 30: "30 days"}
STABLE_BELOW, SHIFT_ABOVE = 0.1, 0.25
"""What a stability index is commonly called; it is no test."""


@dataclass(frozen=True, slots=True)
class MixRow:
    """One class, as shares of the answers."""

    label: str
    holdout: float
    live: float
    holdout_width: str
    live_width: str
    """Of its bars, in percent of the largest of all."""


async def show_drift(watch: DriftWatch, hours: int) -> None:
    """A part of the view of predictions."""
    place = Fragment()
    place.show("loading.html", text="Counting the answers…")
    seen = await read_at_last(place, lambda: _look(watch, hours))
    if isinstance(seen, Drift):
        place.show("drift.html", **_shown(seen), hours=hours, ranges=RANGES)
    elif seen is not None:
        step = "How answers drift is shown for what serves, once it is a classifier that was trained here."
        place.show("empty.html", text=f"There is no drift to show: {seen}.", next_step=step)


def _look(watch: DriftWatch, hours: int) -> Drift | str:
    try:
        return watch.look(hours)
    except Refused as error:
        return str(error)


def _shown(seen: Drift) -> dict[str, object]:
    answers = seen.answers
    word, look = drift_word(answers.stability_index) if answers else ("", "")
    return {"seen": seen, "mix": mix_rows(answers) if answers else (), "word": word, "look": look}


def drift_word(stability_index: float) -> tuple[str, str]:
    """What the index is commonly called, and how that looks."""
    if stability_index < STABLE_BELOW:
        return "stable", "good"
    return ("a shift", "bad") if stability_index > SHIFT_ABOVE else ("some drift", "open")


def mix_rows(answers: AnswerDrift) -> Sequence[MixRow]:
    """The classes in the model's order."""
    of_holdout, of_live = sum(answers.holdout), sum(answers.live)
    shares = [
        (label, on_holdout / of_holdout, live / of_live)
        for label, on_holdout, live in zip(answers.classes, answers.holdout, answers.live, strict=True)
    ]
    most = max(max(one, other) for _, one, other in shares)
    return tuple(
        MixRow(label, one, other, f"{100 * one / most:.2f}", f"{100 * other / most:.2f}")
        for label, one, other in shares
    )
