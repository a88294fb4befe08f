"""`mode: kserve`: both revisions are InferenceServices, and a rollout goes as it does without KServe."""

from collections.abc import Iterator

import pytest

from assay.cluster.deployment import Image, Images, send_canary
from promotion.gate.outcome import Outcome
from tests.e2e.installed import Bundles, Installed, installed
from tests.helm.cluster import CONTEXT, why_there_is_none
from tests.promotion.kubernetes.place import kubectl, wait_until
from training.digits import load_digits_parts

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(400)]

KIND = "inferenceservices.serving.kserve.io"


@pytest.fixture
def release(bundles: Bundles) -> Iterator[Installed]:
    if (reason := why_there_is_none()) is not None:
        pytest.skip(reason)
    if not kubectl("--context", CONTEXT, "get", "crd", KIND, "--ignore-not-found"):
        pytest.skip("needs a cluster with KServe's controller: kserve.github.io/website")
    with installed(bundles, {"mode": "kserve"}) as made:
        yield made


def test_two_inference_services_split_the_traffic_and_the_better_one_takes_it(release: Installed) -> None:
    assert release.post().headers["x-assay-bundle-digest"] == release.bundles.first.digest
    with release.load() as clients:
        release.begin(release.bundles.better)
        assert release.follow() is Outcome.PROMOTE
        assert _ready(release) == {"assay-v1": "True", "assay-v2": "True"}
        assert clients.wait_for_more(50).keys() == {"v2"}
        backends = release.kubectl("get", "httproute", "assay-split", "--output=jsonpath={..backendRefs[*].name}")
        assert set(backends.split()) == {"assay-v1-predictor", "assay-v2-predictor"}
        assert {each["metadata"]["name"] for each in release.get("httproutes")} == {"assay", "assay-split"}
        _make_canary_stable(release)
        assert clients.wait_for_more(50).keys() == {"v2"}
    assert clients.failures == []
    record = release.read_record()
    assert record is not None
    assert [(seen.asked_percent, seen.counts.failed) for seen in record.observations] == [(10, 0), (50, 0), (100, 0)]
    assert all(seen.counts.stable + seen.counts.canary >= 100 for seen in record.observations)
    release.helm("uninstall", "assay")
    wait_until(lambda: release.get(KIND) == release.get("pods") == [], lambda: str(release.get("pods")), 90)
    assert release.post().status_code == 404


def _make_canary_stable(release: Installed) -> None:
    """As `make canary` does that was interrupted after the promotion."""
    better, images = release.bundles.better, Images(Image("assay", "dev"), Image("assay-full", "dev"))
    done = send_canary(release.release, better.path, better.digest, load_digits_parts()["holdout"], images)
    assert done is Outcome.PROMOTE
    wait_until(lambda: _ready(release) == {"assay-v2": "True"}, lambda: str(_ready(release)))
    assert {each["metadata"]["name"] for each in release.get("httproutes")} == {"assay"}


def _ready(release: Installed) -> dict[str, str]:
    """What KServe says of each InferenceService."""
    return {
        service["metadata"]["name"]: condition["status"]
        for service in release.get(KIND)
        for condition in service["status"]["conditions"]
        if condition["type"] == "Ready"
    }
