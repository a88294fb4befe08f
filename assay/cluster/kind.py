"""The kind cluster of this machine: made, given a gateway, given images, removed."""

import time
from dataclasses import dataclass
from pathlib import Path

from assay.cluster.errors import ClusterError
from assay.cluster.release import CHART
from assay.cluster.tools import ask, require, run, succeeds
from assay.output import say

MANIFESTS = Path(__file__).parents[2] / "k8s"
GATEWAY_NAMESPACE = "envoy-gateway-system"
GATEWAY_IMAGES = ("envoyproxy/envoy", "envoyproxy/gateway")
MONITORING_NAMESPACE = "monitoring"
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class KindCluster:
    """A cluster by its name; `context` is kubectl's for it."""

    name: str = "assay"

    @property
    def context(self) -> str:
        """kubectl's context."""
        return f"kind-{self.name}"

    def is_there(self) -> bool:
        """Whether kind knows it."""
        return self.name in ask("kind", "get", "clusters").split()

    def create(self, node_image: str) -> None:
        """Make it, or start it again where its node has stopped, as after a restart of Docker. Raises ClusterError."""
        require("docker", "kind", "kubectl", "helm")
        if self.is_there():
            say(f"the kind cluster {self.name} is there already")
            self._start()
            return
        image = ["--image", node_image] if node_image else []
        config = ["--config", str(MANIFESTS / "kind.yaml")]
        run("kind", "create", "cluster", "--name", self.name, *image, *config, "--wait", "120s", timeout_seconds=300)

    def _start(self) -> None:
        if self.answers():
            return
        run("docker", "start", *ask("kind", "get", "nodes", "--name", self.name).split())
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() >= deadline:
                raise ClusterError(f"the kind cluster {self.name} does not answer; `make cluster-down` removes it")
            time.sleep(1)

    def load_local_images(self, *names: str) -> None:
        """Copy images from this machine's Docker into the node, where Docker has them; the node pulls the others."""
        for image in ask("docker", "images", "--format", "{{.Repository}}:{{.Tag}}").split():
            if image.rpartition(":")[0] in names or image in names:
                run("kind", "load", "docker-image", "--name", self.name, image, timeout_seconds=300)

    def install_gateway(self, chart: str, flags: list[str]) -> None:
        """Envoy Gateway and the GatewayClass; safe to repeat. Raises ClusterError."""
        self.load_local_images(*GATEWAY_IMAGES)
        place = ["--kube-context", self.context, "--namespace", GATEWAY_NAMESPACE, "--create-namespace"]
        run("helm", "upgrade", "--install", "eg", chart, *flags, *place, "--wait", "--timeout", "5m")
        manifest = str(MANIFESTS / "gateway-class.yaml")
        run("kubectl", "--context", self.context, "apply", "--server-side", "--filename", manifest)

    def install_prometheus(self) -> None:
        """A Prometheus that scrapes every release, with the chart's alerts; safe to repeat. Raises ClusterError."""
        self.load_local_images("prom/prometheus")
        kubectl = ("kubectl", "--context", self.context)
        namespace = ask(*kubectl, "create", "namespace", MONITORING_NAMESPACE, "--dry-run=client", "--output=yaml")
        place = ("--namespace", MONITORING_NAMESPACE)
        rules = ("create", "configmap", "prometheus-rules", f"--from-file={CHART / 'alerts.yaml'}")
        made = ask(*kubectl, *place, *rules, "--dry-run=client", "--output=yaml")
        for given in (namespace, made):
            ask(*kubectl, "apply", "--server-side", "--filename=-", given=given)
        run(*kubectl, "apply", "--server-side", "--filename", str(MANIFESTS / "prometheus.yaml"))
        run(*kubectl, *place, "rollout", "status", "deployment/prometheus", "--timeout=180s")

    def delete(self) -> None:
        """Remove it and everything in it; nothing to do when it is not there."""
        require("docker", "kind")
        if self.is_there():
            run("kind", "delete", "cluster", "--name", self.name, timeout_seconds=300)

    def answers(self) -> bool:
        """Whether its API server does."""
        return succeeds("kubectl", "--context", self.context, "get", "--raw", "/readyz", timeout_seconds=15)
