"""A release in the real cluster, in a namespace of its own, behind the tests' gateway. Without a cluster: skipped.

The cluster is the one of the kubeconfig. The predictors are asked through `kubectl proxy`, past the gateway, and so is
what the gateway counts; requests go to the gateway itself, at 127.0.0.1:8081.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import orjson
import pytest
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.base_route import Revisions
from promotion.kubernetes.envoy_counter import EnvoyGatewayCounter
from promotion.kubernetes.errors import ApiError
from promotion.kubernetes.gateway_probe import GatewayProbe
from promotion.kubernetes.ready_endpoints import read_ready
from promotion.kubernetes.release import Release
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.kubernetes.router import KubernetesRouter
from tests.promotion.kubernetes.manifests import (
    GATEWAY,
    GATEWAY_NAMESPACE,
    IMAGE,
    PROXY_NAMESPACE,
    gateway_objects,
    namespace_object,
    release_objects,
    state_objects,
)
from tests.promotion.routers.client_load import ClientLoad

GATEWAY_URL = "http://127.0.0.1:8081"
RELEASE = "shop"


@dataclass(frozen=True)
class Place:
    """A release at 0 %: stable v1, canary v2, and v3 that does not run."""

    api: ApiServer
    release: Release
    hostname: str
    proxy_url: str

    @property
    def stats_url(self) -> str:
        services = f"{self.proxy_url}/api/v1/namespaces/{PROXY_NAMESPACE}/services"
        return f"{services}/{GATEWAY}:metrics/proxy/stats/prometheus"

    @property
    def counter(self) -> EnvoyGatewayCounter:
        return EnvoyGatewayCounter(self.stats_url, self.release)

    @property
    def store(self) -> ClusterRolloutStore:
        return StatePlace(self.api, self.release).open_store()

    @property
    def router(self) -> KubernetesRouter:
        return self.router_with()

    def router_with(
        self,
        *,
        canary: str = "v2",
        api: ApiServer | None = None,
        gateway_url: str = GATEWAY_URL,
        read_model: Callable[[], str] = lambda: "columns",
        is_canary_lost: Callable[[], bool] = lambda: False,
    ) -> KubernetesRouter:
        """A router that is different in one thing."""
        revisions, gateway = Revisions("v1", canary), GatewayProbe(gateway_url)
        return KubernetesRouter(
            api or self.api, self.release, revisions, gateway, read_model, is_canary_lost=is_canary_lost
        )

    def url_of(self, revision: str) -> str:
        """The revision's Service, past the gateway."""
        services = f"{self.proxy_url}/api/v1/namespaces/{self.release.namespace}/services"
        return f"{services}/{self.release.name}-{revision}:80/proxy"

    def split(self, canary_percent: int) -> None:
        self.router.confirm_split(self.router.write_split(canary_percent, since=self.router.read_split()), 10)

    def load(self, connections: int = 8) -> ClientLoad:
        """Clients at both split doors and at another that is not split."""
        host = self.hostname.encode()
        doors = (b"/classify", b"/v2/models/columns/infer")
        posts = tuple(b"POST %b HTTP/1.1\r\nhost: %b\r\ncontent-length: 2\r\n\r\n{}" % (door, host) for door in doors)
        read = b"GET /v2 HTTP/1.1\r\nhost: %b\r\n\r\n" % host
        return ClientLoad(GATEWAY_URL, connections, posts, read)

    def who_answers(self, times: int) -> set[str]:
        with httpx.Client(trust_env=False, headers={"host": self.hostname}) as client:
            answers = [client.post(f"{GATEWAY_URL}/classify", content=b"{}") for _ in range(times)]
        return {answer.headers.get("x-assay-revision", str(answer.status_code)) for answer in answers}

    def read_route(self) -> JsonObject | None:
        return self.api.read(self.release.split_route)

    def scale(self, revision: str, replicas: int) -> None:
        namespace, name = self.release.namespace, f"{self.release.name}-{revision}"
        kubectl("-n", namespace, "scale", f"deployment/{name}", f"--replicas={replicas}")

    def evict(self, revision: str) -> None:
        """As a drained node does it; another pod takes the evicted one's place."""
        pods = f"/api/v1/namespaces/{self.release.namespace}/pods"
        for pod in self.api.list(pods, {"labelSelector": f"revision={revision}"})["items"]:
            if "deletionTimestamp" not in pod["metadata"]:
                name = pod["metadata"]["name"]
                eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
                self.api.create(f"{pods}/{name}/eviction", eviction)

    def count_ready(self, revision: str) -> int:
        return read_ready(self.api, self.release, f"{self.release.name}-{revision}")

    def wait_until_ready(self, revision: str) -> None:
        namespace, name = self.release.namespace, f"{self.release.name}-{revision}"
        kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=60s")

    def api_as(self, account: str) -> ApiServer:
        """The API server as a service account of the namespace sees it."""
        configuration = api_server_of_the_kubeconfig()
        configuration.cert_file = configuration.key_file = None
        token = kubectl("-n", self.release.namespace, "create", "token", account).strip()
        configuration.api_key["authorization"] = f"Bearer {token}"
        return ApiServer(configuration)

    def reset(self) -> None:
        """As a release that was just made: no split, no record, nobody's claim."""
        self.api.delete(self.release.split_route, {})
        StatePlace(self.api, self.release).reset()


