"""`assay gate follow`: judge rows whose labels come over time, as often as one likes."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.explained_errors import ending_with_an_error_verdict
from assay.output import print_json, print_lines

if TYPE_CHECKING:
    from promotion.statistics.e_process import EProcess
    from promotion.statistics.flat_rule import FlatRule


class SequentialTest(StrEnum):
    """Tests that may be looked at after every row."""

    FLAT = "flat"
    E_PROCESS = "e-process"


def follow(
    rows: Annotated[
        Path,
        typer.Option(metavar="FILE", help="A CSV with the columns label, stable, canary; rows are added."),
    ],
    state: Annotated[Path, typer.Option(metavar="FILE", help="Where what was judged is kept; it is made at first.")],
    test: Annotated[
        SequentialTest, typer.Option(help="flat: a horizon is fixed beforehand; e-process: none is.")
    ] = SequentialTest.FLAT,
    disagreement: Annotated[
        float, typer.Option(min=0, max=1, help="Share of rows that one alone will have right: fixes the horizon.")
    ] = 0.06,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="gate.yaml with the margin, alpha and power; else the defaults.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Judge the rows that have come since the last call, one by one, with a test that allows for every look.

    A run goes on as the test that it began as; what has ended stays ended. The exit code is the verdict:
    0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE (so far, or for good at the horizon), 12 ERROR.

    Example: assay gate follow --rows labelled.csv --state run.json
    """
    from promotion.gate.followed_rows import follow_rows

    with ending_with_an_error_verdict(is_json=json):
        found = follow_rows(rows, state, _rule(test, disagreement, config))
    if json:
        run = found.run
        print_json(
            {
                "verdict": str(found.outcome),
                "headline": found.headline,
                "is_final": found.is_final,
                "end": run.end and str(run.end),
                "n": run.n,
                "b": run.b,
                "c": run.c,
                "test": str(test),
                "rule": asdict(run.rule),
            }
        )
    else:
        print_lines([f"{found.outcome}: {found.headline}"])
    raise typer.Exit(found.outcome.exit_code)


def _rule(test: SequentialTest, disagreement: float, config: Path | None) -> "FlatRule | EProcess":
    from promotion.gate.configuration import read_gate_configuration
    from promotion.statistics.e_process import EProcess
    from promotion.statistics.flat_rule import FlatRule

    policy = read_gate_configuration(config)
    if test is SequentialTest.E_PROCESS:
        return EProcess.at(margin=policy.margin, alpha=policy.alpha)
    return FlatRule.planned(margin=policy.margin, alpha=policy.alpha, power=policy.power, disagreement=disagreement)
