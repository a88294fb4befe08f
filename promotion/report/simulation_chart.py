"""A picture of the simulated gates: what each does to canaries at the margin, as good as stable, and far worse."""

from collections.abc import Sequence

from promotion.report.drawing import HARMED, INK, NOT_WORSE, QUIET, new_figure, to_svg
from promotion.simulation.study import GateRates


def draw_study(found: Sequence[GateRates], alpha: float, power: float) -> str:
    """For each gate the share that it promotes of each kind of canary; lines at alpha and at the planned power."""
    gates = list(dict.fromkeys(one.gate for one in found))
    canaries = list(dict.fromkeys(one.canary for one in found))
    naive = {one.gate for one in found if one.is_naive}
    figure, plot = new_figure(8.0, 0.9 + 0.5 * len(gates))
    colours = dict(zip(canaries, (HARMED, NOT_WORSE, INK), strict=True))
    for place, canary in enumerate(canaries):
        rates = {one.gate: 100 * one.promoted for one in found if one.canary == canary}
        heights = [row + 0.26 * (place - 1) for row in range(len(gates))]
        widths = [rates[gate] for gate in gates]
        plot.barh(heights, widths, height=0.24, color=colours[canary], label=f"promoted: {canary}")
        for height, width in zip(heights, widths, strict=True):
            plot.annotate(f"{width:.1f}", (width, height), (3, 0), textcoords="offset points", va="center", fontsize=7)
    for share in (alpha, power):
        plot.axvline(100 * share, color=QUIET, linewidth=0.8, linestyle=":")
    plot.set_yticks(range(len(gates)), [f"{gate} (naive)" if gate in naive else gate for gate in gates])
    plot.set_ylim(len(gates) - 0.5, -0.5)
    plot.set_xlim(0, 108)
    plot.set_xlabel(f"promoted, % of the runs; dotted: alpha ({100 * alpha:g} %) and the power ({100 * power:g} %)")
    plot.legend(loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=3, fontsize=8)
    return to_svg(figure, "share of simulated canaries that each gate promotes")
