"""Predictors that are busy, slow, or no predictors: what is tried again, and what each of them is told apart by."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from promotion.evidence.evidence_source import AnswerRefused, DigestChanged, PredictorUnreachable
from promotion.evidence.holdout_replay import HoldoutReplay
from tests.promotion.evidence.columns import CLASSES, make_holdout, paired_answers
from tests.promotion.evidence.door import HANG_UP, SAY_NOTHING, Answer, Door

HOLDOUT = make_holdout(32)
DIGEST = f"sha256:{'a' * 64}"
METADATA: Answer = (
    200,
    orjson.dumps({"model": "m", "version": 1, "revision": "r", "bundle_digest": DIGEST, "classes": CLASSES}),
)


def infer_answer(datatype: str, data: Sequence[object], digest: str | None = DIGEST, name: str = "label") -> Answer:
    """A V2 answer with one output of the given elements."""
    output = {"name": name, "datatype": datatype, "shape": [len(data)], "data": data}
    parameters = {"bundle_digest": digest} if digest else {}
    return 200, orjson.dumps({"model_name": "m", "outputs": [output], "parameters": parameters})


@pytest.fixture
def behind_door(replay: HoldoutReplay, door: Door) -> HoldoutReplay:
    return replace(replay, canary_url=door.url)


@pytest.mark.parametrize("first_answers", ["xx", ".x", "x.xx"])
@pytest.mark.parametrize("trouble", [(503, b"{}"), (429, b""), (502, b"<html>"), (504, b"[]"), HANG_UP])
def test_what_is_busy_for_a_moment_is_asked_again_and_that_is_counted(
    behind_door: HoldoutReplay, door: Door, trouble: Answer, first_answers: str
) -> None:
    door.answers = [trouble if answer == "x" else None for answer in first_answers]
    replayed = behind_door.replay_holdout(HOLDOUT)
    assert replayed.answers == paired_answers("v1", "v2", HOLDOUT)
    troubles = first_answers.count("x")
    assert (replayed.requests, replayed.retried) == (4 + troubles, troubles)


def test_what_stays_busy_is_unreachable_in_its_own_words(behind_door: HoldoutReplay, door: Door) -> None:
    door.always = (503, b'{"error": "no model is loaded and warmed up yet; ask again soon"}')
    with pytest.raises(
        PredictorUnreachable,
        match=rf"^canary {door.url}: no answer to its metadata in 3 tries: status 503: no model is loaded .* soon$",
    ):
        behind_door.replay_holdout(HOLDOUT)


def test_who_says_nothing_is_unreachable_after_the_timeout(behind_door: HoldoutReplay, door: Door) -> None:
    door.always = SAY_NOTHING
    with pytest.raises(PredictorUnreachable, match="no answer to its metadata in 3 tries: timed out"):
        replace(behind_door, timeout_seconds=0.1).read_revisions()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, b"<html>not here</html>"), "its metadata: status 404: <html>not here</html>"),
        ((404, b'{"error": "no such path"}'), "its metadata: status 404: no such path"),
        ((301, b""), "its metadata: status 301"),
        ((200, b"<html>welcome</html>"), "/metadata: the document: Invalid JSON"),
        ((200, b"[]"), "/metadata: the document: Input should be an object"),
        ((200, b'{"model": "m"}'), "/metadata: version: Field required"),
        ((200, METADATA[1].replace(b'["a"', b'[1,"a"')), r"/metadata: classes.0: Input should be a valid string"),
        (
            (200, METADATA[1].replace(b"}", b',"task":"inference"}')),
            "/metadata: task: Input should be 'classification'",
        ),
        (
            (200, METADATA[1].replace(b"}", b',"task":"regression"}')),
            "/metadata: answer: label for a regression; expected the outputs that answer it",
        ),
        (
            (200, METADATA[1].replace(b"}", b',"answer":{"value":"v"}}')),
            "/metadata: answer: v for a classification; expected the outputs that answer it",
        ),
        ((200, METADATA[1].replace(b"}", b',"answer":{}}')), "/metadata: answer: Value error, none; expected the name"),
    ],
)
def test_who_is_no_assay_predictor_is_refused_at_once(
    behind_door: HoldoutReplay, door: Door, answer: Answer, message: str
) -> None:
    door.answers = [answer]
    with pytest.raises(AnswerRefused, match=f"^canary {door.url}: {message}"):
        behind_door.replay_holdout(HOLDOUT)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, b"ok"), "no V2 answer with `label`: the body is not JSON"),
        (infer_answer("INT64", [0] * 32, name="other"), "no V2 answer with `label`: 'label'"),
        (infer_answer("INT64", [0] * 31), "31 labels, expected 32 class indices below 4"),
        (infer_answer("INT64", [0] * 31 + [4]), "`label` holds 4, expected 32 class indices below 4"),
        (infer_answer("INT64", [-1] + [0] * 31), "`label` holds -1, expected 32 class indices below 4"),
        (infer_answer("FP32", [0.5] * 32), "`label` holds 0.5, expected 32 class indices below 4"),
        (infer_answer("BYTES", ["a"] * 32), "`label` holds b'a', expected 32 class indices below 4"),
        ((500, b'{"error": "internal error"}'), "status 500: internal error"),
    ],
)
def test_an_answer_without_labels_for_these_rows_is_refused(
    behind_door: HoldoutReplay, door: Door, answer: Answer, message: str
) -> None:
    door.answers = [METADATA, answer]
    with pytest.raises(AnswerRefused, match=f"^canary {door.url}: holdout rows 1 to 32: {message}"):
        behind_door.replay_holdout(HOLDOUT)


@pytest.mark.parametrize("digest", [None, f"sha256:{'b' * 64}"])
def test_an_answer_that_names_another_bundle_or_none_is_none_of_the_judged(
    behind_door: HoldoutReplay, door: Door, digest: str | None
) -> None:
    door.answers = [METADATA, infer_answer("INT64", [0] * 32, digest)]
    with pytest.raises(DigestChanged, match=f"answered by bundle {digest}, but {DIGEST} is judged"):
        behind_door.replay_holdout(HOLDOUT)


def test_an_answer_that_cannot_be_unpacked_is_one_line(behind_door: HoldoutReplay, door: Door) -> None:
    door.always, door.headers = METADATA, {"content-encoding": "gzip"}
    with pytest.raises(PredictorUnreachable, match=f"^canary {door.url}: no answer to its metadata in 3 tries: .+$"):
        behind_door.read_revisions()
