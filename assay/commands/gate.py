"""`assay gate`: is the canary not worse than stable? A judgement that moves no traffic, and what helps to plan one."""

from pathlib import Path
from typing import Annotated

import typer

from assay.commands.gate_follow import follow
from assay.commands.gate_plan import plan
from assay.commands.gate_simulate import simulate
from assay.explained_errors import ending_with_an_error_verdict
from assay.labelled_data import load_rows
from assay.output import print_json, print_lines, say

gate_app = typer.Typer(invoke_without_command=True)


@gate_app.callback()
def gate(
    context: typer.Context,
    stable: Annotated[
        str,
        typer.Option(
            metavar="URL|DIR",
            help="Who serves now: http://127.0.0.1:8001, grpc://127.0.0.1:9001, or the directory of a bundle.",
        ),
    ] = "",
    canary: Annotated[str, typer.Option(metavar="URL|DIR", help="Who wants its traffic; as --stable.")] = "",
    holdout: Annotated[
        str, typer.Option(metavar="SPEC", help="Labelled rows: digits:holdout, or a .csv, .csv.gz or .parquet.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="gate.yaml; left out, margins of 0.02 overall and 0.05 a class.")
    ] = None,
    live: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Predictions that stable recorded: have its answers drifted? (advisory)"),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the evidence record (JSON) here.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures (HTML) here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the evidence record.")] = False,
) -> None:
    """Ask both predictors the same labelled rows and judge: PROMOTE, REJECT, INCONCLUSIVE or ERROR.

    A judgement needs --stable, --canary and --holdout. Its exit code is the verdict:
    0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR. A bundle is served here for the time that takes.

    Example: assay gate --stable http://127.0.0.1:8001 --canary http://127.0.0.1:8002 --holdout digits:holdout
    """
    if context.invoked_subcommand is None:
        _require(stable=stable, canary=canary, holdout=holdout)
        _judge(stable, canary, holdout, config, live, out, report, is_json=json)


gate_app.command()(plan)
gate_app.command()(follow)
gate_app.command()(simulate)


@gate_app.command()
def schema() -> None:
    """Print the JSON Schema of the evidence record, the one that --out and --json write.

    Example: assay gate schema
    """
    from promotion.gate.record import EvidenceRecord

    print_json(EvidenceRecord.model_json_schema())


def _require(**options: str) -> None:
    for name, text in options.items():
        if not text:
            raise typer.BadParameter("it is missing, and a judgement needs it", param_hint=f"--{name}")


def _judge(
    stable: str,
    canary: str,
    holdout: str,
    config: Path | None,
    live: Path | None,
    out: Path | None,
    report: Path | None,
    *,
    is_json: bool,
) -> None:
    from assay.judged_bundles import served
    from assay.rollout_notes import note_verdict
    from assay.wiring import holdout_replay
    from promotion.clock import SystemClock
    from promotion.evidence.evidence_source import EvidenceError, RevisionPair, RunningRevision
    from promotion.evidence.live_predictions import read_live_predictions
    from promotion.gate.configuration import read_gate_configuration
    from promotion.gate.outcome import Outcome
    from promotion.gate.record import write_evidence
    from promotion.gate.verdict_text import describe_advisory, describe_replay, describe_verdict
    from promotion.judgement import judge_canary, record_error

    with ending_with_an_error_verdict(is_json=is_json):
        policy = read_gate_configuration(config)
        rows = load_rows(holdout)
        recorded = read_live_predictions(live) if live is not None else None
        with served({"stable": stable, "canary": canary}) as urls:
            try:
                replay = holdout_replay(urls["stable"], urls["canary"])
                evidence = judge_canary(replay, rows, policy, SystemClock(), recorded)
            except EvidenceError as error:
                asked = RevisionPair(*(RunningRevision(role, url, "", "", "", "") for role, url in urls.items()))
                evidence = record_error(error, asked, rows, policy, SystemClock())
        if out is not None:
            write_evidence(evidence, out)
        if report is not None:
            from promotion.report import Chapter, write_report

            write_report(report, "Is the canary not worse?", [Chapter(rows.name, evidence)])
    if evidence.verdict is Outcome.ERROR:
        say(f"ERROR: {evidence.headline}")
    if is_json:
        typer.echo(evidence.to_json().decode(), nl=False)
    elif evidence.verdict is not Outcome.ERROR:
        print_lines(describe_verdict(evidence.to_verdict()))
        print_lines(["", *describe_advisory(evidence.advisory)])
        if evidence.replay is not None:
            print_lines(["", *describe_replay(evidence.replay)])
    note_verdict(evidence)
    raise typer.Exit(evidence.verdict.exit_code)
