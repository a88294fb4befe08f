"""`assay promote`: judge the gateway's canary, and move the traffic step by step when it is not worse."""

from pathlib import Path
from typing import Annotated

import typer

from assay.explained_errors import ending_with_an_error_verdict
from assay.labelled_data import load_rows
from assay.output import print_lines, say_lines

DEFAULT_STEPS = "5,25,50,100"


def promote(
    holdout: Annotated[
        str, typer.Option(metavar="SPEC", help="Labelled rows: digits:holdout, or the path of a .csv or .csv.gz.")
    ],
    gateway: Annotated[
        Path, typer.Option(metavar="DIR", help="The gateway's directory, as given to `assay split run`.")
    ] = Path("build/gateway"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where rollouts and their evidence are kept.")] = Path(
        "build/rollouts"
    ),
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="gate.yaml; left out, margins of 0.02 overall and 0.05 a class.")
    ] = None,
    steps: Annotated[str, typer.Option(metavar="PERCENTS", help="The canary's share, step by step.")] = DEFAULT_STEPS,
    minimum_requests: Annotated[int, typer.Option(min=0, help="Requests that each step has to see.")] = 100,
    minimum_seconds: Annotated[float, typer.Option(min=0, help="How long each step lasts at least.")] = 3.0,
    deadline_seconds: Annotated[
        float, typer.Option(min=0, help="How long a step waits for its requests before the rollout goes back.")
    ] = 120.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge, but only say how traffic would move.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the rollout's record at the end.")] = False,
) -> None:
    """Judge the canary; on PROMOTE move traffic to it, at each step confirming what the gateway really does.

    Anything else leaves, or puts back, everything on stable. Started again after it was killed, it goes on from its
    record. The exit code is the outcome: 0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR.

    Example: assay promote --gateway build/gateway --holdout digits:holdout
    """
    from assay.rollout_text import RolloutLines
    from assay.wiring import RolloutWiring
    from promotion.gate.configuration import read_gate_configuration
    from promotion.gate.outcome import Outcome
    from promotion.rollout.record import RolloutPlan, record_to_json

    try:
        plan = RolloutPlan(
            steps=_parse_steps(steps),
            minimum_requests=minimum_requests,
            minimum_seconds=minimum_seconds,
            deadline_seconds=deadline_seconds,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    lines = RolloutLines(say_lines if json else print_lines)
    with ending_with_an_error_verdict(is_json=json):
        policy = read_gate_configuration(config)
        wiring = RolloutWiring(gateway, out, load_rows(holdout), policy, is_dry_run=dry_run)
        finished = wiring.run(plan, lines)
    if json:
        typer.echo(record_to_json(finished).decode(), nl=False)
    outcome = finished.outcome or Outcome.ERROR
    raise typer.Exit(outcome.exit_code)


def _parse_steps(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(step) for step in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: expected percentages such as 5,25,100", param_hint="--steps") from error
