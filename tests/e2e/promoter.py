"""The promotion's Job and its pods, as tests disturb them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import yaml

from promotion.gate.record import EvidenceRecord
from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.errors import RecordUnreachable
from promotion.kubernetes.rollout_store import EVIDENCE, ClusterRolloutStore
from promotion.rollout.record import RolloutRecord, RolloutState
from tests.e2e.installed import Installed
from tests.promotion.kubernetes.place import wait_until

NODE = "assay-control-plane"
PROMOTION = "app.kubernetes.io/component=promotion"
START_SECONDS = 120


@dataclass(frozen=True)
class Promoter:
    """A pod of the promotion's Job that runs, or ran."""

    name: str
    uid: str
    container: str


@dataclass(frozen=True)
class Promotion:
    """The promotion of a release."""

    release: Installed
    api: ApiServer = field(default_factory=ApiServer.connect)

    def job(self) -> JsonObject:
        (found,) = self.release.get("jobs", f"--selector={PROMOTION}")
        return found

    def running(self) -> Promoter | None:
        """The pod whose main container runs; never two."""
        pods = f"/api/v1/namespaces/{self.release.place.namespace}/pods"
        listed = self.api.list(pods, {"labelSelector": PROMOTION})["items"]
        found = [each for each in map(_running, listed) if each is not None]
        assert len(found) <= 1, f"more than one promoter runs: {found}"
        return found[0] if found else None

    def wait_for_next(self, before: Promoter | None = None) -> Promoter:
        """The pod that runs, once it is another than `before`."""
        seen: list[Promoter] = []

        def is_there() -> bool:
            if (found := self.running()) is not None and found != before:
                seen.append(found)
            return bool(seen)

        wait_until(is_there, lambda: f"no promoter after {before}", START_SECONDS)
        return seen[0]

    def wait_until_ended(self, promoter: Promoter) -> None:
        wait_until(lambda: self.running() != promoter, lambda: f"{promoter.name} runs on")

    def read_record(self) -> RolloutRecord | None:
        return ClusterRolloutStore(self.api, self.release.place).read_newest()

    def wait_until_observing(self, percent: int) -> None:
        def is_observing() -> bool:
            record = self.read_record()
            return record is not None and (record.state, record.asked_percent) == (RolloutState.OBSERVING, percent)

        wait_until(is_observing, lambda: f"not observing {percent} %: {self.read_record()}", START_SECONDS)

    def wait_until_finished(self, timeout_seconds: float = START_SECONDS) -> RolloutRecord:
        """The record at the end; the API server may be away meanwhile."""
        found: list[RolloutRecord] = []

        def is_finished() -> bool:
            with suppress(RecordUnreachable):
                found.extend(filter(None, [self.read_record()]))
            return bool(found) and found[-1].is_finished

        wait_until(is_finished, lambda: f"not finished: {found[-1:]}", timeout_seconds)
        return found[-1]

    def read_evidence(self) -> EvidenceRecord:
        state = self.api.read(self.release.place.record)
        assert state is not None
        return EvidenceRecord.model_validate_json(state["data"][EVIDENCE])

    def begin_anew(self) -> None:
        """The same Job made again, which has not failed yet and so does not wait, and a Lease that is free sooner."""
        (job,) = [
            one for one in yaml.safe_load_all(self.release.helm("get", "manifest", "assay")) if one["kind"] == "Job"
        ]
        self.release.kubectl("delete", "job", job["metadata"]["name"], "--cascade=background")
        self.api.merge(self.release.place.lease, {"spec": {"leaseDurationSeconds": 1}})
        self.release.kubectl("create", "--filename=-", given=yaml.safe_dump(job))

    def find_api_server(self) -> str:
        """The container of the API server."""
        pods = self.api.list("/api/v1/namespaces/kube-system/pods", {"labelSelector": "component=kube-apiserver"})
        (status,) = pods["items"][0]["status"]["containerStatuses"]
        return _container_of(status)

    def read_route(self) -> JsonObject | None:
        """The split's route, without what its gateway says of it."""
        route = self.api.read(self.release.place.split_route)
        if route is None:
            return None
        kept = ("uid", "generation", "annotations", "labels", "ownerReferences")
        return {"spec": route["spec"], **{key: route["metadata"].get(key) for key in kept}}


class Node:
    """A shell in the cluster's node, which is a container on this machine: what is asked of it takes a millisecond."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, command: str) -> str:
        """The only line that `command` prints, or the first."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def find_process(self, container: str) -> int:
        """The process that `container` runs."""
        return int(self.run(f"ctr --namespace k8s.io tasks ls | awk '$1 == \"{container}\" {{ print $2 }}'"))

    def kill(self, process: int) -> bool:
        """SIGKILL, as when memory runs out; a pod that is deleted gets SIGTERM first, however short its grace is."""
        return self.run(f"kill -KILL {process} && echo killed || echo gone") == "killed"


@contextmanager
def open_node() -> Iterator[Node]:
    command = ["docker", "exec", "--interactive", NODE, "sh"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Node(process)
    finally:
        process.kill()
        process.communicate()


def _running(pod: JsonObject) -> Promoter | None:
    for status in pod["status"].get("containerStatuses", []):
        if status["name"] == "promotion" and "running" in status["state"]:
            assert status["restartCount"] == 0
            return Promoter(pod["metadata"]["name"], pod["metadata"]["uid"], _container_of(status))
    return None


def _container_of(status: JsonObject) -> str:
    return str(status["containerID"]).partition("://")[2]
