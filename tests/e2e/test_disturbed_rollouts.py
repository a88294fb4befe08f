"""Rollouts that are disturbed, with clients that never pause: not one of their requests may fail."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest

from promotion.gate.outcome import Outcome
from promotion.kubernetes.api_server import JsonObject
from promotion.rollout.record import RolloutRecord, RolloutState
from tests.e2e.installed import QUICKLY, Bundles, Installed, installed
from tests.e2e.promoter import PROMOTION, Promoter, Promotion, open_node
from tests.e2e.rollout_writes import watch_writes
from tests.promotion.kubernetes.place import wait_until
from tests.promotion.routers.client_load import ClientLoad

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(400)]

STEP = ("the record: writing at {}", "the route at {}", "the record: confirming at {}", "the record: observing at {}")
WRITES = [
    "the claim",
    "the route at 0 %",
    "the record: judging",
    "the evidence",
    *(write.format(f"{percent} %") for percent in (50, 100) for write in STEP),
    "the record: promoted at 100 %",
]
"""A detached route is not counted: what is attached follows at once."""
HOLDING = {"steps": [50, 100], "minimumRequests": 100_000_000, "minimumSeconds": 1, "deadlineSeconds": 900}


@pytest.fixture(scope="module")
def release(bundles: Bundles) -> Iterator[Installed]:
    with installed(bundles) as made:
        yield made


@pytest.fixture
def clients(release: Installed) -> Iterator[ClientLoad]:
    with release.load() as load:
        yield load
    assert load.failures == []
    assert load.answered.keys() <= {"v1", "v2"}


@dataclass(frozen=True)
class Held:
    """A rollout that holds at 50 %, and how it stood when a test began."""

    promotion: Promotion
    promoter: Promoter
    route: JsonObject
    record: RolloutRecord

    def assert_untouched(self, clients: ClientLoad) -> None:
        assert self.promotion.running() == self.promoter
        self.assert_at_the_same_place(clients)

    def assert_at_the_same_place(self, clients: ClientLoad) -> None:
        assert self.promotion.read_route() == self.route
        assert self.promotion.read_record() == self.record
        assert clients.wait_for_more(50).keys() == {"v1", "v2"}


@pytest.fixture
def held(release: Installed, clients: ClientLoad) -> Held:
    """Begun where none holds already: the tests leave it as it is, or end it."""
    promotion = Promotion(release)
    if not release.get("jobs", f"--selector={PROMOTION}"):
        release.begin(release.bundles.better, HOLDING)
    promotion.wait_until_observing(50)
    promoter, route, record = promotion.wait_for_next(), promotion.read_route(), promotion.read_record()
    assert route is not None
    assert record is not None
    return Held(promotion, promoter, route, record)


def test_a_second_promoter_is_refused(release: Installed, held: Held, clients: ClientLoad) -> None:
    second = _copy_of(held.promotion.job(), "second")
    release.kubectl("create", "--filename=-", given=second)
    try:
        release.kubectl("wait", "job/second", "--for=condition=Failed", "--timeout=90s")
        said = release.kubectl("logs", "job/second", "--container=promotion")
        assert "a rollout is under way" in said
    finally:
        release.kubectl("delete", "job/second", "--cascade=foreground")
    held.assert_untouched(clients)


def test_upgrades_and_a_rollback_leave_it_alone(release: Installed, held: Held, clients: ClientLoad) -> None:
    """The first upgrade replaces even the pods that serve, of both revisions; the other changes leave those, too."""
    values = {**release.release.read_values(), "predictor": {"settings": {"rowLimit": 500}}}
    serving = _serving(release)
    release.release.apply(values)
    release.kubectl("wait", *serving, "--for=delete", "--timeout=120s")
    held.assert_untouched(clients)
    serving = _serving(release)
    release.release.apply({**values, "store": {"pod": {"labels": {"team": "vision"}}}})
    held.assert_untouched(clients)
    release.helm("rollback", "assay")
    held.assert_untouched(clients)
    assert _serving(release) == serving


def test_applying_the_manifests_again_leaves_it_alone(release: Installed, held: Held, clients: ClientLoad) -> None:
    manifests = release.helm("get", "manifest", "assay")
    for how in (["--server-side", "--field-manager=helm"], ["--server-side=false"]):
        release.kubectl("apply", *how, "--filename=-", given=manifests)
        held.assert_untouched(clients)


def test_a_promoter_that_is_deleted_leaves_the_split_to_the_next(
    release: Installed, held: Held, clients: ClientLoad
) -> None:
    release.kubectl("delete", "pod", held.promoter.name)
    held.assert_at_the_same_place(clients)
    following = held.promotion.wait_for_next(held.promoter)

    def read_log() -> str:
        return release.kubectl("logs", following.name, "--container=promotion")

    wait_until(lambda: "rollout 1 goes on (observing)" in read_log(), read_log, 60)
    held.assert_at_the_same_place(clients)


def test_a_job_whose_deadline_ends_goes_back(release: Installed, held: Held, clients: ClientLoad) -> None:
    values = release.release.read_values()
    release.release.apply({**values, "promotion": {**values["promotion"], "activeDeadlineSeconds": 1}})
    record = held.promotion.wait_until_finished()
    assert (record.state, record.outcome) == (RolloutState.RESTORED, Outcome.INCONCLUSIVE)
    assert record.because.endswith("has ended: DeadlineExceeded")
    wait_until(lambda: held.promotion.read_route() is None, lambda: "the split route stays")
    assert clients.wait_for_more(50).keys() == {"v1"}
    release.withdraw()


@pytest.mark.timeout(600)
def test_a_promoter_that_is_killed_after_every_write_reaches_the_same_end(release: Installed) -> None:
    promotion, killed_after, promoter = Promotion(release), list[str](), None
    with release.load() as clients, watch_writes(release.place) as writes, open_node() as node:
        release.begin(release.bundles.better, {**QUICKLY, "steps": [50, 100]})
        while WRITES[-1] not in writes.seen:
            promoter = promotion.wait_for_next(promoter)
            process, seen = node.find_process(promoter.container), len(writes.seen)
            writes.wait_for_more(seen)
            node.kill(process)
            promotion.wait_until_ended(promoter)
            killed_after.append(writes.seen[-1])
            if len(killed_after) > 1:  # once the Job replaces the pod, and the Lease runs out, in their own time
                promotion.begin_anew()
        release.kubectl("wait", "jobs", "--all", "--for=condition=Complete", "--timeout=60s")
    assert clients.failures == []
    assert [each for each in writes.seen if each != "a detached route"] == WRITES
    overtaken = set(WRITES) - set(killed_after)
    assert len(overtaken) <= len(WRITES) // 2, f"the next write came before the kill, too often: {overtaken}"
    assert writes.shares == [0, 50, 100]
    _assert_promoted(promotion)
    release.withdraw()


@pytest.mark.alone
def test_an_api_server_that_is_killed_does_not_end_it(release: Installed) -> None:
    """The last test: it is everybody's API server."""
    promotion = Promotion(release)
    with release.load() as clients, open_node() as node:
        release.begin(release.bundles.better, {**QUICKLY, "steps": [50, 100], "minimumSeconds": 5})
        promotion.wait_until_observing(50)
        assert node.kill(node.find_process(promotion.find_api_server()))
        record = promotion.wait_until_finished(240)
        clients.wait_for_more(50)
    assert clients.failures == []
    assert any("does not answer" in event.text for event in record.history), "nobody noticed"
    _assert_promoted(promotion)


def _assert_promoted(promotion: Promotion) -> None:
    """By one rollout that observed each step once, with its evidence kept."""
    record = promotion.read_record()
    assert record is not None
    assert (record.state, record.outcome, record.rollout_id) == (RolloutState.PROMOTED, Outcome.PROMOTE, 1)
    assert [seen.asked_percent for seen in record.observations] == [50, 100]
    assert promotion.read_evidence().verdict is Outcome.PROMOTE


def _copy_of(job: JsonObject, name: str) -> str:
    """The same Job under another name."""
    template = job["spec"]["template"]
    of_the_first = ("job-name", "controller-uid")
    labels = {key: each for key, each in template["metadata"]["labels"].items() if not key.endswith(of_the_first)}
    spec = {"backoffLimit": 0, "template": {"metadata": {"labels": labels}, "spec": template["spec"]}}
    return orjson.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}).decode()


def _serving(release: Installed) -> list[str]:
    return release.kubectl("get", "pods", "--selector=app.kubernetes.io/component=predictor", "--output=name").split()
