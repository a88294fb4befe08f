"""The chart with real bundles in a namespace of its own, behind the tests' gateway. Without a cluster: skipped.

The pods run the images, and what is judged is what `assay train` wrote: nothing here stands for something else.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from assay.cluster.deployment import Image, Images
from assay.cluster.promotion_job import follow_promotion
from assay.cluster.release import Release
from assay.cluster.release_store import upload
from assay.cluster.tools import ask
from assay.demo.data import write_wrong_labels
from dataset import LabelledRows
from promotion.gate.outcome import Outcome
from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.release import Release as RolloutPlace
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.rollout.record import RolloutRecord
from tests.assay.program import train
from tests.helm.cluster import CONTEXT, namespace, why_there_is_none
from tests.promotion.kubernetes.manifests import FULL_IMAGE, GATEWAY, GATEWAY_NAMESPACE, IMAGE, gateway_objects
from tests.promotion.kubernetes.place import GATEWAY_URL, apply, kubectl, require_image, wait_until
from tests.promotion.routers.client_load import ClientLoad
from training.digits import load_digits_parts

QUICKLY: Mapping[str, Any] = {"steps": [10, 50, 100], "minimumRequests": 100, "minimumSeconds": 1}
HOLDING: Mapping[str, Any] = {"steps": [50, 100], "minimumRequests": 100_000_000, "minimumSeconds": 1}
"""A rollout that stays at 50 % until its step's deadline."""


@dataclass(frozen=True)
class TrainedBundle:
    path: Path
    digest: str


@dataclass(frozen=True)
class Bundles:
    """Of one model: `first` of half the data, `better` of all of it, `sabotaged` of partly wrong labels."""

    first: TrainedBundle
    better: TrainedBundle
    sabotaged: TrainedBundle


