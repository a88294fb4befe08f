"""`assay gate plan`: how many labelled rows the gate needs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.output import print_json, print_lines


def plan(
    disagreement: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="Share of rows that one revision alone will have right; may be given again."),
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Accuracy that the canary may lose, a share.")] = None,
    alpha: Annotated[float | None, typer.Option(help="Largest probability of a false promotion.")] = None,
    power: Annotated[float | None, typer.Option(help="Probability of promoting a canary as good as stable.")] = None,
    rows: Annotated[int | None, typer.Option(min=1, help="The rows there are: what is their power?")] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="gate.yaml with the margin, alpha and power not given here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Show how many rows show a margin, by the disagreement that is expected: exact figures, no data needed.

    The disagreement of two revisions is (b + c) / n in the evidence of earlier judgements.
    Left out, common ones are listed.

    Example: assay gate plan --margin 0.01 --disagreement 0.04 --power 0.8
    """
    from promotion.gate.configuration import read_gate_configuration, with_settings
    from promotion.gate.row_plan import COMMON_DISAGREEMENTS, describe_plans, plan_rows

    policy = with_settings(read_gate_configuration(config), margin=margin, alpha=alpha, power=power)
    plans = [plan_rows(policy, share, rows) for share in disagreement or COMMON_DISAGREEMENTS]
    if json:
        print_json(
            {
                "margin": policy.margin,
                "alpha": policy.look_alpha,
                "power": policy.power,
                "plans": [asdict(one) for one in plans],
            }
        )
    else:
        print_lines(describe_plans(policy, plans))