@dataclass(frozen=True)
class StatePlace:
    """Where the chart has a rollout's record and its lock."""

    api: ApiServer
    release: Release

    def open_store(self) -> ClusterRolloutStore:
        return ClusterRolloutStore(self.api, self.release)

    def reset(self) -> None:
        objects = state_objects(self.release.name, self.release.namespace)
        kubectl("-n", self.release.namespace, "replace", "--force", "-f", "-", given=objects)


def api_server_at(url: str) -> ApiServer:
    """An API server by its address, which may be nobody's."""
    configuration = Configuration()
    configuration.host = url
    return ApiServer(configuration)


def api_server_of_the_kubeconfig() -> Configuration:
    configuration = Configuration()
    load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the library has no type
    return configuration


def require_cluster() -> ApiServer:
    """The cluster of the kubeconfig; skips where there is none with Envoy Gateway."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs a cluster: kubectl is not on the PATH")
    try:
        api = ApiServer.connect()
        gateway_class = api.read("/apis/gateway.networking.k8s.io/v1/gatewayclasses/eg")
    except ApiError as error:
        pytest.skip(f"needs a cluster: {error}")
    if gateway_class is None:
        pytest.skip("needs a cluster with Envoy Gateway: make cluster")
    return api


def require_image(first: str, *more: str) -> None:
    """Skips where nobody has made one of the images."""
    for name in (first, *more):
        command = ["docker", "image", "inspect", name]
        if shutil.which("docker") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip(f"there is no image {name}; `make image` makes one")


@contextmanager
def run_release() -> Iterator[Place]:
    """A release whose pods are ready behind the gateway; its namespace goes with the block."""
    api = require_cluster()
    require_image(IMAGE)
    namespace = f"rollout-test-{uuid4().hex[:6]}"
    hostname = f"{namespace}.test"
    apply(gateway_objects())
    try:
        apply(release_objects(RELEASE, namespace, hostname))
        with run_proxy() as proxy_url:
            place = Place(api, Release(RELEASE, namespace), hostname, proxy_url)
            place.wait_until_ready("v1")
            place.wait_until_ready("v2")
            kubectl(
                "-n", GATEWAY_NAMESPACE, "wait", f"gateway/{GATEWAY}", "--for=condition=Programmed", "--timeout=90s"
            )
            wait_until(lambda: _answers(place), lambda: "the gateway does not answer", 120)
            yield place
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")


def _answers(place: Place) -> bool:
    """A node's port is open before there is a gateway behind it, and hangs up until there is."""
    try:
        return place.who_answers(1) == {"v1"}
    except httpx.TransportError:
        return False


@contextmanager
def run_state() -> Iterator[StatePlace]:
    """A namespace with nothing but a rollout's record and its lock; it goes with the block."""
    api = require_cluster()
    namespace = f"rollout-test-{uuid4().hex[:6]}"
    try:
        apply([namespace_object(namespace), *state_objects(RELEASE, namespace)])
        yield StatePlace(api, Release(RELEASE, namespace))
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")


@contextmanager
def run_proxy() -> Iterator[str]:
    """`kubectl proxy`; its URL."""
    process = subprocess.Popen(["kubectl", "proxy", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://{process.stdout.readline().split()[-1]}"
    finally:
        process.kill()
        process.communicate()


def apply(objects: list[JsonObject]) -> None:
    """Server-side apply, by the field manager `chart`."""
    kubectl("apply", "--server-side", "--field-manager=chart", "-f", "-", given=objects)


def patch(namespace: str, name: str, path: str, value: object) -> None:
    """Change a field by hand; `name` as in httproute/shop."""
    change = orjson.dumps([{"op": "replace", "path": path, "value": value}]).decode()
    kubectl("-n", namespace, "patch", name, "--type=json", "-p", change)


def kubectl(*arguments: str, given: list[JsonObject] | None = None) -> str:
    """What it prints; its stdin is `given` as a List."""
    listed = orjson.dumps({"apiVersion": "v1", "kind": "List", "items": given}) if given is not None else None
    done = subprocess.run(["kubectl", *arguments], input=listed, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode()


def wait_until(is_true: Callable[[], bool], what: Callable[[], str], timeout_seconds: float = 60) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not is_true():
        assert time.monotonic() < deadline, f"after {timeout_seconds} s: {what()}"
        time.sleep(0.02)