@dataclass(frozen=True)
class Installed:
    """A release whose stable revision v1 serves `bundles.first`."""

    release: Release
    hostname: str
    bundles: Bundles
    values: Mapping[str, Any]

    @property
    def place(self) -> RolloutPlace:
        return RolloutPlace(self.release.name, self.release.namespace)

    def begin(
        self,
        bundle: TrainedBundle,
        promotion: Mapping[str, Any] = QUICKLY,
        *,
        revision: str = "v2",
        holdout: LabelledRows | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Deploy `bundle` as canary with a promotion Job, and wait for neither."""
        rows = holdout or load_digits_parts()["holdout"]
        upload(self.release, bundle.path, rows)
        canary = {"revision": revision, "bundle": {"digest": bundle.digest}}
        judged = {**promotion, "enabled": True, "holdout": {"digest": rows.digest}}
        self.release.apply({**self.values, "canary": canary, "promotion": judged, **(more or {})})

    def follow(self) -> Outcome:
        """The end of the promotion Job."""
        return follow_promotion(self.release)

    def withdraw(self) -> None:
        """No Job, no split, no canary, no record: as it was installed."""
        self.kubectl("delete", "jobs", "--selector=app.kubernetes.io/component=promotion", "--cascade=foreground")
        self.kubectl("delete", "httproute", self.release.split_route, "--ignore-not-found")
        self.release.apply(self.values)
        state = f"configmap/{self.place.state_name}"
        self.kubectl("patch", state, "--type=json", "--patch", '[{"op": "remove", "path": "/data"}]', may_fail=True)

    def kubectl(self, *arguments: str, may_fail: bool = False, given: str | None = None) -> str:
        """What it prints; `given` is its stdin."""
        done = subprocess.run(
            self.release.kubectl(*arguments), input=given, capture_output=True, text=True, check=False, timeout=180
        )
        assert may_fail or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def helm(self, verb: str, *arguments: str) -> str:
        """What it prints, of this release and its namespace."""
        place = ("--kube-context", self.release.context, "--namespace", self.release.namespace)
        return ask("helm", verb, *arguments, *place, timeout_seconds=180)

    def get(self, kind: str, *arguments: str) -> list[JsonObject]:
        """The objects of `kind` in the namespace, such as get("pods", "--selector=…")."""
        items: list[JsonObject] = orjson.loads(self.kubectl("get", kind, *arguments, "--output=json"))["items"]
        return items

    def count_restarts(self, revision: str) -> dict[str, int]:
        """Restarts of each pod of `revision`, by the pod's identity."""
        pods = self.get("pods", f"--selector=assay.dev/revision={revision}")
        return {pod["metadata"]["uid"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}

    def read_record(self) -> RolloutRecord | None:
        return ClusterRolloutStore(ApiServer.connect(), self.place).read_newest()

    def load(self, connections: int = 2, pause_seconds: float = 0.0) -> ClientLoad:
        """Clients at /classify with rows of the holdout, and one that reads /metadata, which is never split."""
        host = self.hostname.encode()
        rows = load_digits_parts()["holdout"].first(8).features.tolist()
        bodies = [orjson.dumps({"row": row}) for row in rows]
        head = b"POST /classify HTTP/1.1\r\nhost: %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        posts = tuple(head % (host, len(body)) + body for body in bodies)
        reading = b"GET /metadata HTTP/1.1\r\nhost: %b\r\n\r\n" % host

        def read_revision(body: str) -> str:
            return str(orjson.loads(body)["revision"])

        return ClientLoad(GATEWAY_URL, connections, posts, reading, read_revision, pause_seconds)

    def post(self) -> httpx.Response:
        """What the gateway answers to one classification."""
        row = load_digits_parts()["holdout"].first(1).features[0].tolist()
        headers = {"host": self.hostname}
        return httpx.post(f"{GATEWAY_URL}/classify", json={"row": row}, headers=headers, timeout=30, trust_env=False)


def no_bundles() -> Bundles:
    """Of a release whose console trains its own."""
    none = TrainedBundle(Path("nowhere"), "")
    return Bundles(none, none, none)


def train_bundles(out: Path) -> Bundles:
    parts = ("digits:part-1", "digits:part-2")
    write_wrong_labels(parts, out / "wrong.csv")
    trained = (
        train(out, "digits:part-1"),
        train(out, *parts, more=["--model-version", "2"]),
        train(out, str(out / "wrong.csv"), more=["--model-version", "3"]),
    )
    return Bundles(*(TrainedBundle(Path(each["bundle"]), each["digest"]) for each in trained))


@contextmanager
def installed(
    bundles: Bundles, more: Mapping[str, Any] | None = None, secrets: Path | None = None
) -> Iterator[Installed]:
    """The chart with `more` values in a new namespace, its stable revision ready; the namespace goes with the block.

    The files in `secrets` are the Secret `records` there.
    """
    require_gateway()
    with namespace() as made:
        if secrets is not None:
            made.kubectl("create", "secret", "generic", "records", f"--from-file={secrets}")
        hostname = f"{made.name}.test"
        values = {
            **Images(Image.named(IMAGE), Image.named(FULL_IMAGE)).to_values(),
            "stable": {"revision": "v1", "bundle": {"digest": bundles.first.digest}},
            "gateway": {"existing": {"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}, "hostnames": [hostname]},
            **(more or {}),
        }
        release = Release(CONTEXT, "assay", made.name)
        release.apply(values)
        upload(release, bundles.first.path)
        made_of = Installed(release, hostname, bundles, values)
        wait_until(lambda: made_of.post().status_code == 200, lambda: f"POST /classify: {made_of.post().text}", 120)
        yield made_of


def require_gateway() -> None:
    """Returns when the tests' gateway is there; skips as `require_cluster_and_image` does."""
    require_cluster_and_image()
    apply(gateway_objects())
    kubectl("-n", GATEWAY_NAMESPACE, "wait", f"gateway/{GATEWAY}", "--for=condition=Programmed", "--timeout=90s")


def require_cluster_and_image() -> None:
    """Skips where there is no cluster, or not the images to put there."""
    if (reason := why_there_is_none()) is not None:
        pytest.skip(reason)
    require_image(IMAGE, FULL_IMAGE)
