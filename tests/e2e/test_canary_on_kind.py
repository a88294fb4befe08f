"""The commands of README's Kubernetes section on a real cluster: a better model is promoted, a sabotaged one is not.

Clients send requests to the gateway all the time, and not one may fail.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assay.demo.client_traffic import ClientTraffic
from assay.demo.data import write_wrong_labels
from tests.assay.program import Finished, assay, train
from tests.helm.cluster import CONTEXT, why_there_is_none
from training.digits import load_digits_parts

GATEWAY = "http://127.0.0.1:8080"
IMAGE = "assay:dev"


def _image_is_there() -> bool:
    return subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A release whose stable revision v1 was trained on part 1; the directory of the bundles."""
    if (reason := why_there_is_none()) is not None:
        pytest.skip(reason)
    if not _image_is_there():
        pytest.skip(f"there is no image {IMAGE}; `make image` makes one")
    _uninstall()
    bundles = tmp_path_factory.mktemp("bundles")
    first = train(bundles, "digits:part-1")
    done = _cluster("deploy", "--bundle", first["bundle"])
    assert done.code == 0, done.stderr
    yield bundles
    _uninstall()


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_a_better_canary_takes_the_traffic_and_a_sabotaged_one_does_not(deployed: Path, tmp_path: Path) -> None:
    parts = ("digits:part-1", "digits:part-2")
    better = train(deployed, *parts, more=["--model-version", "2"])
    write_wrong_labels(parts, tmp_path / "wrong.csv")
    sabotaged = train(deployed, str(tmp_path / "wrong.csv"), more=["--model-version", "3"])
    rows = load_digits_parts()["holdout"].first(20).features.tolist()
    with ClientTraffic(f"{GATEWAY}/classify", rows) as traffic:
        promoted = _cluster("canary", "--bundle", better["bundle"])
        assert promoted.code == 0, promoted.stdout + promoted.stderr
        assert "asked 100 %, observed 100.0 %" in promoted.stdout
        assert _serving_digest() == better["digest"]
        rejected = _cluster("canary", "--bundle", sabotaged["bundle"])
        assert rejected.code == 10, rejected.stdout + rejected.stderr
        assert "REJECT: the canary is worse" in rejected.stdout
        assert _serving_digest() == better["digest"]
        assert "no split" in _cluster("traffic").stdout or "100 % assay-v2" in _cluster("traffic").stdout
    assert traffic.failed == []
    assert {request.revision for request in traffic.requests} == {"v1", "v2"}


def _serving_digest() -> str:
    return str(httpx.get(f"{GATEWAY}/metadata", trust_env=False).json()["bundle_digest"])


def _cluster(*arguments: str) -> Finished:
    return assay("cluster", *arguments, timeout=600)


def _uninstall() -> None:
    place = ["--kube-context", CONTEXT, "--namespace", "assay"]
    subprocess.run(["helm", "uninstall", "assay", *place, "--wait"], capture_output=True, check=False, timeout=180)
