"""Replaying a holdout against real predictors: what comes of it, and what comes of predictors that change or die."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from bundle import Bundle
from dataset import LabelledRows
from promotion.clock import SystemClock
from promotion.evidence.evidence_source import AnswerRefused, DigestChanged, PredictorUnreachable
from promotion.evidence.holdout_replay import HoldoutReplay
from promotion.gate.evidence import PairedAnswers
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.judgement import judge_canary
from tests.predictor.bundles import write_digits_bundle
from tests.promotion.evidence.columns import CLASSES, COLUMNS, make_holdout, paired_answers, write_scores_bundle
from tests.promotion.evidence.predictors import RunningPredictor, find_free_port, run_predictor
from training.digits import load_digits_parts

HOLDOUT = make_holdout()


def test_every_row_is_answered_by_both_in_order(replay: HoldoutReplay, bundles: dict[str, Bundle]) -> None:
    done: list[float] = []
    replayed = replace(replay, report=lambda _holdout, share: done.append(share)).replay_holdout(HOLDOUT)
    assert replayed.answers == paired_answers("v1", "v2", HOLDOUT)
    assert replayed.revisions == replay.read_revisions()
    assert (replayed.requests, replayed.retried) == (2 + 2 * 13, 0)
    assert done == sorted(done)
    assert done[-1] == 1.0
    stable, canary = replayed.revisions.stable, replayed.revisions.canary
    assert (stable.role, stable.revision, stable.url) == ("stable", "first", replay.stable_url)
    assert (canary.role, canary.revision, canary.url) == ("canary", "second", replay.canary_url)
    assert (stable.bundle_digest, canary.bundle_digest) == (bundles["v1"].digest, bundles["v2"].digest)
    assert (canary.model, canary.version) == ("columns", "1")


@pytest.mark.parametrize(("batch_rows", "concurrency"), [(1, 1), (1, 16), (7, 4), (40, 4), (1000, 2)])
def test_neither_the_size_of_a_batch_nor_their_number_makes_a_difference(
    replay: HoldoutReplay, batch_rows: int, concurrency: int
) -> None:
    short = make_holdout(40)
    replayed = replace(replay, batch_rows=batch_rows, concurrency=concurrency).replay_holdout(short)
    assert replayed.answers == paired_answers("v1", "v2", short)
    assert replayed.requests == 2 + 2 * -(-40 // batch_rows)


def test_the_answers_are_those_of_the_bundle_itself(tmp_path: Path) -> None:
    """Handwritten digits: what ONNX Runtime says to all rows at once is what the predictor says batch by batch."""
    first = write_digits_bundle(tmp_path)
    second = write_digits_bundle(tmp_path, version=2)
    classes = first.manifest.classes
    holdout = load_digits_parts()["holdout"].first(100)
    session = onnxruntime.InferenceSession(first.model_bytes)
    (indices,) = session.run(["label"], {"features": holdout.features.astype(np.float32)})
    with run_predictor(first.path, "v1") as stable, run_predictor(second.path, "v2") as canary:
        answers = HoldoutReplay(stable.url, canary.url).replay_holdout(holdout).answers
    assert isinstance(answers, PairedAnswers)
    assert answers.stable_labels == answers.canary_labels == tuple(classes[index] for index in indices)
    assert set(answers.stable_labels) == set(classes)


@pytest.mark.parametrize(("column", "verdict"), [("v2", Outcome.PROMOTE), ("v3", Outcome.REJECT)])
def test_a_judgement_states_what_was_replayed(
    stable: RunningPredictor, bundles: dict[str, Bundle], column: str, verdict: Outcome
) -> None:
    with run_predictor(bundles[column].path, column) as canary:
        source = HoldoutReplay(stable.url, canary.url)
        evidence = judge_canary(source, HOLDOUT, GatePolicy(), SystemClock())
    answers = paired_answers("v1", column, HOLDOUT)
    right = [
        [label == truth for label, truth in zip(labels, answers.truth, strict=True)]
        for labels in (answers.stable_labels, answers.canary_labels)
    ]
    pairs = list(zip(*right, strict=True))
    assert (evidence.verdict, evidence.n) == (verdict, 400)
    assert (evidence.b, evidence.c) == (pairs.count((True, False)), pairs.count((False, True)))
    assert (evidence.stable.bundle_digest, evidence.canary.bundle_digest) == (
        bundles["v1"].digest,
        bundles[column].digest,
    )
    assert evidence.holdout.digest == HOLDOUT.digest
    assert evidence.replay is not None
    assert evidence.replay.requests == 28


def test_a_model_is_asked_for_what_it_says_that_it_has(stable: RunningPredictor, tmp_path: Path) -> None:
    """No label and no probabilities, but logits of another name: the most probable class is its answer."""
    bundle = write_scores_bundle(tmp_path, "v2")
    with run_predictor(bundle.path, "scores") as canary:
        replayed = HoldoutReplay(stable.url, canary.url).replay_holdout(HOLDOUT)
    assert replayed.answers == paired_answers("v1", "v2", HOLDOUT)
    assert replayed.confidences is not None
    np.testing.assert_allclose(replayed.confidences.canary, np.exp(5) / (np.exp(5) + 3), rtol=1e-6)


def test_a_class_that_only_the_holdout_knows_is_a_class(replay: HoldoutReplay) -> None:
    strange = replace(HOLDOUT, labels=("new", *HOLDOUT.labels[1:]))
    answers = replay.replay_holdout(strange).answers
    assert isinstance(answers, PairedAnswers)
    assert answers.classes == (*CLASSES, "new")


def when_half_done(act: Callable[[], None]) -> Callable[[LabelledRows, float], None]:
    """A report that acts once, when half of the rows are answered."""
    waiting = [act]

    def report(_holdout: LabelledRows, done: float) -> None:
        if done >= 0.5 and waiting:
            waiting.pop()()

    return report


@pytest.mark.parametrize("role", ["stable", "canary"])
def test_a_predictor_that_dies_in_the_middle_is_named_with_the_rows(
    stable: RunningPredictor, canary: RunningPredictor, bundles: dict[str, Bundle], role: str
) -> None:
    with run_predictor(bundles["v3"].path, "mortal") as mortal:
        urls = {"stable": stable.url, "canary": canary.url, role: mortal.url}
        half_done = when_half_done(mortal.kill)
        replay = HoldoutReplay(urls["stable"], urls["canary"], concurrency=1, report=half_done)
        with pytest.raises(
            PredictorUnreachable, match=rf"^{role} {mortal.url}: no answer to holdout rows 225 to 256 in 3 tries: .+$"
        ):
            replay.replay_holdout(HOLDOUT)
        with pytest.raises(PredictorUnreachable, match=rf"^{role} {mortal.url}: no answer to its metadata in 3 tries"):
            replay.read_revisions()


@pytest.mark.parametrize("role", ["stable", "canary"])
def test_a_predictor_that_is_replaced_in_the_middle_is_found_out(
    stable: RunningPredictor, canary: RunningPredictor, bundles: dict[str, Bundle], role: str
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(run_predictor(bundles["v3"].path, "same-name"))

        def replace_it() -> None:
            first.kill()
            stack.enter_context(run_predictor(bundles["v1"].path, "same-name", port=first.port))

        urls = {"stable": stable.url, "canary": canary.url, role: first.url}
        half_done = when_half_done(replace_it)
        replay = HoldoutReplay(urls["stable"], urls["canary"], concurrency=1, report=half_done)
        with pytest.raises(
            DigestChanged,
            match=rf"^{role} {first.url}: holdout rows 225 to 256: answered by bundle {bundles['v1'].digest}, "
            rf"but {bundles['v3'].digest} is judged$",
        ):
            replay.replay_holdout(HOLDOUT)


@pytest.mark.parametrize("columns", [1, 3, 5])
def test_another_number_of_features_is_refused_in_the_predictors_own_words(replay: HoldoutReplay, columns: int) -> None:
    other = LabelledRows("other", np.zeros((10, columns)), ("a",) * 10, (*COLUMNS, "more")[:columns])
    with pytest.raises(
        AnswerRefused,
        match=rf"^stable {replay.stable_url}: holdout rows 1 to 10: status 400: "
        rf".*shape \[10, {columns}\]; expected \[-1, {len(COLUMNS)}\]",
    ):
        replay.replay_holdout(other)


@pytest.mark.parametrize("role", ["stable", "canary"])
def test_a_port_that_nobody_listens_on_is_named(replay: HoldoutReplay, role: str) -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    nobody = replace(replay, stable_url=url) if role == "stable" else replace(replay, canary_url=url)
    for call in (nobody.read_revisions, lambda: nobody.replay_holdout(HOLDOUT)):
        with pytest.raises(PredictorUnreachable, match=rf"^{role} {url}: no answer to its metadata in 3 tries: .+$"):
            call()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:8000", "expected http://HOST:PORT or grpc://HOST:PORT"),
        ("", "expected http://HOST:PORT or grpc://HOST:PORT"),
        ("ftp://127.0.0.1:8000", "expected http://HOST:PORT or grpc://HOST:PORT"),
        ("http://127.0.0.1:port", "not a URL: Invalid port: 'port'"),
        ("http://[::1", "not a URL"),
        ("http://..:8000", "not a URL"),
    ],
)
def test_what_is_not_a_url_is_said_at_once(replay: HoldoutReplay, url: str, message: str) -> None:
    with pytest.raises(AnswerRefused, match=f"canary {url}: {message}".replace("[", r"\[")):
        replace(replay, canary_url=url).read_revisions()


def test_columns_in_another_order_are_refused_before_anything_is_asked(replay: HoldoutReplay) -> None:
    names = HOLDOUT.feature_names
    shuffled = replace(HOLDOUT, feature_names=(names[1], names[0], *names[2:]))
    with pytest.raises(AnswerRefused, match=rf"stable .*: feature 1 is {names[0]!r}, but .* names it {names[1]!r}"):
        replay.replay_holdout(shuffled)
