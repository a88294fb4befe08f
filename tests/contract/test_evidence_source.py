"""What every way of asking promises to who judges: whole answers, from the bundle that was meant, nothing hidden."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import numpy as np
import pytest

from bundle import Bundle
from dataset import LabelledRows
from promotion.clock import SystemClock
from promotion.evidence.evidence_source import AnswerRefused, AskedRevision, DigestChanged, PredictorUnreachable
from promotion.evidence.holdout_replay import HoldoutReplay
from promotion.gate.policy import GatePolicy
from promotion.gate.verdict_text import describe_replay
from promotion.judgement import judge_canary
from promotion.report import Chapter, write_report
from tests.contract.grpc_door import open_grpc_door
from tests.promotion.evidence.columns import COLUMNS, make_holdout, paired_answers, write_column_bundle
from tests.promotion.evidence.door import Answer, Door, open_door
from tests.promotion.evidence.predictors import RunningPredictor, find_free_port, run_predictor

HOLDOUT = make_holdout(64)


@dataclass(frozen=True)
class Place:
    """Stable, and a canary behind a door, by one transport."""

    source: HoldoutReplay
    transport: str
    stable_url: str
    canary_url: str
    nobody: str
    """Where nobody answers."""
    be_busy: Callable[[int], None]
    """Let the canary say for so many requests that it cannot answer now."""
    busy: str
    """What that is called."""
    hold: Callable[[Callable[[], None]], None]
    """Let each inference of the canary wait for what is given."""
    pose_as: Callable[[str], None]
    """Let the canary's answers name another bundle."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Bundle]:
    directory = tmp_path_factory.mktemp("columns")
    return {column: write_column_bundle(directory, column) for column in ("v1", "v2")}


@pytest.fixture(scope="module")
def predictors(bundles: Mapping[str, Bundle]) -> Iterator[Mapping[str, RunningPredictor]]:
    with (
        run_predictor(bundles["v1"].path, "first", speaks_grpc=True) as stable,
        run_predictor(bundles["v2"].path, "second", speaks_grpc=True) as canary,
    ):
        yield {"stable": stable, "canary": canary}


class HeldDoor(Door):
    """An HTTP door whose inferences wait, and whose answers may name another bundle."""

    def __init__(self, behind: str) -> None:
        super().__init__(behind)
        self.hold: Callable[[], None] = lambda: None
        self.digest: bytes | None = None

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        if path.endswith("/infer"):
            self.hold()
        status, content = super().answer(method, path, body)
        if self.digest is not None and path.endswith("/infer"):
            start = content.index(b"sha256:")
            content = content.replace(content[start : start + 71], self.digest)
        return status, content


@pytest.fixture(params=["HTTP", "gRPC"])
def place(request: pytest.FixtureRequest, predictors: Mapping[str, RunningPredictor]) -> Iterator[Place]:
    stable, canary = predictors["stable"], predictors["canary"]
    with ExitStack() as stack:
        if request.param == "HTTP":
            door = stack.enter_context(open_door(canary.url, HeldDoor))
            assert isinstance(door, HeldDoor)
            stable_url, url, busy = stable.url, door.url, "status 503"
            be_busy = lambda times: door.answers.extend([(503, b"{}")] * times)  # noqa: E731
            hold = lambda wait: setattr(door, "hold", wait)  # noqa: E731
            pose_as = lambda digest: setattr(door, "digest", digest.encode())  # noqa: E731
        else:
            grpc_door, url = stack.enter_context(open_grpc_door(canary.grpc_url.removeprefix("grpc://")))
            stable_url, busy = stable.grpc_url, "UNAVAILABLE"
            be_busy = lambda times: grpc_door.troubles.extend([grpc.StatusCode.UNAVAILABLE] * times)  # noqa: E731
            hold = lambda wait: setattr(grpc_door, "hold", wait)  # noqa: E731
            pose_as = lambda digest: setattr(grpc_door, "digest", digest)  # noqa: E731
        scheme = url.partition(":")[0]
        nobody = f"{scheme}://127.0.0.1:{find_free_port()}"
        source = HoldoutReplay(stable_url, url)
        yield Place(source, request.param, stable_url, url, nobody, be_busy, busy, hold, pose_as)


