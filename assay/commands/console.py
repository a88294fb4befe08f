"""`assay console`: data, experiments, deployments and rollouts of one machine, over REST."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.labelled_data import load_rows
from assay.output import LogFormat, say, start_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.rollouts import RolloutEnd, RolloutWatch
    from console.settings import ConsoleSettings


def console(
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="All that the console keeps; made if it is missing.  [default: build/console]"
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; without keys a loopback one.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.  [default: 8070]")
    ] = None,
    gateway_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where clients ask for predictions.  [default: 8080]")
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="The first holdout: digits:holdout, or a .csv, .csv.gz or .parquet."),
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="SPEC…", help="The first data parts, likewise.")
    ] = None,
    gate: Annotated[Path | None, typer.Option(metavar="FILE", help="gate.yaml, the rules of every rollout.")] = None,
    params: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="params.yaml, what a training takes that does not say otherwise."),
    ] = None,
    down: Annotated[
        bool, typer.Option("--down", help="End what runs without a console (gateway, predictors, jobs), and exit.")
    ] = False,
) -> None:
    """Add data, train, deploy through the gate, and learn from true labels, over REST, until SIGTERM or Ctrl-C.

    What was deployed serves on when the console ends, and the next one of the same --state goes on with it. All
    settings can be given as ASSAY_CONSOLE_ variables, too.

    Example: assay console --holdout digits:holdout --data digits:part-1
    """
    from console.settings import ConsoleSettings

    given: dict[str, Any] = {
        "state": state,
        "host": host,
        "port": port,
        "gateway_port": gateway_port,
        "gate": gate,
        "params": params,
    }
    settings = ConsoleSettings(**{name: value for name, value in given.items() if value is not None})
    if down:
        from console.jobs.ending import end_jobs

        end_jobs(settings.state, say)
        return
    _run(settings, holdout, data or [])


def _run(settings: "ConsoleSettings", holdout: str | None, data: list[str]) -> None:
    from assay.recorded_rollouts import write_recorded_rollout
    from assay.whoami import rollout_environment
    from console.log import LOG
    from console.seed import Seed
    from console.server import run_console
    from console.wiring import Program
    from predictor.settings import TracingSettings

    def environment(gateway: Path) -> str:
        return rollout_environment(gateway, settings.release, settings.namespace)

    watch, abort = _place(settings)
    program = Program(
        command=[sys.executable, "-m", "assay"],
        version=version("assay"),
        watch=watch,
        abort=abort,
        environment=environment,
        traces_url=TracingSettings().endpoint,
        write_rollout=lambda database, gateway, *of: write_recorded_rollout(database, environment(gateway), *of),
    )
    start_log(LOG, LogFormat(settings.log_format), settings.log_level)
    seed = Seed(load_rows(holdout) if holdout else None, tuple(load_rows(one) for one in data))
    run_console(settings, program, seed, say)


def _place(
    settings: "ConsoleSettings",
) -> tuple["Callable[[Path, Path], RolloutWatch]", "Callable[[Path, Path], RolloutEnd]"]:
    """What looks at rollouts, and what ends one: of this machine, or of the release that the settings name."""
    if settings.release is None:
        from assay.wiring import machine_abort, machine_watch

        return machine_watch, machine_abort
    from assay.cluster_wiring import ClusterEnd, cluster_watch
    from promotion.kubernetes.release import Release

    release = Release(settings.release, settings.namespace)
    end = ClusterEnd(release, settings.gateway_url)
    return lambda *_: cluster_watch(release, settings.gateway_stats_url), lambda *_: end
