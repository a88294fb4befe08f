"""Waiting for a canary to start, without a cluster: what is waited out, and what is not."""

import pytest

from promotion.evidence.evidence_source import (
    AnswerRefused,
    DigestChanged,
    EvidenceError,
    PredictorUnreachable,
    ReplayedHoldout,
    RevisionPair,
    RunningRevision,
)
from promotion.kubernetes.canary_start import CanaryStart
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.errors import RevisionNotAvailable
from promotion.kubernetes.release import Release
from tests.promotion.kubernetes.place import api_server_at

RELEASE = Release("shop", "serving")
RUNNING = RunningRevision("stable", "http://shop-v1", "columns", "1", "v1", "sha256:1")


class Ready(EndpointWatch):
    """A canary that has a ready endpoint."""

    def is_lost(self) -> bool:
        return False


class AnswersAtLast:
    """Revisions that fail in these ways first."""

    def __init__(self, *errors: EvidenceError) -> None:
        self._errors = list(errors)

    def read_revisions(self) -> RevisionPair:
        if self._errors:
            raise self._errors.pop(0)
        return RevisionPair(RUNNING, RUNNING)

    def replay_holdout(self) -> ReplayedHoldout:
        raise NotImplementedError


def start(source: AnswersAtLast, said: list[str], timeout_seconds: float = 60) -> CanaryStart:
    watch = Ready(api_server_at("http://127.0.0.1:1"), RELEASE, "v2")
    return CanaryStart(RELEASE, "v2", watch, source, timeout_seconds, said.append)


def test_no_answer_and_somebody_elses_answer_are_waited_out() -> None:
    said: list[str] = []
    start(AnswersAtLast(PredictorUnreachable("no answer"), AnswerRefused("its metadata: status 404")), said).wait()
    assert [line.partition(";")[0] for line in said] == ["no answer", "its metadata: status 404"]


def test_after_the_time_the_last_reason_is_named() -> None:
    with pytest.raises(RevisionNotAvailable, match=r"after 0 s its metadata: status 404"):
        start(AnswersAtLast(AnswerRefused("its metadata: status 404")), [], timeout_seconds=0).wait()


def test_another_bundle_than_the_one_named_is_not_waited_out() -> None:
    with pytest.raises(DigestChanged):
        start(AnswersAtLast(DigestChanged("it runs another")), []).wait()
