"""How every picture looks: colours by meaning, one font, and SVG text without anything that changes from run to run."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STABLE = "#4c6a92"
CANARY = "#d9822b"
NOT_WORSE = "#2e7d5b"
NOT_SHOWN = "#b8860b"
HARMED = "#b3362b"
QUIET = "#8a8f98"
INK = "#2b2f36"


@contextmanager
def drawing_style() -> Iterator[None]:
    """Pictures drawn inside look alike; settings of the process are as before afterwards."""
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "assay",
            "font.family": "sans-serif",
            "font.size": 10,
            "text.parse_math": False,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": QUIET,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
        }
    ):
        yield


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of `width` x `height` inches with one plot."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def to_svg(figure: Figure, description: str) -> str:
    """The figure as an `<svg>` element that says to a screen reader what it shows."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    element = svg[svg.index("<svg") :]
    label = description.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    element = re.sub(r"(?<=<svg )", f'role="img" aria-label="{label}" ', element, count=1)
    return re.sub(r'(?<= )(width|height)="[\d.]+pt" ', "", element, count=2)
