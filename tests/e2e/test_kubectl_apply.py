"""The chart without helm in the cluster, as helm/assay/README.md says: rendered by make, applied by kubectl."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.cluster.forwarding import forwarded
from assay.cluster.release import Release
from promotion.gate.outcome import Outcome
from tests.assay.program import assay
from tests.e2e.installed import Bundles, Installed, TrainedBundle, require_gateway
from tests.helm.cluster import CONTEXT, namespace
from tests.helm.manifests import make_manifests
from tests.promotion.kubernetes.manifests import GATEWAY, GATEWAY_NAMESPACE
from tests.promotion.kubernetes.place import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def written(bundles: Bundles) -> Iterator[Installed]:
    """A namespace with nothing in it, and what its release is to be called."""
    require_gateway()
    with namespace() as made:
        yield Installed(Release(CONTEXT, "assay", made.name), f"{made.name}.test", bundles, {})


def test_a_release_is_applied_and_a_canary_promoted_without_helm(written: Installed, tmp_path: Path) -> None:
    bundles, values = written.bundles, tmp_path / "values.yaml"
    values.write_text(
        "image: {repository: assay, tag: dev}\n"
        f"gateway: {{existing: {{name: {GATEWAY}, namespace: {GATEWAY_NAMESPACE}}}, hostnames: [{written.hostname}]}}\n"
        f"stable: {{revision: v1, bundle: {{digest: '{bundles.first.digest}'}}}}\n"
    )
    _apply(written, values)
    with _store(written) as store:
        _push(store, "--bundle", bundles.first)
        _push(store, "--bundle", bundles.better)
        holdout = assay("store", "push", "--store", store, "--holdout", "digits:holdout").stdout.strip()
    written.release.wait_available("assay-v1")
    wait_until(lambda: written.post().status_code == 200, lambda: f"POST /classify: {written.post().text}")
    assert written.post().headers["x-assay-bundle-digest"] == bundles.first.digest

    canary = f"canary: {{revision: v2, bundle: {{digest: '{bundles.better.digest}'}}}}\n"
    steps = "steps: [10, 100], minimumRequests: 100, minimumSeconds: 1"
    with values.open("a") as file:
        file.write(f"{canary}promotion: {{holdout: {{digest: '{holdout}'}}, {steps}}}\n")
    with written.load() as clients:
        _apply(written, values)
        assert written.follow() is Outcome.PROMOTE
        assert clients.wait_for_more(50).keys() == {"v2"}
        serving = written.count_restarts("v2")
        adopted = canary.replace("canary:", "stable:")
        values.write_text("\n".join([*values.read_text().splitlines()[:2], adopted]))
        _apply(written, values)
        assert clients.wait_for_more(50).keys() == {"v2"}
    assert clients.failures == []

    written.kubectl("wait", "httproute/assay", "--for=jsonpath={.spec.rules[0].backendRefs[0].name}=assay-v2")
    written.kubectl("delete", "httproute", "assay-split")
    written.kubectl("delete", *_own_kinds(), "--selector=app.kubernetes.io/instance=assay,assay.dev/revision=v1")
    assert written.post().headers["x-assay-bundle-digest"] == bundles.better.digest
    assert written.count_restarts("v2") == serving


def _apply(release: Installed, values: Path) -> None:
    made = make_manifests(values.parent, f"VALUES={values.name}", f"NAMESPACE={release.release.namespace}")
    assert made.code == 0, made.stderr
    release.kubectl("apply", "--server-side", "--filename", str(made.manifests))


@contextmanager
def _store(release: Installed) -> Iterator[str]:
    """The URL of the store, through a port that kubectl forwards."""
    release.release.wait_available("assay-store")
    with forwarded(release.release, "service/assay-store") as url:
        yield url


def _push(store: str, option: str, bundle: TrainedBundle) -> None:
    done = assay("store", "push", "--store", store, option, bundle.path)
    assert done.stdout.strip() == bundle.digest, done.stderr


def _own_kinds() -> list[str]:
    """What is to be deleted of a revision, in the README's words."""
    readme = (Path(__file__).parents[2] / "helm" / "assay" / "README.md").read_text()
    (kinds,) = re.findall(r"kubectl delete (\S+) \\\n", readme)
    return [kinds]
