"""Writes into the database of records what the state directory says: data parts, experiments, bundles, rollouts,
deployments.

The state directory is what the console goes by; the database is for whoever asks questions later. So everything here is
written when it is there, and again after it has changed, as often as it takes: all of it can be repeated, and what is
in the database of an earlier console is found there.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from console.data_parts import DataPart
from console.deployments.deployment import Deployment
from console.experiments import Experiment
from console.holdouts import Holdout
from console.services import Services
from dataset import LabelledRows
from promotion.rollout.record import RolloutRecord
from records.bundles import record_bundle
from records.database import Database
from records.dataset_writer import PartRows, write_part
from records.deployments import DeploymentRow, record_deployment
from records.experiments import ExperimentBegun
from records.training_runs import TrainedBundle, TrainingRun, write_training_run


@dataclass
class RecordBook:
    """Of one console; `environment` is what its gateway is called in the database, `dataset` its data set."""

    database: Database
    services: Services
    environment: str
    dataset: str
    write_rollout: Callable[[RolloutRecord], None]
    """Writes a rollout, its steps, its verdict and who had which role: what its promoter has not."""
    _written: dict[tuple[str, Hashable], Hashable] = field(default_factory=dict, init=False)
    """By what it is: the state in which it was written last."""

    def write(self) -> None:
        """Write what is new or has changed. Raises RecordsError, and what the services raise. Can be repeated."""
        services = self.services
        for part in services.data.look():
            self._once("part", part.digest, "", partial(self._write_part, part))
        for holdout in services.holdouts.look():
            self._once("holdout", holdout.digest, "", partial(self._write_holdout, holdout))
        for experiment in services.experiments.look():
            what = partial(self._write_experiment, experiment)
            self._once("experiment", experiment.experiment_id, experiment.state, what)
        for digest in services.bundles.digests():
            self._once("bundle", digest, "", partial(self._write_bundle, digest))
        for rollout in services.rollouts.look():
            state = len(rollout.history), rollout.state
            self._once("rollout", rollout.rollout_id, state, partial(self.write_rollout, rollout))
        for deployment in services.deployments.look()[:1]:
            what = partial(self._write_first, deployment)
            self._once("deployment", deployment.deployment_id, deployment.served_at, what)

    def _once(self, kind: str, name: Hashable, state: Hashable, write: Callable[[], object]) -> None:
        if self._written.get((kind, name)) != state:
            write()
            self._written[kind, name] = state

    def _write_part(self, part: DataPart) -> None:
        self._write_rows(self.services.data.read(part.digest), f"part-{part.number}", "training")

    def _write_holdout(self, holdout: Holdout) -> None:
        self._write_rows(self.services.holdouts.read(holdout.digest), f"holdout-{holdout.digest[7:19]}", "holdout")

    def _write_rows(self, rows: LabelledRows, name: str, role: str) -> None:
        part = PartRows(
            dataset=self.dataset,
            name=name,
            role=role,
            digest=rows.digest,
            output_feature=rows.output_feature,
            feature_names=rows.feature_names,
            categories=rows.categories,
            features=rows.features,
            labels=rows.labels,
        )
        write_part(self.database, part, lambda _share: None)

    def _write_experiment(self, one: Experiment) -> None:
        bundle = self.services.bundles.find(one.bundle_digest) if one.bundle_digest else None
        lineage = bundle.manifest.lineage if bundle is not None else None
        begun = ExperimentBegun(
            id=one.experiment_id,
            name=one.name,
            parameters=one.parameters,
            training_data=[part.model_dump(mode="json") for part in one.training_data],
            holdout=one.holdout.model_dump(mode="json"),
            commit=lineage.commit if lineage is not None else "unknown",
            mlflow_run_id=one.run,
            started_at=_moment(one.began_at),
        )
        made = None
        if bundle is not None:
            made = TrainedBundle(bundle.digest, bundle.manifest.model_dump(mode="json"), one.metrics or {})
        ended_at = _moment(one.ended_at) if one.ended_at else None
        write_training_run(self.database, TrainingRun(begun, one.state.value, ended_at, made))

    def _write_bundle(self, digest: str) -> None:
        bundle = self.services.bundles.find(digest)
        record_bundle(self.database, bundle.digest, bundle.manifest.model_dump(mode="json"), datetime.now(UTC))

    def _write_first(self, first: Deployment) -> None:
        """The revision that nothing was compared with; every other one has its roles from its rollout."""
        if first.served_at is not None:
            values = self.environment, first.revision, first.bundle_digest
            record_deployment(self.database, DeploymentRow(*values, "stable", None, _moment(first.served_at)))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
