"""What the chart has rendered for the console: its own objects, with placeholders for what a deployment decides.

job.yaml         a Job that runs a command of the program
revision.yaml    the objects of a revision
promotion.yaml   the Job that judges a canary and moves the traffic
route.yaml       the base route, which sends everything to the stable revision
gate.yaml        the rules of every rollout, which the promotion's Job mounts
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from console.deployments.deployment import Deployment, RolloutOptions
from console.errors import StateNotUsable
from promotion.kubernetes.api_server import JsonObject

MANAGER = "assay-console"
_PLACEHOLDER = re.compile(r"@([a-z-]+)@")


@dataclass(frozen=True, slots=True)
class ChartTemplates:
    """Those in `directory`, as the pod mounts them. Every call raises StateNotUsable where one cannot be used."""

    directory: Path

    def job(self) -> JsonObject:
        """A Job for whatever is ordered (job_manifest.py)."""
        return self._one("job", {})

    def revision(self, deployment: Deployment) -> list[JsonObject]:
        """Everything of its revision."""
        return self._fill("revision", _named("canary", deployment))

    def route(self, stable: Deployment) -> JsonObject:
        """The base route, to `stable`."""
        return self._one("route", _named("stable", stable))

    def promotion(self, stable: Deployment, canary: Deployment, holdout_digest: str) -> JsonObject:
        """The Job that judges `canary`; what its deployment asks for comes last among the arguments, where it wins."""
        named = {**_named("stable", stable), **_named("canary", canary), "holdout": _hex(holdout_digest)}
        job = self._one("promotion", named)
        (container,) = job["spec"]["template"]["spec"]["containers"]
        container["args"] += _arguments(canary.options)
        return job

    def _one(self, name: str, values: Mapping[str, str]) -> JsonObject:
        (document,) = self._fill(name, values)
        return document

    def _fill(self, name: str, values: Mapping[str, str]) -> list[JsonObject]:
        path = self.directory / f"{name}.yaml"
        try:
            text = _PLACEHOLDER.sub(lambda found: values[found[1]], path.read_text(encoding="utf-8"))
            return [_managed(document) for document in yaml.safe_load_all(text) if document]
        except (OSError, KeyError, yaml.YAMLError) as error:
            raise StateNotUsable(f"{path} is not what the chart of this version renders: {error}") from error


def _named(role: str, deployment: Deployment) -> dict[str, str]:
    return {role: deployment.revision, f"{role}-bundle": _hex(deployment.bundle_digest)}


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _arguments(options: RolloutOptions) -> list[str]:
    return [
        *("--steps", ",".join(map(str, options.steps))),
        *("--minimum-requests", str(options.minimum_requests)),
        *("--minimum-seconds", str(options.minimum_seconds)),
        *("--deadline-seconds", str(options.deadline_seconds)),
    ]


def _managed(document: JsonObject) -> JsonObject:
    document["metadata"]["labels"]["app.kubernetes.io/managed-by"] = MANAGER
    return document
