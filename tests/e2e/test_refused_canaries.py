"""Canaries that get no traffic, with clients that never pause: none of their requests may fail, all go to stable."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bundle import read_bundle, write_bundle
from promotion.gate.outcome import Outcome
from promotion.kubernetes.api_server import JsonObject
from promotion.rollout.record import RolloutState
from tests.assay.program import assay
from tests.e2e.installed import HOLDING, Bundles, Installed, TrainedBundle, installed
from tests.e2e.promoter import Promotion
from tests.helm.rendering import Values
from tests.promotion.kubernetes.place import wait_until
from tests.promotion.routers.client_load import ClientLoad
from training.digits import load_digits_parts

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(300)]

IMPATIENT: Values = {"waitReadySeconds": 5, "backoffLimit": 0}
PROMOTION = "--selector=app.kubernetes.io/component=promotion"
NOBODYS_DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def release(bundles: Bundles) -> Iterator[Installed]:
    with installed(bundles) as made:
        yield made


@pytest.fixture
def clients(release: Installed) -> Iterator[ClientLoad]:
    """What they were answered is looked at before the canary is withdrawn, and after it."""
    serving = release.count_restarts("v1")
    with release.load() as load:
        yield load
        assert load.wait_for_more(50).keys() == {"v1"}
        release.withdraw()
    assert load.failures == []
    assert release.count_restarts("v1") == serving


def test_too_small_a_holdout_is_inconclusive(release: Installed, clients: ClientLoad) -> None:
    few = load_digits_parts()["holdout"].first(40)
    release.begin(release.bundles.better, holdout=few)
    assert release.follow() is Outcome.INCONCLUSIVE
    _assert_one_attempt(release, Outcome.INCONCLUSIVE)
    assert clients.answered.keys() == {"v1"}


def test_a_rejected_canary_is_judged_once(release: Installed, clients: ClientLoad) -> None:
    release.begin(release.bundles.sabotaged)
    assert release.follow() is Outcome.REJECT
    _assert_one_attempt(release, Outcome.REJECT)
    job, record = _job(release), release.read_record()
    release.begin(release.bundles.sabotaged)
    assert (_job(release), release.read_record()) == (job, record)
    _assert_one_attempt(release, Outcome.REJECT)
    assert clients.answered.keys() == {"v1"}


def test_a_rollback_in_mid_rollout_is_for_good(release: Installed, clients: ClientLoad) -> None:
    release.begin(release.bundles.better, HOLDING)
    Promotion(release).wait_until_observing(50)
    assert clients.wait_for_more(50).keys() == {"v1", "v2"}
    place = ("--release", release.release.name, "--namespace", release.release.namespace)
    done = assay("cluster", "rollback", *place)
    assert done.code == 0, done.stderr
    assert clients.wait_for_more(50).keys() == {"v1"}
    assert release.follow() is Outcome.INCONCLUSIVE
    _assert_one_attempt(release, Outcome.INCONCLUSIVE)


def test_a_canary_whose_bundle_is_not_in_the_store_gets_no_traffic(release: Installed, clients: ClientLoad) -> None:
    missing = replace(release.bundles.better, digest=NOBODYS_DIGEST)
    _assert_never_ready(release, missing, "v3")
    (pod,) = release.get("pods", "--selector=assay.dev/revision=v3")
    assert "running" in pod["status"]["initContainerStatuses"][0]["state"]
    assert clients.answered.keys() == {"v1"}


def test_a_canary_that_crashes_gets_no_traffic(release: Installed, clients: ClientLoad, tmp_path: Path) -> None:
    manifest = read_bundle(release.bundles.better.path).manifest
    damaged = write_bundle(tmp_path, manifest, b"no model")
    _assert_never_ready(release, TrainedBundle(damaged.path, damaged.digest), "v4")
    wait_until(lambda: max(release.count_restarts("v4").values()) > 0, lambda: "it does not crash", 60)
    assert clients.answered.keys() == {"v1"}


def test_a_canary_that_is_changed_loses_its_traffic_and_is_not_begun_again(
    release: Installed, clients: ClientLoad
) -> None:
    promotion = Promotion(release)
    release.begin(release.bundles.better, {**HOLDING, "backoffLimit": 1})
    promotion.wait_until_observing(50)
    first = promotion.wait_for_next()
    assert clients.wait_for_more(50).keys() == {"v1", "v2"}
    _change_bundle(release, "assay-v2", release.bundles.better.digest, release.bundles.first.digest)
    promotion.wait_until_finished()
    assert clients.wait_for_more(50).keys() == {"v1"}
    second = promotion.wait_for_next(first)
    assert release.follow() is Outcome.ERROR
    url, bundles = "http://assay-v2", release.bundles
    why = f"canary {url} runs the bundle {bundles.first.digest}, but is to run {bundles.better.digest}"
    record = release.read_record()
    assert record is not None
    assert (record.rollout_id, record.state, record.outcome) == (1, RolloutState.RESTORED, Outcome.ERROR)
    assert why in record.because
    assert why in release.kubectl("logs", second.name, "--container=promotion")
    assert promotion.read_route() is None


@pytest.fixture
def removed(bundles: Bundles) -> Iterator[Installed]:
    """A release of a test's own, to be uninstalled."""
    with installed(bundles) as made:
        yield made


