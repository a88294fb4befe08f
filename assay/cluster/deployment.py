"""What `make deploy`, `make canary` and `make rollback` do to a release, one step after the other.

A promotion ends in three changes, between which every request is answered: the base route moves to the promoted
revision, the split route goes, the revision that served before goes. No pod of the promoted revision restarts.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from assay.cluster.errors import CommandFailed
from assay.cluster.promotion_job import follow_promotion
from assay.cluster.release import Release, Values, next_revision
from assay.cluster.release_store import upload
from assay.cluster.tools import ask, run
from assay.output import say
from dataset import LabelledRows
from promotion.gate.outcome import Outcome
from promotion.kubernetes.api_server import MANAGER
from promotion.kubernetes.split_route import restored_document

ANSWER_SECONDS = 60.0
ROUTE_SECONDS = 30.0
SETTLE_SECONDS = 3.0
WRITES = 5


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its repository and tag."""

    repository: str
    tag: str

    @classmethod
    def named(cls, name: str) -> "Image":
        """Of REPOSITORY:TAG; the tag is `latest` where none is named."""
        repository, colon, tag = name.rpartition(":")
        return cls(repository, tag) if colon and "/" not in tag else cls(name, "latest")


@dataclass(frozen=True, slots=True)
class Images:
    """The images of the release's pods: what serves and stores, and what promotes."""

    predictor: Image
    full: Image

    def to_values(self) -> dict[str, dict[str, str]]:
        """As the chart takes them."""
        named = {"image": self.predictor, "fullImage": self.full}
        return {value: {"repository": image.repository, "tag": image.tag} for value, image in named.items()}


def deploy(release: Release, bundle: Path, digest: str, images: Images) -> str:
    """Make `bundle` the stable revision of a new release, or apply the chart anew to one that serves it already.

    Returns the revision's name. CommandFailed when another bundle serves: that one is replaced by a canary only.
    """
    values = release.read_values()
    serving = _serving_of(values)
    if serving not in {None, digest}:
        raise CommandFailed(f"release {release.name} serves {serving}; another bundle comes by `make canary`")
    first = {"revision": "v1", "bundle": {"digest": digest}}
    wanted: dict[str, Any] = {"stable": first, **values, **images.to_values()}
    release.apply(wanted)
    upload(release, bundle)
    revision = str(wanted["stable"]["revision"])
    release.wait_available(_workload_of(release, wanted, revision))
    if not wanted.get("gateway", {}).get("existing", {}).get("name"):
        run(*release.kubectl("wait", f"gateway/{release.name}", "--for=condition=Programmed", "--timeout=120s"))
    return revision


def find_serving(release: Release) -> str | None:
    """The digest of the stable revision's bundle; None where nothing is deployed. Raises CommandFailed."""
    return _serving_of(release.read_values())


def _serving_of(values: Values) -> str | None:
    digest: str | None = values.get("stable", {}).get("bundle", {}).get("digest")
    return digest


def wait_until_answered(address: str) -> bool:
    """Whether a predictor answers at `address`, or does within ANSWER_SECONDS: a new gateway takes a while to start."""
    say(f"waiting for an answer at {address}")
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/v2/health/ready", timeout=5, trust_env=False).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    return False


def send_canary(release: Release, bundle: Path, digest: str, holdout: LabelledRows, images: Images) -> Outcome:
    """Deploy `bundle` at 0 %, follow the promotion Job, and on PROMOTE make it the stable revision."""
    values = release.read_values()
    if not values.get("stable"):
        raise CommandFailed(f"release {release.name} serves nothing yet; begin with `make deploy`")
    upload(release, bundle, holdout)
    revision = _canary_of(values, digest) or next_revision(values)
    canary = {"revision": revision, "bundle": {"digest": digest}}
    promotion = {**values.get("promotion", {}), "enabled": True}
    promotion["holdout"] = {**promotion.get("holdout", {}), "digest": holdout.digest}
    judged = {**values, "canary": canary, "promotion": promotion, **images.to_values()}
    release.apply(judged)
    release.wait_available(_workload_of(release, judged, revision))
    outcome = follow_promotion(release)
    if outcome is Outcome.PROMOTE:
        _adopt(release, judged)
    else:
        release.apply({**judged, "canary": {}})
        say(f"{revision} is gone again; {values['stable']['revision']} serves as before")
    return outcome


def roll_back(release: Release) -> None:
    """Everything to the stable revision at once: the split goes, which a running rollout takes as the end."""
    _remove_split(release)


def _workload_of(release: Release, values: Values, revision: str) -> str:
    """The Deployment and the Service of a revision, which on KServe are of KServe's making."""
    return f"{release.name}-{revision}" + ("-predictor" if values.get("mode") == "kserve" else "")


def _canary_of(values: dict[str, Any], digest: str) -> str | None:
    """The revision that an interrupted call deployed already."""
    canary = values.get("canary") or {}
    return str(canary["revision"]) if canary.get("bundle", {}).get("digest") == digest else None


def _adopt(release: Release, judged: dict[str, Any]) -> None:
    promoted, retired = judged["canary"], judged["stable"]
    held = {**judged.get("promotion", {}), "enabled": False}
    release.apply({**judged, "stable": promoted, "canary": retired, "promotion": held})
    _wait_for_base_route(release, _workload_of(release, judged, promoted["revision"]))
    _remove_split(release)
    time.sleep(SETTLE_SECONDS)  # the gateway takes a deleted route some 0.2 s later
    release.apply({**judged, "stable": promoted, "canary": {}})


def _remove_split(release: Release) -> None:
    """First let clients take the base route: a split that is deleted under them may fail a request (split_route says
    why). One that cannot be written is deleted all the same.
    """
    for _ in range(WRITES):
        try:
            _empty_split(release)
            break
        except CommandFailed as error:  # its version changes with its status, too
            say(str(error))
    run(*release.kubectl("delete", "httproute", release.split_route, "--ignore-not-found"))


def _empty_split(release: Release) -> None:
    found = ask(*release.kubectl("get", "httproute", release.split_route, "--ignore-not-found", "--output", "json"))
    restored = restored_document(json.loads(found), uuid4().hex[:12]) if found else None
    if restored is not None:
        apply = ("apply", "--server-side", f"--field-manager={MANAGER}", "--filename=-")
        ask(*release.kubectl(*apply), given=json.dumps(restored))
        say(f"{release.split_route} is at 0 %: clients take the route {release.name}")
        time.sleep(SETTLE_SECONDS)


def _wait_for_base_route(release: Release, service: str) -> None:
    path = "{.spec.rules[*].backendRefs[*].name}|{.metadata.generation}|"
    path += "{.status.parents[0].conditions[?(@.type=='Accepted')].observedGeneration}"
    deadline = time.monotonic() + ROUTE_SECONDS
    while time.monotonic() < deadline:
        found = ask(*release.kubectl("get", "httproute", release.name, "--output", f"jsonpath={path}"))
        names, generation, observed = found.split("|")
        if service in names and generation == observed:
            time.sleep(SETTLE_SECONDS)
            return
        time.sleep(0.2)
    raise CommandFailed(f"the route {release.name} does not lead to {service} after {ROUTE_SECONDS:.0f} s")