def test_every_row_is_answered_by_both_in_order_with_its_probability(
    place: Place, bundles: Mapping[str, Bundle]
) -> None:
    replayed = place.source.replay_holdout(HOLDOUT)
    assert replayed.answers == paired_answers("v1", "v2", HOLDOUT)
    assert replayed.revisions == place.source.read_revisions()
    running = replayed.revisions.canary
    assert (running.role, running.revision, running.model, running.version) == ("canary", "second", "columns", "1")
    assert (running.url, running.bundle_digest) == (place.canary_url, bundles["v2"].digest)
    powers = np.exp(HOLDOUT.features - HOLDOUT.features.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    answered = HOLDOUT.features[:, COLUMNS.index("v2")].astype(int)
    assert replayed.confidences is not None
    np.testing.assert_allclose(replayed.confidences.canary, probabilities[np.arange(64), answered], rtol=1e-5)


def test_what_it_took_is_counted_by_revision(place: Place) -> None:
    asked = {one.role: one for one in place.source.replay_holdout(HOLDOUT).asked}
    # what a predictor says of itself, which takes two calls of gRPC, is one; each of two batches is one more
    assert asked == {role: AskedRevision(role, place.transport, 3, 0, {}) for role in ("stable", "canary")}


@pytest.mark.parametrize("times", [1, 2])
def test_a_revision_that_is_busy_is_asked_again_and_nobody_hides_it(place: Place, tmp_path: Path, times: int) -> None:
    place.be_busy(times)
    evidence = judge_canary(place.source, HOLDOUT, GatePolicy(), SystemClock())
    assert evidence.replay is not None
    assert evidence.replay.retried == times
    canary = evidence.replay.asked[1]
    assert (canary.retried, canary.troubles) == (times, {place.busy: times})
    said = describe_replay(evidence.replay)[1]
    assert said.endswith(f"{times} of them retries; {place.busy}: {times}")
    write_report(tmp_path / "report.html", "Is it?", [Chapter("one", evidence)])
    page = " ".join((tmp_path / "report.html").read_text().split())
    shown = f"requests had to be sent again; canary over {place.transport}, {place.busy}: {times}."
    assert f"{times} of {evidence.replay.requests} {shown}" in page


def test_one_that_stays_busy_is_unreachable(place: Place) -> None:
    place.be_busy(100)
    with pytest.raises(
        PredictorUnreachable, match=f"^canary {place.canary_url}: no answer to .* in 3 tries: {place.busy}"
    ):
        place.source.replay_holdout(HOLDOUT)


def test_where_nobody_answers_is_named(place: Place) -> None:
    with pytest.raises(
        PredictorUnreachable, match=f"^stable {place.nobody}: no answer to its metadata in 3 tries: .+$"
    ):
        replace(place.source, stable_url=place.nobody).read_revisions()


def test_a_revision_that_hangs_is_given_up_at_the_deadline(place: Place) -> None:
    go_on = threading.Event()

    def wait() -> None:
        go_on.wait(30)

    place.hold(wait)
    try:
        with pytest.raises(PredictorUnreachable, match=r"canary .*: no answer to holdout rows 1 to 64 in 3 tries"):
            replace(place.source, timeout_seconds=1.0, batch_rows=64).replay_holdout(HOLDOUT)
    finally:
        go_on.set()


def test_an_answer_of_another_bundle_is_never_judged(place: Place, bundles: Mapping[str, Bundle]) -> None:
    other = f"sha256:{'b' * 64}"
    place.pose_as(other)
    with pytest.raises(DigestChanged, match=rf"answered by bundle {other}, but {bundles['v2'].digest} is judged"):
        place.source.replay_holdout(HOLDOUT)


def test_no_more_is_asked_at_the_same_time_than_is_said(place: Place) -> None:
    counting, running, most = threading.Lock(), 0, 0

    def wait() -> None:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with counting:
            running -= 1

    place.hold(wait)
    replace(place.source, batch_rows=2, concurrency=3).replay_holdout(HOLDOUT)
    assert 1 <= most <= 3


def test_rows_that_the_model_does_not_take_are_refused_in_its_own_words(place: Place) -> None:
    narrow = LabelledRows("narrow", np.zeros((10, 3)), ("a",) * 10, COLUMNS[:3])
    with pytest.raises(AnswerRefused, match=r"^stable .*: holdout rows 1 to 10: .*shape \[10, 3\]; expected \[-1, 4\]"):
        place.source.replay_holdout(narrow)


def test_two_transports_can_be_asked_at_once(predictors: Mapping[str, RunningPredictor]) -> None:
    mixed = HoldoutReplay(predictors["stable"].url, predictors["canary"].grpc_url).replay_holdout(HOLDOUT)
    assert mixed.answers == paired_answers("v1", "v2", HOLDOUT)
    assert [one.transport for one in mixed.asked] == ["HTTP", "gRPC"]


@pytest.mark.parametrize("url", ["grpc://", "grpc://127.0.0.1", "grpc://127.0.0.1:port", "grpc://127.0.0.1:9000/v2"])
def test_what_is_no_address_is_said_at_once(predictors: Mapping[str, RunningPredictor], url: str) -> None:
    with pytest.raises(AnswerRefused, match=r"^canary grpc.*: (not a URL: .*|expected grpc://HOST:PORT)$"):
        HoldoutReplay(predictors["stable"].url, url).read_revisions()
