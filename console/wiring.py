"""Chooses the concrete classes of a console: on one machine, or in a cluster (kubernetes/wiring.py)."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from access.caller import OwnCredentials
from access.doorkeeper import Doorkeeper
from access.keyring import Keyring
from access.request_rates import RequestRates
from access.tls import ServerCertificates, certificate_files
from console.bundles import Bundles
from console.data_wiring import upload_limits, wire_data
from console.database import open_records
from console.deployments.deployment import DeploymentStore
from console.deployments.deployments import Deployments
from console.deployments.keeper import Keeper
from console.deployments.machine import Machine, MachinePlace
from console.drift import DriftWatch
from console.experiments import Experiments
from console.feedback import Feedback
from console.feedback_parts import FeedbackParts
from console.jobs import JobLimits, JobRunner
from console.jobs.subprocess_jobs import SubprocessJobs
from console.log import LOG
from console.loop import Loop
from console.predictions import Predictions
from console.record_book import RecordBook
from console.rollouts import RolloutEnd, Rollouts, RolloutWatch
from console.services import Services
from console.settings import ConsoleSettings
from console.tracking import Tracking
from promotion.clock import SystemClock
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord
from records.database import Database
from training.parameters import read_parameters
from training.settings import TrainingSettings

KEEPER_SECONDS = 0.25
DATABASE_SECONDS = 120.0
"""A chart starts its database and what makes its tables together with the console."""
CLUSTER_KEEPER_SECONDS = 1.0
"""Each look asks the API server."""
BOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Program:
    """What the program that runs the console hands in."""

    command: Sequence[str]
    """It, such as `python -m assay`: its commands are the jobs."""
    version: str
    watch: Callable[[Path, Path], RolloutWatch]
    """A look at the rollouts in a directory, and at the gateway in another."""
    abort: Callable[[Path, Path], RolloutEnd]
    """What ends the rollout there."""
    environment: Callable[[Path], str]
    """What a gateway is called in the database of records."""
    write_rollout: Callable[[Database, Path, RolloutRecord, EvidenceRecord | None], None]
    """Writes a gateway's rollout into it, where its promoter could not. Raises RecordsError."""
    traces_url: str | None = None
    """Where spans go: the whole URL of a collector's door for OTLP/HTTP, if there is one."""


@dataclass(frozen=True, slots=True)
class WiredConsole:
    """A console that does not listen yet."""

    services: Services
    keeper: Loop
    """Goes on with what is asked of deployments."""
    book: Loop
    """Writes what is here into the database of records."""


def create_doorkeeper(settings: ConsoleSettings) -> Doorkeeper:
    """Who is let in. Raises KeysNotUsable."""
    log = logging.getLogger(LOG)
    keyring = Keyring(settings.keys_file, log.error) if settings.keys_file else None
    return Doorkeeper(keyring, RequestRates(settings.rate_limit) if settings.rate_limit else None)


def create_certificates(settings: ConsoleSettings) -> ServerCertificates | None:
    """What TLS is spoken with, where it is. Raises CertificateNotUsable."""
    files = certificate_files(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
    return ServerCertificates(files, logging.getLogger(LOG).error) if files else None


def wire(state: Path, settings: ConsoleSettings, program: Program, log: logging.Logger) -> WiredConsole:
    """Put together what keeps its state in `state`, an absolute path.

    Raises StateNotUsable, ContentError, ParametersNotUsable, RecordsError.
    """
    data = wire_data(state, settings)
    holdouts = data.holdouts
    bundles = Bundles(holdouts.store, settings.bundle_limit_bytes)
    records = open_records(state, 0.0 if settings.release is None else DATABASE_SECONDS)
    tracking = Tracking(TrainingSettings().tracking_url or f"sqlite:///{state / 'tracking.db'}")
    environment = {**records.environment, "ASSAY_TRACKING_URL": tracking.url}
    gateway, rollout_directory = state / "gateway", state / "rollouts"
    abort = program.abort(rollout_directory, gateway)
    deployment_store = DeploymentStore(state / "deployments")
    jobs: JobRunner
    if settings.release is None:
        jobs = SubprocessJobs(state / "jobs", program.command, environment)
        gate = settings.gate.absolute() if settings.gate else None
        place = MachinePlace(gateway, settings.gateway_port, rollout_directory, gate)
        machine = Machine(place, jobs, bundles, holdouts, abort, state / "spool")
        keeper = Loop("keeper", Keeper(deployment_store, machine, log).look, KEEPER_SECONDS, log)
        gateway_url = f"http://127.0.0.1:{settings.gateway_port}"
    else:
        from console.kubernetes.wiring import cluster_parts  # noqa: PLC0415  # its client is an extra of its own

        parts = cluster_parts(state, settings, bundles, holdouts, abort, environment, log)
        jobs = parts.jobs
        keeper = Loop("keeper", parts.keeper.look, CLUSTER_KEEPER_SECONDS, log)
        gateway_url = settings.gateway_url
    limits = JobLimits(settings.training_seconds, settings.training_memory_bytes)
    defaults = read_parameters(settings.params)
    experiments = Experiments(
        state / "experiments", data, bundles, jobs, tracking, defaults, limits, settings.trainings_at_once
    )
    clock = SystemClock()
    rollouts = Rollouts(program.watch(rollout_directory, gateway), abort, clock)
    services = Services(
        tracking=tracking,
        data=data,
        holdouts=holdouts,
        bundles=bundles,
        experiments=experiments,
        deployments=Deployments(deployment_store, experiments, bundles, gateway_url, keeper.wake),
        rollouts=rollouts,
        predictions=Predictions(records.database),
        feedback=Feedback(records.database, rollouts, rollout_directory if settings.release is None else None, clock),
        feedback_parts=FeedbackParts(records.database, data, deployment_store),
        drift=DriftWatch(records.database, deployment_store, bundles),
        jobs=jobs,
        upload_limits=upload_limits(settings),
        credentials=OwnCredentials.read(),
    )

    def write_rollout(record: RolloutRecord) -> None:
        program.write_rollout(records.database, gateway, record, services.rollouts.watch.read_evidence(record))

    environment_name = program.environment(gateway)
    book = RecordBook(records.database, services, environment_name, settings.dataset, write_rollout)
    return WiredConsole(services, keeper, Loop("record book", book.write, BOOK_SECONDS, log))


def wire_feedback_parts(state: Path, settings: ConsoleSettings) -> FeedbackParts:
    """What makes parts of the labels that came to the console of `state`. Raises ContentStoreError, RecordsError."""
    data = wire_data(state, settings)
    return FeedbackParts(open_records(state).database, data, DeploymentStore(state / "deployments"))
