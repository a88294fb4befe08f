"""`assay gate simulate`: how honest the gate is, measured on canaries whose truth is known."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.output import print_json, print_lines, say
from assay.progress import ShareDone

GUARDRAIL_RUNS_SHARE = 20
"""Runs of the other gates for one rollout under its guardrails, which takes tens of milliseconds."""


def simulate(
    runs: Annotated[int, typer.Option(min=10, help="Runs of each gate; a tenth of them of the whole verdict.")] = 10000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 20261121,
    disagreement: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of rows that one revision alone has right.")
    ] = 0.06,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="gate.yaml; left out, the defaults.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the rates into this SVG.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the rates as JSON.")] = False,
) -> None:
    """Simulate canaries at the margin, as good as stable, and far worse, and count what each gate does to them.

    Then rollouts of canaries that serve as stable does, as badly as they may, and worse, under the guardrails.
    Naive gates stand beside ours: the point estimate, no significant difference, a test looked at again and again.

    Example: assay gate simulate --runs 1000
    """
    from promotion.gate.configuration import read_gate_configuration
    from promotion.simulation.live_traffic import run_guardrail_study
    from promotion.simulation.study import run_study
    from promotion.simulation.study_text import describe_guardrail_study, describe_study

    policy = read_gate_configuration(config)
    found = run_study(policy, disagreement, runs, seed=seed, report=ShareDone(f"simulating {runs} runs of each gate"))
    rollouts = max(runs // GUARDRAIL_RUNS_SHARE, 1)
    served = run_guardrail_study(
        policy.guardrails, rollouts, seed=seed, report=ShareDone(f"simulating {rollouts} rollouts of each canary")
    )
    if picture is not None:
        from promotion.report.drawing import drawing_style
        from promotion.report.simulation_chart import draw_study

        with drawing_style():
            svg = draw_study(found, policy.alpha, policy.power).replace("<svg ", '<svg style="background: white" ', 1)
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_text(svg, encoding="utf-8")
        say(f"{picture} is drawn")
    if json:
        print_json(
            {
                "runs": runs,
                "seed": seed,
                "disagreement": disagreement,
                "rates": [asdict(one) for one in found],
                "guardrails": [asdict(one) for one in served],
            }
        )
    else:
        print_lines([*describe_study(found), "", *describe_guardrail_study(served)])
