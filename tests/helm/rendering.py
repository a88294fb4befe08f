"""The chart as `helm template` renders it, and how tests look at that."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "helm" / "assay"
REVISIONS = Path(__file__).with_name("revisions.yaml")

TEMPORARY = "/tmp"  # noqa: S108  # a volume of the pod's own: the one place that its programs may write to

Object = dict[str, Any]
Values = Mapping[str, Any]

EVERYTHING: Values = {
    "image": {"pullSecrets": [{"name": "registry"}]},
    "pod": {
        "labels": {"team": "vision"},
        "annotations": {"example.com/note": "all"},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "extraEnv": [{"name": "TZ", "value": "UTC"}],
        "extraEnvFrom": [{"secretRef": {"name": "more", "optional": True}}],
        "extraVolumes": [{"name": "extra", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "extra", "mountPath": "/extra"}],
    },
    "predictor": {"autoscaling": {"enabled": True}, "settings": {"rowLimit": 100, "bodyLimitBytes": 33554432}},
    "gateway": {"hostnames": ["assay.example.com"], "tls": {"enabled": True, "secretName": "assay-tls"}},
}


DATABASE: Values = {
    "predictor": {"recording": {"enabled": True, "sink": "database", "clientHeader": "X-Client-Id"}},
    "database": {"secretName": "records", "bundled": {"enabled": True}},
}

CONSOLE: Values = {
    **DATABASE,
    "stable": None,
    "canary": None,
    "console": {"enabled": True, "settings": {"trainingSeconds": 60, "dataset": "digits"}},
}


class Refused(Exception):
    """Helm refuses the values; the message is Helm's."""


@dataclass(frozen=True)
class Rendered:
    """The objects of a release."""

    objects: tuple[Object, ...]

    def all(self, kind: str) -> dict[str, Object]:
        """The objects of a kind, by name."""
        return {one["metadata"]["name"]: one for one in self.objects if one["kind"] == kind}

    def one(self, kind: str, name: str) -> Object:
        """One of them."""
        return self.all(kind)[name]

    def promotion(self) -> Object:
        """The promotion's Job."""
        (job,) = (job for name, job in self.all("Job").items() if "promotion" in name)
        return job

    def templates(self) -> dict[str, Object]:
        """Every pod template, by what it belongs to: "Deployment assay-v1"."""
        found = {
            f"{one['kind']} {one['metadata']['name']}": one["spec"]["template"]
            for one in self.objects
            if one["kind"] in {"Deployment", "Job", "StatefulSet"}
        }
        for name, schedule in self.all("CronJob").items():
            found[f"CronJob {name}"] = schedule["spec"]["jobTemplate"]["spec"]["template"]
        for name, service in self.all("InferenceService").items():
            predictor = service["spec"]["predictor"]
            found[f"InferenceService {name}"] = {
                "metadata": {key: predictor[key] for key in ("labels", "annotations")},
                "spec": predictor,
            }
        return found

    def pods(self) -> dict[str, Object]:
        """The spec of every pod, by what it belongs to; claims of a StatefulSet's own are among its volumes."""
        pods = {owner: template["spec"] for owner, template in self.templates().items()}
        for name, server in self.all("StatefulSet").items():
            claims = [{"name": claim["metadata"]["name"]} for claim in server["spec"].get("volumeClaimTemplates", [])]
            owner = f"StatefulSet {name}"
            pods[owner] = {**pods[owner], "volumes": [*pods[owner]["volumes"], *claims]}
        return pods


def render(values: Values | None = None, *, release: str = "assay", namespace: str = "serving") -> Rendered:
    """The release with `values` over revisions.yaml. Raises Refused."""
    text = _remembered(json.dumps(values or {}), release, namespace)
    return Rendered(tuple(one for one in yaml.safe_load_all(text) if one is not None))


def template(values: str, release: str, namespace: str) -> str:
    """What `helm template` prints for `values`, which are JSON, over revisions.yaml. Raises Refused."""
    place = (release, str(CHART), "--namespace", namespace)
    return helm("template", *place, "-f", str(REVISIONS), "-f", "-", given=values)


_remembered = cache(template)


def helm(*arguments: str, given: str | None = None) -> str:
    """What helm prints. Raises Refused when it ends with an error."""
    done = subprocess.run(["helm", *arguments], input=given, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return done.stdout


def containers(pod: Object) -> Iterator[Object]:
    """All containers of a pod, those that run first included."""
    yield from pod.get("initContainers", [])
    yield from pod["containers"]


def argument(container: Object, option: str) -> str:
    """What follows `option` on the container's command line."""
    arguments: list[str] = container["args"]
    return arguments[arguments.index(option) + 1]