def test_an_uninstall_in_mid_rollout_leaves_nothing_behind(removed: Installed) -> None:
    removed.begin(removed.bundles.better, HOLDING)
    Promotion(removed).wait_until_observing(50)
    removed.helm("uninstall", "assay")
    wait_until(lambda: _left_in(removed) == set(), lambda: str(_left_in(removed)), 90)
    assert removed.post().status_code == 404


def _assert_one_attempt(release: Installed, outcome: Outcome) -> None:
    """The Job has failed for good, with a single pod; the split has left nothing."""
    release.kubectl("wait", "job", PROMOTION, "--for=condition=Failed", "--timeout=30s")
    job = _job(release)
    assert [each["reason"] for each in job["status"]["conditions"] if each["type"] == "Failed"] == ["PodFailurePolicy"]
    (pod,) = release.get("pods", PROMOTION)
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == outcome.exit_code
    assert job["status"]["failed"] == 1
    record = release.read_record()
    assert record is not None
    assert (record.rollout_id, record.state, record.outcome) == (1, RolloutState.RESTORED, outcome)
    assert Promotion(release).read_route() is None


def _assert_never_ready(release: Installed, bundle: TrainedBundle, revision: str) -> None:
    release.begin(bundle, IMPATIENT, revision=revision)
    assert release.follow() is Outcome.ERROR
    (pod,) = release.get("pods", PROMOTION)
    said = release.kubectl("logs", pod["metadata"]["name"], "--container=promotion")
    missing = f"the canary {revision} has no ready endpoint (Deployment and Service assay-{revision} or "
    assert f"assay: {missing}" in said
    assert f"ERROR: after 5 s {missing}" in said
    assert release.read_record() is None
    assert Promotion(release).read_route() is None


def _change_bundle(release: Installed, deployment: str, before: str, after: str) -> None:
    """By hand, in every place of the pod's template: what is fetched, and what is served."""
    found = release.kubectl("get", "deployment", deployment, "--output=json")
    changed = found.replace(before.removeprefix("sha256:"), after.removeprefix("sha256:"))
    release.kubectl("replace", "--filename=-", given=changed)


def _job(release: Installed) -> JsonObject:
    (found,) = release.get("jobs", PROMOTION)
    return {"uid": found["metadata"]["uid"], "spec": found["spec"], "status": found["status"]}


def _left_in(release: Installed) -> set[str]:
    """What is in the namespace beside what Kubernetes itself puts into every one, and Events."""
    kinds = release.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    kept = [kind for kind in kinds if kind.partition(".")[0] not in {"events", "pods.metrics"}]
    found = release.kubectl("get", ",".join(kept), "--output=name", "--ignore-not-found").split()
    return set(found) - {"configmap/kube-root-ca.crt", "serviceaccount/default"}
