"""The rates as a picture, on a logarithmic scale: they lie two orders of magnitude apart."""

from io import StringIO

from matplotlib.figure import Figure

from benchmarks.peers import B1, G1, J1, J32
from benchmarks.results import Results

_PANELS = {J1: "one JSON row", B1: "one binary row", J32: "32 JSON rows", G1: "gRPC, one raw row"}
_OURS, _OTHERS = "#1f6f8b", "#b8bec4"


def draw_rates(results: Results) -> str:
    """An SVG: a panel for each kind of request, a bar for each server, with its spread over the rounds."""
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    for axes, (scenario, title) in zip(figure.subplots(2, 2).flat, _PANELS.items(), strict=True):
        found = {name: spread for name in results.titles if (spread := results.figure(name, scenario))}
        names = sorted(found, key=lambda name: found[name].middle)
        middles = [found[name].middle for name in names]
        spreads = [
            [found[name].middle - found[name].smallest for name in names],
            [found[name].largest - found[name].middle for name in names],
        ]
        colours = [_OURS if name.startswith("assay") else _OTHERS for name in names]
        axes.barh([results.titles[name] for name in names], middles, xerr=spreads, color=colours, ecolor="#444444")
        axes.set_xscale("log")
        axes.set_title(title, loc="left")
        axes.set_xlabel("requests per second (runs, in process)")
        axes.spines[["top", "right"]].set_visible(False)
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
