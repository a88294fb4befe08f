"""`assay promote`: judge the gateway's canary, and move the traffic step by step when it is not worse."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, TypedDict

import typer

from assay.commands.split import parse_revision
from assay.explained_errors import ending_with_an_error_verdict
from assay.guardrail_sources import GuardrailSources, parse_sources
from assay.labelled_data import load_rows
from assay.output import LogFormat, print_lines, say_lines, start_log
from assay.termination import raise_when_terminated

if TYPE_CHECKING:
    from assay.rollout_text import RolloutTeller
    from dataset import LabelledRows
    from promotion.gate.policy import GatePolicy
    from promotion.rollout.record import RolloutPlan, RolloutRecord
    from promotion.routers.envoy import RevisionEndpoint

DEFAULT_STEPS = "5,25,50,100"
CLUSTER = "In a cluster"
PLAN = "Waits between steps"
GUARDRAILS = "Guardrails while traffic moves"
RECORDS = "What both revisions record"


def promote(
    holdout: Annotated[
        str, typer.Option(metavar="SPEC", help="Labelled rows: digits:holdout, or a .csv, .csv.gz or .parquet.")
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
    pauses: Annotated[
        str,
        typer.Option(
            metavar="PERCENT=SECONDS,…", help="How long to pause before a step: 50=600,100=60.", rich_help_panel=PLAN
        ),
    ] = "",
    approvals: Annotated[
        str,
        typer.Option(
            metavar="PERCENTS", help="Steps that wait for `assay rollout approve`: 50,100.", rich_help_panel=PLAN
        ),
    ] = "",
    approval_seconds: Annotated[
        float, typer.Option(min=0, help="How long for, before the rollout goes back.", rich_help_panel=PLAN)
    ] = 3600.0,
    hold_seconds: Annotated[
        float,
        typer.Option(
            min=0,
            help="How long an INCONCLUSIVE one waits for further rows, where gate.yaml has looks left.",
            rich_help_panel=PLAN,
        ),
    ] = 3600.0,
    rollout_seconds: Annotated[
        float | None,
        typer.Option(min=0, help="How long the whole rollout may take; left out, any time.", rich_help_panel=PLAN),
    ] = None,
    guardrail_sources: Annotated[
        str,
        typer.Option(
            metavar="NAMES", help="Who counts for the guardrails: gateway, revisions.", rich_help_panel=GUARDRAILS
        ),
    ] = "gateway",
    prometheus_url: Annotated[
        str | None, typer.Option(metavar="URL", help="A Prometheus that counts, too.", rich_help_panel=GUARDRAILS)
    ] = None,
    prometheus_labels: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE,…",
            help="By which it knows the release, beside the revisions' names: namespace=shop.",
            rich_help_panel=GUARDRAILS,
        ),
    ] = "",
    records: Annotated[
        str,
        typer.Option(
            metavar="DIR,…|database",
            help="Where the predictors record, as ASSAY_RECORD says: its DIR, or the database of ASSAY_DATABASE_URL.",
            rich_help_panel=RECORDS,
        ),
    ] = "",
    shadow: Annotated[
        str,
        typer.Option(
            metavar="REQUESTS,SECONDSs",
            help="Mirror requests to the canary before it takes any: 500, 60s, or 500,60s.",
            rich_help_panel=RECORDS,
        ),
    ] = "",
    supersede: Annotated[
        bool, typer.Option("--supersede", help="End the rollout of another canary first, with --canary for the newer.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge, but only say how traffic would move.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the rollout's record at the end.")] = False,
    log_format: Annotated[
        LogFormat, typer.Option(help="What happens on the way: lines, or JSON objects with fields, on stderr.")
    ] = LogFormat.LINES,
    release: Annotated[
        str | None,
        typer.Option(help="A release of the chart: promote in its cluster, not here.", rich_help_panel=CLUSTER),
    ] = None,
    namespace: Annotated[str, typer.Option(help="Its namespace.", rich_help_panel=CLUSTER)] = "default",
    stable: Annotated[
        str | None,
        typer.Option(metavar="NAME=URL", help="The revision that serves: v1=http://assay-v1.", rich_help_panel=CLUSTER),
    ] = None,
    canary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=URL", help="The revision that is judged; here with --supersede.", rich_help_panel=CLUSTER
        ),
    ] = None,
    stable_digest: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="The bundle that it has to run; else any.", rich_help_panel=CLUSTER),
    ] = None,
    canary_digest: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="The bundle that it has to run; else any.", rich_help_panel=CLUSTER),
    ] = None,
    wait_ready_seconds: Annotated[
        float,
        typer.Option(min=0, help="How long the canary may take to be ready at first.", rich_help_panel=CLUSTER),
    ] = 120.0,
    gateway_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The gateway, to prove a split by its answers.", rich_help_panel=CLUSTER),
    ] = None,
    gateway_stats_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="What the gateway counts, as Prometheus text.", rich_help_panel=CLUSTER),
    ] = None,
    rows_from: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The store where further rows are.", rich_help_panel=CLUSTER),
    ] = None,
    job: Annotated[
        str | None, typer.Option(help="The Job that runs this, and may run it again.", rich_help_panel=CLUSTER)
    ] = None,
) -> None:
    """Judge the canary; on PROMOTE move traffic to it, at each step confirming what the gateway really does.

    Anything else leaves, or puts back, everything on stable. Started again after it was killed, it goes on from its
    record; so it does after SIGTERM, which leaves the split as it is unless its --job has ended: then it goes back.
    The exit code is the outcome: 0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR.

    Example: assay promote --gateway build/gateway --holdout digits:holdout
    """
    from assay.rollout_text import RolloutLines, RolloutLog
    from promotion.gate.configuration import read_gate_configuration
    from promotion.gate.outcome import Outcome
    from promotion.rollout.record import Pause, RolloutPlan, record_to_json

    with _refused_as_usage():
        plan = RolloutPlan(
            steps=_parse_percents("--steps", steps),
            minimum_requests=minimum_requests,
            minimum_seconds=minimum_seconds,
            deadline_seconds=deadline_seconds,
            pauses=tuple(Pause(percent, seconds) for percent, seconds in _parse_pauses(pauses)),
            approvals=_parse_percents("--approvals", approvals) if approvals else (),
            approval_seconds=approval_seconds,
            hold_seconds=hold_seconds,
            rollout_seconds=rollout_seconds,
            **_parse_shadow(shadow),
        )
    if supersede and dry_run:
        raise typer.BadParameter("a dry run ends no rollout", param_hint="--supersede")
    live = parse_sources(guardrail_sources, prometheus_url, prometheus_labels)
    place: Callable[[LabelledRows, GatePolicy], Rollout]
    if release is None:
        newer = parse_revision(_require("--canary", canary, "--supersede")) if supersede else None
        place = _Machine(gateway, out, dry_run, newer, live, *_parse_records(records))
    else:
        if shadow or records:
            text = "not in a cluster: its pods keep what they record on disks of their own"
            raise typer.BadParameter(text, param_hint="--shadow" if shadow else "--records")
        if minimum_requests > 0 and not dry_run:
            _require("--gateway-stats-url", gateway_stats_url)
        if "gateway" in live.names and not dry_run:
            _require("--gateway-stats-url", gateway_stats_url, "--guardrail-sources gateway")
        judged = (*_named_url("--stable", stable), stable_digest), (*_named_url("--canary", canary), canary_digest)
        gateways = _require("--gateway-url", gateway_url), gateway_stats_url
        waits = dry_run, wait_ready_seconds
        place = _Cluster(release, namespace, *judged, *gateways, *waits, job, supersede, live, rows_from)
        raise_when_terminated()
    teller: RolloutTeller = RolloutLines(say_lines if json else print_lines)
    if log_format is LogFormat.JSON:
        teller = RolloutLog(start_log("assay.promote", log_format))
    with ending_with_an_error_verdict(is_json=json):
        policy = read_gate_configuration(config)
        finished = place(load_rows(holdout), policy).run(plan, teller)
    if json:
        typer.echo(record_to_json(finished).decode(), nl=False)
    outcome = finished.outcome or Outcome.ERROR
    raise typer.Exit(outcome.exit_code)


class ShadowSize(TypedDict):
    """A shadow as a plan has it."""

    shadow_requests: int
    shadow_seconds: float


class Rollout(Protocol):
    """A rollout of some place."""

    def run(self, plan: "RolloutPlan", teller: "RolloutTeller") -> "RolloutRecord":
        """Begin or resume, run to the end, and show it on the way. Raises PromotionError."""


@dataclass(frozen=True, slots=True)
class _Machine:
    gateway: Path
    out: Path
    is_dry_run: bool
    newer_canary: "RevisionEndpoint | None"
    guardrails: GuardrailSources
    records: tuple[Path, ...]
    database_url: str | None

    def __call__(self, holdout: "LabelledRows", policy: "GatePolicy") -> Rollout:
        from assay.wiring import RolloutWiring

        return RolloutWiring(
            self.gateway,
            self.out,
            holdout,
            policy,
            self.is_dry_run,
            self.newer_canary,
            self.guardrails,
            self.records,
            self.database_url,
        )


@dataclass(frozen=True, slots=True)
class _Cluster:
    release: str
    namespace: str
    stable: tuple[str, str, str | None]
    canary: tuple[str, str, str | None]
    gateway_url: str
    gateway_stats_url: str | None
    is_dry_run: bool
    ready_seconds: float
    job: str | None
    supersedes: bool
    guardrails: GuardrailSources
    rows_from: str | None

    def __call__(self, holdout: "LabelledRows", policy: "GatePolicy") -> Rollout:
        from assay.cluster_wiring import ClusterRollout, NamedRevision
        from promotion.kubernetes.release import Release

        return ClusterRollout(
            Release(self.release, self.namespace),
            NamedRevision(*self.stable),
            NamedRevision(*self.canary),
            self.gateway_url,
            self.gateway_stats_url,
            holdout,
            policy,
            self.is_dry_run,
            self.ready_seconds,
            self.job,
            self.supersedes,
            self.guardrails,
            self.rows_from,
        )


@contextmanager
def _refused_as_usage() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _parse_percents(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(step) for step in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: expected percentages such as 5,25,100", param_hint=option) from error


def _parse_pauses(text: str) -> Iterator[tuple[int, float]]:
    for one in text.split(",") if text else []:
        percent, _, seconds = one.partition("=")
        try:
            yield int(percent), float(seconds)
        except ValueError as error:
            raise typer.BadParameter(f"{one!r}: expected such as 50=600", param_hint="--pauses") from error


def _parse_records(text: str) -> tuple[tuple[Path, ...], str | None]:
    """Directories, or the database's URL."""
    if text != "database":
        return tuple(Path(one) for one in text.split(",") if one), None
    from records.settings import DatabaseSettings

    return (), DatabaseSettings.read().database_url()


def _parse_shadow(text: str) -> ShadowSize:
    size: ShadowSize = {"shadow_requests": 0, "shadow_seconds": 0.0}
    try:
        for one in text.split(",") if text else []:
            if one.endswith("s"):
                size["shadow_seconds"] = float(one.removesuffix("s"))
            else:
                size["shadow_requests"] = int(one)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: expected such as 500, 60s or 500,60s", param_hint="--shadow") from error
    return size


def _require(option: str, value: str | None, needed_by: str = "--release") -> str:
    if value is None:
        raise typer.BadParameter(f"missing; {needed_by} needs it", param_hint=option)
    return value


def _named_url(option: str, text: str | None) -> tuple[str, str]:
    name, _, url = _require(option, text).partition("=")
    if not name or not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{text!r}: expected NAME=URL, such as v1=http://assay-v1", param_hint=option)
    return name, url
