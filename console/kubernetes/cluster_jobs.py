"""Jobs as Jobs of Kubernetes, each with one pod that is never tried again.

A Job, its log and its pod's termination message are what there is while it runs; so a console that is killed finds
everything again. Once it has ended that is kept in a folder of the state directory, as on one machine, because Jobs are
removed some time after their ends (ttlSecondsAfterFinished), and nodes forget logs.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from console.errors import StateNotUsable
from console.jobs.job import Job, JobLog, JobOrder, JobState
from console.jobs.job_folder import (
    CANCEL,
    ENDED,
    LOG_PIECE_BYTES,
    STARTED,
    Ended,
    JobFolders,
    Started,
    job_of,
    last_line,
    read_last_line,
    read_piece,
    read_started,
    start_of,
)
from console.kubernetes.job_end import end_of, find_terminated, find_waiting
from console.kubernetes.job_manifest import JOB_LABEL, job_manifest
from console.moments import now
from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.errors import ApiError, ApiRefused
from promotion.kubernetes.release import Release


@dataclass
class ClusterJobs:
    """The jobs of a release whose folders are in `directory`, each made by `template` (job_manifest.py)."""

    directory: Path
    api: ApiServer
    release: Release
    template: JsonObject
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of every job, beside its own; it is kept nowhere but in the Job."""
    _starting: set[int] = field(default_factory=set, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def start(self, order: JobOrder) -> Job:
        """As the seam says."""
        with self._lock:
            folder = self._folders.make()
            job_id = int(folder.name)
            self._starting.add(job_id)
        try:
            STARTED.write(folder / "order.json", start_of(order, list(order.arguments)))
            whole = replace(order, environment={**self.environment, **order.environment})
            manifest = job_manifest(self.template, self._name(folder), job_id, whole)
            self.api.create(self.release.jobs, manifest)
        except ApiError as error:
            raise StateNotUsable(f"job {job_id} cannot be started: {error}") from error
        finally:
            self._starting.discard(job_id)
        return self._read(folder)

    def look(self, job_id: int | None = None) -> Sequence[Job]:
        """As the seam says."""
        return [self._read(folder) for folder in self._folders.choose(job_id)]

    def cancel(self, job_id: int, by: str) -> Job:
        """As the seam says: its Job is deleted, and with it the pod, which has as long as it was given to end."""
        folder = self._folders.find(job_id)
        if self._read(folder).state is JobState.RUNNING:
            if not (folder / "cancel.json").exists():
                CANCEL.write(folder / "cancel.json", {"by": by})
            self._read(folder)
        return self._read(folder)

    def read_log(self, job_id: int, offset: int = 0, *, output: bool = False) -> JobLog:
        """As the seam says; at most LOG_PIECE_BYTES at once."""
        folder = self._folders.find(job_id)
        if self._read(folder).state is not JobState.RUNNING or output:
            return read_piece(folder / ("output" if output else "log"), offset)
        try:
            log = self._read_pods_log(self._pods(folder), {})
        except ApiError as error:
            raise StateNotUsable(f"the log of job {job_id} cannot be read: {error}") from error
        piece = log[offset : offset + LOG_PIECE_BYTES]
        return JobLog(piece.decode(errors="replace"), offset + len(piece))

    @property
    def _folders(self) -> JobFolders:
        return JobFolders(self.directory)

    def _name(self, folder: Path) -> str:
        return f"{self.release.name}-job-{int(folder.name)}"

    def _read(self, folder: Path) -> Job:
        started, ended = read_started(folder), ENDED.read(folder / "end.json")
        if ended is not None:
            return job_of(folder, started, ended, read_last_line(folder / "log"))
        if int(folder.name) in self._starting:
            return job_of(folder, started, None, "")
        try:
            return self._ask(folder, started)
        except ApiError as error:
            raise StateNotUsable(f"how job {int(folder.name)} stands is not known: {error}") from error

    def _ask(self, folder: Path, started: Started) -> Job:
        """As the API server has it; an end is kept, with all that was written until then."""
        job = self.api.read(self.release.job(self._name(folder)))
        cancelled = CANCEL.read(folder / "cancel.json")
        if job is None:
            because = f"cancelled by {cancelled['by']}" if cancelled else "somebody has removed its Job"
            gone = Ended(JobState.CANCELLED if cancelled else JobState.DIED, None, because, now())
            ENDED.write(folder / "end.json", gone)
            return job_of(folder, started, gone, read_last_line(folder / "log"))
        pods = self._pods(folder)
        ended = end_of(job, pods, started.limits)
        is_leaving = "deletionTimestamp" in job["metadata"]
        if cancelled and ended is None and not is_leaving:
            self._keep_log(folder, pods)
            self._remove(job)
        if ended is None or is_leaving:
            said = self._read_pods_log(pods, {"tailLines": "1"})
            return job_of(folder, started, None, last_line(said) or find_waiting(pods))
        self._keep_log(folder, pods)
        self._keep_output(folder, pods)
        ENDED.write(folder / "end.json", ended)
        return job_of(folder, started, ended, read_last_line(folder / "log"))

    def _pods(self, folder: Path) -> list[JsonObject]:
        found = self.api.list(self.release.pods, {"labelSelector": f"{JOB_LABEL}={int(folder.name)}"})
        pods: list[JsonObject] = [pod for pod in found["items"] if _owner_of(pod) == self._name(folder)]
        return pods

    def _read_pods_log(self, pods: Sequence[JsonObject], query: dict[str, str]) -> bytes:
        for pod in pods:
            with suppress(ApiRefused):  # its container has not started
                said = self.api.read_text(f"{self.release.pods}/{pod['metadata']['name']}/log", query)
                return (said or "").encode()
        return b""

    def _keep_log(self, folder: Path, pods: Sequence[JsonObject]) -> None:
        _keep(folder / "log", self._read_pods_log(pods, {}))

    def _keep_output(self, folder: Path, pods: Sequence[JsonObject]) -> None:
        terminated = find_terminated(pods) or {}
        _keep(folder / "output", str(terminated.get("message", "")).encode())

    def _remove(self, job: JsonObject) -> None:
        """It stays until its pod has ended, so that nobody takes a training that writes for one that has ended."""
        path, uid = self.release.job(job["metadata"]["name"]), job["metadata"]["uid"]
        self.api.delete(path, {"uid": uid}, propagation="Foreground")


def _owner_of(pod: JsonObject) -> str:
    return str(pod["metadata"].get("labels", {}).get("job-name", ""))


def _keep(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StateNotUsable(f"{path} cannot be written: {error.strerror}") from error
