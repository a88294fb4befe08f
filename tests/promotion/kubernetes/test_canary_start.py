"""Waiting for a canary to start, without a cluster: what is waited out, and what is not."""

import pytest

from dataset import LabelledRows
from promotion.evidence.evidence_source import (
    AnswerRefused,
    DigestChanged,
    EvidenceError,
    PredictorUnreachable,
    ReplayedHoldout,
    RevisionPair,
    RunningRevision,
)
from promotion.kubernetes import canary_start
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

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        raise NotImplementedError


def start(source: AnswersAtLast, said: list[str], timeout_seconds: float = 60) -> CanaryStart:
    watch = Ready(api_server_at("http://127.0.0.1:1"), RELEASE, "v2")
    return CanaryStart(RELEASE, "v2", watch, source, timeout_seconds, said.append)


@pytest.fixture(autouse=True)
def no_time_to_lose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_start, "NO_ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(canary_start, "STRANGE_SECONDS", 0.5)


def test_no_answer_and_somebody_elses_answer_are_waited_out() -> None:
    said: list[str] = []
    errors = PredictorUnreachable("no answer"), AnswerRefused("status 404"), DigestChanged("it runs another")
    start(AnswersAtLast(*errors), said).wait()
    assert [line.partition(";")[0] for line in said] == ["no answer", "status 404", "it runs another"]


def test_after_the_time_the_last_reason_is_named() -> None:
    with pytest.raises(RevisionNotAvailable, match=r"after 0 s no answer"):
        start(AnswersAtLast(PredictorUnreachable("no answer")), [], timeout_seconds=0).wait()


@pytest.mark.parametrize("error", [AnswerRefused("status 404"), DigestChanged("it runs another")])
def test_an_answer_that_stays_strange_is_believed(error: EvidenceError) -> None:
    with pytest.raises(type(error)):
        start(AnswersAtLast(*[error] * 1000), []).wait()
