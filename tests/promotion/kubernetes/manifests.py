"""What the chart makes of a release, as far as a rollout has to do with it, with pods that start at once."""

from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]

GATEWAY = "rollout-test"
GATEWAY_NAMESPACE = "rollout-test-gateway"
PROXY_NAMESPACE = "envoy-gateway-system"
NODE_PORT = 30081  # 127.0.0.1:8081, says k8s/kind.yaml
IMAGE = "assay:dev"
FULL_IMAGE = "assay-full:dev"
"""Of `make image`; here only the Python of the first is wanted."""
_PROGRAM = Path(__file__).parent / "pod_program.py"


def gateway_objects() -> list[JsonObject]:
    """One Gateway for all tests, apart from those that people deploy; it stays for the next run."""
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
    ports = [
        {"name": "http", "port": 80, "targetPort": 10080, "nodePort": NODE_PORT},
        {"name": "metrics", "port": 19001, "targetPort": 19001},
    ]
    owner = "gateway.envoyproxy.io/owning-gateway"
    selector = {f"{owner}-name": GATEWAY, f"{owner}-namespace": GATEWAY_NAMESPACE}
    return [
        namespace_object(GATEWAY_NAMESPACE),
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": GATEWAY, "namespace": GATEWAY_NAMESPACE},
            "spec": {"gatewayClassName": "eg", "listeners": [listener]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": GATEWAY, "namespace": PROXY_NAMESPACE},
            "spec": {"type": "NodePort", "selector": selector, "ports": ports},
        },
    ]


def namespace_object(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def release_objects(release: str, namespace: str, hostname: str) -> list[JsonObject]:
    """A namespace with two revisions, the chart's route to v1, and the empty places for a rollout's record."""
    base = {
        "parentRefs": [{"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}],
        "hostnames": [hostname],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": f"{release}-v1", "port": 80}],
            }
        ],
    }
    return [
        namespace_object(namespace),
        _object("v1", "ConfigMap", "pod-program", namespace, data={"pod_program.py": _PROGRAM.read_text()}),
        *(each for revision in ("v1", "v2", "v3") for each in _revision(release, revision, namespace)),
        _object("gateway.networking.k8s.io/v1", "HTTPRoute", release, namespace, spec=base),
        *state_objects(release, namespace),
    ]


def state_objects(release: str, namespace: str) -> list[JsonObject]:
    """Where a rollout's record and its lock go."""
    return [
        _object("v1", "ConfigMap", f"{release}-rollout", namespace),
        _object("coordination.k8s.io/v1", "Lease", f"{release}-rollout", namespace),
    ]


def _revision(release: str, revision: str, namespace: str) -> list[JsonObject]:
    """v1 and v2 run; v3, who answers worse, runs for those tests that scale it up."""
    labels = {"revision": revision}
    container = {
        "name": "predictor",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "/program/pod_program.py", revision],
        "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}},
        "readinessProbe": {"httpGet": {"path": "/v2/health/ready", "port": 8000}, "periodSeconds": 1},
        "volumeMounts": [{"name": "program", "mountPath": "/program"}],
    }
    pod = {
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 8,
        "containers": [container],
        "volumes": [{"name": "program", "configMap": {"name": "pod-program"}}],
    }
    deployment = {
        "replicas": 0 if revision == "v3" else 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    service = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8000}]}
    return [
        _object("apps/v1", "Deployment", f"{release}-{revision}", namespace, spec=deployment),
        _object("v1", "Service", f"{release}-{revision}", namespace, spec=service),
    ]


def _object(version: str, kind: str, name: str, namespace: str, **rest: Any) -> JsonObject:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}
