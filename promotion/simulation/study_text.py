"""The study as tables for a terminal, which are those in docs/gate.md."""

from collections.abc import Sequence

from promotion.simulation.live_traffic import GuardrailRates
from promotion.simulation.study import GateRates


def describe_guardrail_study(found: Sequence[GuardrailRates]) -> tuple[str, ...]:
    """Lines without line ends: how often a rollout is sent back, and after how many of the canary's requests."""
    names = {one.rule: f"{one.rule} (naive)" if one.is_naive else one.rule for one in found}
    width = max(len(one.canary) for one in found)
    lines = [
        f"{'':{width}}  " + "  ".join(f"{name:^27}" for name in names.values()),
        f"{'':{width}}  " + "  ".join(f"{'sent back':>14}{'requests':>13}" for _ in names),
    ]
    for canary in dict.fromkeys(one.canary for one in found):
        cells = [one for one in found if one.canary == canary]
        lines.append(
            f"{canary:{width}}  " + "  ".join(f"{one.sent_back:>14.1%}{one.mean_requests:>13.0f}" for one in cells)
        )
    return tuple(line.rstrip() for line in lines)


def describe_study(found: Sequence[GateRates]) -> tuple[str, ...]:
    """Lines without line ends: what each gate does to each kind of canary, and after how many rows."""
    gates = list(dict.fromkeys(one.gate for one in found))
    canaries = list(dict.fromkeys(one.canary for one in found))
    rates = {(one.gate, one.canary): one for one in found}
    naive = {one.gate for one in found if one.is_naive}
    names = {gate: f"{gate} (naive)" if gate in naive else gate for gate in gates}
    width = max(map(len, names.values()))
    lines = [
        f"{'':{width}}  " + "  ".join(f"{canary:^27}" for canary in canaries),
        f"{'':{width}}  " + "  ".join(f"{'promoted':>9}{'rejected':>10}{'rows':>8}" for _ in canaries),
    ]
    for gate in gates:
        cells = [rates[gate, canary] for canary in canaries]
        lines.append(
            f"{names[gate]:{width}}  "
            + "  ".join(f"{one.promoted:>9.1%}{one.rejected:>10.1%}{one.mean_rows:>8.0f}" for one in cells)
        )
    return tuple(line.rstrip() for line in lines)
