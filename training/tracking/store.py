"""The store of experiments: each is one MLflow run, tagged with an integer id of ours."""

import fcntl
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from mlflow.entities import Run, ViewType

from bundle import Bundle, Manifest, write_bundle
from bundle.manifest import MANIFEST_NAME, MODEL_NAME
from training.errors import ExperimentEnded, ExperimentNotFound, TrackingNotUsable
from training.run_files import METRICS_FILE
from training.tracking.client import connect, explained
from training.tracking.experiment import Experiment, ExperimentState
from training.tracking.registry import ModelRegistry
from training.tracking.run import ExperimentRun
from training.tracking.run_tags import ID_TAG, MODEL_DIRECTORY, MODEL_TAG, NAME_TAG, to_experiment, to_moment

GROUP = "assay"
"""MLflow's experiment that all runs are in, so that one sequence numbers them."""
CLAIM_SECONDS = 60.0


class TrackingStore:
    """Experiments and registered models at one URL. Every call raises TrackingNotUsable where the store is away."""

    def __init__(self, url: str, files: Path | None) -> None:
        self.url = url
        with explained(url), _alone(files):
            self._client = connect(url)
            self._group = self._find_group(files)
        self.registry = ModelRegistry(self._client, url)

    def begin(self, name: str, model: str) -> ExperimentRun:
        """A new experiment, running, with the next id; several may begin at once, and get different ones."""
        with explained(self.url):
            run = self._client.create_run(self._group, tags={NAME_TAG: name, MODEL_TAG: model}, run_name=name)
            experiment_id = self._claim_id(run.info.run_id)
            self._client.set_tag(run.info.run_id, "mlflow.runName", f"{name} {experiment_id}")
        began_at = to_moment(run.info.start_time)
        return ExperimentRun(experiment_id, run.info.run_id, began_at, self._client, self.registry, self.url)

    def go_on(self, experiment_id: int) -> ExperimentRun:
        """The experiment that somebody began. Raises ExperimentNotFound; ExperimentEnded where it is not running."""
        experiment = self.read(experiment_id)
        if experiment.state is not ExperimentState.RUNNING:
            raise ExperimentEnded(f"experiment {experiment_id} is {experiment.state}; begin another one")
        return ExperimentRun(experiment_id, experiment.run, experiment.began_at, self._client, self.registry, self.url)

    def list(self, model: str | None = None) -> tuple[Experiment, ...]:
        """All of them, or those of one model, the newest first; without the metrics of single classes."""
        with explained(self.url):
            runs = [run for run in self._search() if ID_TAG in run.data.tags and run.info.lifecycle_stage == "active"]
        found = [to_experiment(run, {}) for run in runs]
        wanted = [one for one in found if model is None or one.model == model]
        return tuple(sorted(wanted, key=lambda one: one.experiment_id, reverse=True))

    def read(self, experiment_id: int) -> Experiment:
        """One of them, with everything. Raises ExperimentNotFound."""
        run = self._find_run(experiment_id)
        with explained(self.url):
            has_metrics = self._has_file(run, METRICS_FILE)
            return to_experiment(run, orjson.loads(self._download(run, METRICS_FILE)) if has_metrics else {})

    def list_files(self, experiment_id: int) -> tuple[str, ...]:
        """The paths of its files, in order: metrics, plots, the model. Raises ExperimentNotFound."""
        run = self._find_run(experiment_id)
        with explained(self.url):
            return tuple(sorted(self._walk(run.info.run_id, None)))

    def read_file(self, experiment_id: int, path: str) -> bytes:
        """The content of one of its files. Raises ExperimentNotFound where there is no such experiment or file."""
        run = self._find_run(experiment_id)
        with explained(self.url):
            if not self._has_file(run, path):
                raise ExperimentNotFound(f"experiment {experiment_id} has no file {path}")
            return self._download(run, path)

    def fetch_bundle(self, experiment_id: int, directory: Path) -> Bundle:
        """The bundle that it made, written below `directory` and verified. Can be repeated.

        Raises ExperimentNotFound where it has made none, BundleError where that cannot be written.
        """
        manifest = orjson.loads(self.read_file(experiment_id, f"{MODEL_DIRECTORY}/{MANIFEST_NAME}"))
        digest = manifest.pop("digest")
        model_bytes = self.read_file(experiment_id, f"{MODEL_DIRECTORY}/{MODEL_NAME}")
        written = write_bundle(directory, Manifest.model_validate(manifest), model_bytes)
        if written.digest != digest:
            raise TrackingNotUsable(
                f"experiment {experiment_id}: its bundle was changed: {written.digest}, not {digest}"
            )
        return written

    def _find_group(self, files: Path | None) -> str:
        found = self._client.get_experiment_by_name(GROUP)
        if found is None:
            try:
                return str(self._client.create_experiment(GROUP, artifact_location=str(files) if files else None))
            except Exception:
                found = self._client.get_experiment_by_name(GROUP)
                if found is None:  # else somebody made it meanwhile
                    raise
        return str(found.experiment_id)

    def _claim_id(self, run_id: str) -> int:
        """Tag the run with an id that no other has.

        Whoever sees its own claim alone has it: of two who claim the same, the later one sees both. One who sees
        another's withdraws and waits a while by chance, so that both do so only for so long.
        """
        deadline = time.monotonic() + CLAIM_SECONDS
        while time.monotonic() < deadline:
            taken = max((int(run.data.tags.get(ID_TAG, 0)) for run in self._search()), default=0)
            self._client.set_tag(run_id, ID_TAG, str(taken + 1))
            if [run.info.run_id for run in self._search(taken + 1)] == [run_id]:
                return taken + 1
            self._client.delete_tag(run_id, ID_TAG)
            time.sleep(random.uniform(0, 0.5))
        self._client.set_terminated(run_id, "KILLED")
        raise TrackingNotUsable(f"{self.url}: no experiment id was free for {CLAIM_SECONDS:g} seconds; try again")

    def _search(self, experiment_id: int | None = None) -> Iterator[Run]:
        """The runs, deleted ones among them: an id is never given twice."""
        wanted = f"tags.`{ID_TAG}` = '{experiment_id}'" if experiment_id is not None else ""
        token = None
        while True:
            page = self._client.search_runs([self._group], wanted, ViewType.ALL, max_results=1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _walk(self, run_id: str, directory: str | None) -> Iterator[str]:
        for file in self._client.list_artifacts(run_id, directory):
            if file.is_dir:
                yield from self._walk(run_id, file.path)
            else:
                yield file.path

    def _find_run(self, experiment_id: int) -> Run:
        with explained(self.url):
            run = next(self._search(experiment_id), None)
        if run is None:
            raise ExperimentNotFound(f"{self.url}: no experiment {experiment_id}; `assay experiments list` has all")
        return run

    def _has_file(self, run: Run, path: str) -> bool:
        listed = self._client.list_artifacts(run.info.run_id, path.rpartition("/")[0] or None)
        return any(file.path == path and not file.is_dir for file in listed)

    def _download(self, run: Run, path: str) -> bytes:
        with tempfile.TemporaryDirectory() as directory:
            return Path(self._client.download_artifacts(run.info.run_id, path, directory)).read_bytes()


@contextmanager
def _alone(files: Path | None) -> Iterator[None]:
    """No other process makes, or upgrades, the tables of the same SQLite file meanwhile: two at once would fail."""
    if files is None:
        yield
        return
    with files.with_name(f".{files.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
