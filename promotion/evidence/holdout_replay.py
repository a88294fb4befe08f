"""Evidence by replay: every row of the holdout goes to both revisions over the V2 protocol, in batches.

Rows that one revision has answered and the other has not are never judged: a replay is whole, or it is an error.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from access.caller import NO_CREDENTIALS, OwnCredentials
from dataset import DatasetMalformed, LabelledRows
from promotion.evidence.answer_reading import BatchAnswer
from promotion.evidence.asked_predictor import AskedPredictor, Metadata, connect
from promotion.evidence.evidence_source import (
    AnswerRefused,
    EvidenceError,
    ReplayedHoldout,
    RevisionPair,
    RunningRevision,
)
from promotion.evidence.replayed_rows import row_inputs
from promotion.gate.evidence import PairedAnswers, PairedConfidences, PairedValues

METADATA_TIMEOUT_SECONDS = 5.0  # a revision that hangs is noticed sooner than by its slowest inference

_Pair = tuple[BatchAnswer, BatchAnswer]
"""What stable and the canary answered to one batch."""


@dataclass(frozen=True)
class HoldoutReplay:
    """Replays holdouts against two predictors, each at http://HOST:PORT or grpc://HOST:PORT.

    `report` is told the share of the holdout that is done, 0..1, in a thread of the replay.
    """

    stable_url: str
    canary_url: str
    batch_rows: int = 32
    concurrency: int = 4
    """Batches that are asked at the same time, each of both revisions."""
    timeout_seconds: float = 30.0
    """Of each request."""
    credentials: OwnCredentials = NO_CREDENTIALS
    """What both are shown."""
    report: Callable[[LabelledRows, float], None] = lambda _holdout, _done: None

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises PredictorUnreachable, AnswerRefused."""
        timeout = min(self.timeout_seconds, METADATA_TIMEOUT_SECONDS)
        with (
            connect("stable", self.stable_url, timeout, self.credentials) as stable,
            connect("canary", self.canary_url, timeout, self.credentials) as canary,
        ):
            return RevisionPair(stable.read_metadata()[0], canary.read_metadata()[0])

    def replay_holdout(self, holdout: LabelledRows) -> ReplayedHoldout:
        """Both revisions' answers to every row. Raises PredictorUnreachable, AnswerRefused, DigestChanged."""
        started = time.monotonic()
        timeout = self.timeout_seconds
        with (
            connect("stable", self.stable_url, timeout, self.credentials) as stable,
            connect("canary", self.canary_url, timeout, self.credentials) as canary,
        ):
            stable_revision, said_by_stable = _read_judged(stable, holdout)
            canary_revision, said_by_canary = _read_judged(canary, holdout)
            if said_by_stable.task != said_by_canary.task:
                found = f"a {said_by_canary.task}, but stable is a {said_by_stable.task}"
                raise AnswerRefused(f"canary {canary.url}: {found}; expected two models of one task")
            truth = _read_truth(stable, holdout) if said_by_stable.task == "regression" else None

            def answer(first: int) -> _Pair:
                rows = row_inputs(holdout, first, self.batch_rows)
                return stable.answer(rows, first, said_by_stable), canary.answer(rows, first, said_by_canary)

            answered = self._answer_all(answer, holdout)
            classes = _all_classes(holdout.classes, said_by_stable.classes, said_by_canary.classes)
            asked = (stable.asked, canary.asked)
            return ReplayedHoldout(
                revisions=RevisionPair(stable_revision, canary_revision),
                answers=(
                    _paired_labels(answered, holdout.labels, classes)
                    if truth is None
                    else _paired_values(answered, truth)
                ),
                requests=sum(one.requests for one in asked),
                retried=sum(one.retried for one in asked),
                seconds=time.monotonic() - started,
                asked=asked,
                confidences=_paired_confidences(answered),
            )

    def _answer_all(self, answer: Callable[[int], _Pair], holdout: LabelledRows) -> list[_Pair]:
        """What `answer` gives for each batch by its first row, in order; after the first error none is begun."""
        done, reporting = 0, threading.Lock()

        def answer_and_report(first: int) -> _Pair:
            nonlocal done
            pair = answer(first)
            with reporting:
                done += len(pair[0])
                self.report(holdout, done / len(holdout))
            return pair

        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="replay") as pool:
            try:
                return list(pool.map(answer_and_report, range(0, len(holdout), self.batch_rows)))
            except EvidenceError:
                pool.shutdown(cancel_futures=True)
                raise


def _read_judged(predictor: AskedPredictor, holdout: LabelledRows) -> tuple[RunningRevision, Metadata]:
    """What runs; AnswerRefused when the holdout has its columns in another order."""
    revision, metadata = predictor.read_metadata()
    found, expected = holdout.feature_names, metadata.features
    if len(found) == len(expected) and found != tuple(expected):  # another number the predictor itself refuses
        place = next(place for place, names in enumerate(zip(found, expected, strict=True)) if names[0] != names[1])
        raise AnswerRefused(
            f"{predictor.role} {predictor.url}: feature {place + 1} is {expected[place]!r}, "
            f"but {holdout.name} names it {found[place]!r}"
        )
    return revision, metadata


def _read_truth(predictor: AskedPredictor, holdout: LabelledRows) -> tuple[float, ...]:
    try:
        return tuple(holdout.targets().tolist())
    except DatasetMalformed as error:
        raise AnswerRefused(f"{predictor.role} {predictor.url} answers with numbers, but {error}") from error


def _paired_labels(answered: Sequence[_Pair], truth: tuple[str, ...], classes: tuple[str, ...]) -> PairedAnswers:
    return PairedAnswers(
        truth=truth,
        stable_labels=tuple(label for batch, _ in answered for label in batch.labels),
        canary_labels=tuple(label for _, batch in answered for label in batch.labels),
        classes=classes,
    )


def _paired_values(answered: Sequence[_Pair], truth: tuple[float, ...]) -> PairedValues:
    return PairedValues(
        truth=truth,
        stable=tuple(value for batch, _ in answered for value in batch.values),
        canary=tuple(value for _, batch in answered for value in batch.values),
    )


def _paired_confidences(answered: Sequence[_Pair]) -> PairedConfidences | None:
    stable = tuple(one for batch, _ in answered for one in batch.confidences)
    canary = tuple(one for _, batch in answered for one in batch.confidences)
    return PairedConfidences(stable, canary) if stable and len(stable) == len(canary) else None


def _all_classes(*known: Iterable[str]) -> tuple[str, ...]:
    """Every class that the holdout or a model knows, each once, the holdout's first."""
    return tuple(dict.fromkeys(name for names in known for name in names))
