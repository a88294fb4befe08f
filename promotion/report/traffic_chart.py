"""A picture of the traffic as its clients saw it: who answered, second by second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from promotion.report.drawing import CANARY, HARMED, INK, NOT_WORSE, QUIET, STABLE, new_figure, to_svg

_COLOURS = (STABLE, CANARY, HARMED, "#7a5ea8", NOT_WORSE, QUIET)


@dataclass(frozen=True, slots=True)
class TrafficSample:
    """One request as its client saw it."""

    at_seconds: float
    revision: str
    """Who answered; empty for a request that failed."""


def draw_traffic(samples: Sequence[TrafficSample], marks: Mapping[str, float]) -> str:
    """Shares of the revisions that answered, a second wide; `marks` names moments by their seconds."""
    revisions = list(dict.fromkeys(sample.revision or "failed" for sample in samples))
    length = int(max((sample.at_seconds for sample in samples), default=0)) + 1
    counts = np.zeros((len(revisions), length))
    for sample in samples:
        counts[revisions.index(sample.revision or "failed"), int(sample.at_seconds)] += 1
    totals = counts.sum(axis=0)
    shares = np.divide(100 * counts, totals, out=np.zeros_like(counts), where=totals > 0)
    figure, plot = new_figure(10, 3.2)
    colours = [_COLOURS[place % len(_COLOURS)] for place in range(len(revisions))]
    plot.stackplot(np.arange(length), shares, labels=revisions, colors=colours, step="post", alpha=0.85)
    for name, at_seconds in marks.items():
        plot.axvline(at_seconds, color=INK, linewidth=0.8, linestyle=":")
        place = (at_seconds, 102)
        plot.annotate(name, place, (0, 0), textcoords="offset points", fontsize=8, rotation=25, annotation_clip=False)
    plot.set_xlim(0, length)
    plot.set_ylim(0, 100)
    plot.set_ylabel("answered by, %")
    plot.set_xlabel("seconds since the clients began")
    plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return to_svg(figure, "share of the requests that each revision answered over time")
