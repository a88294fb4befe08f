"""Evidence by replay: every row of the holdout goes to both revisions over the V2 protocol, in batches.

Rows that one revision has answered and the other has not are never judged: a replay is whole, or it is an error.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
from pydantic import BaseModel, ValidationError

from dataset import LabelledRows
from open_inference import InferRequest, InferResponse, Parameters, ProtocolError, RequestedOutput, Tensor
from promotion.evidence.evidence_source import (
    AnswerRefused,
    DigestChanged,
    EvidenceError,
    PredictorUnreachable,
    ReplayedHoldout,
    RevisionPair,
    RunningRevision,
)
from promotion.evidence.replayed_rows import row_inputs
from promotion.gate.evidence import PairedAnswers

RETRIES = 2
RETRY_PAUSE_SECONDS = 0.25
METADATA_TIMEOUT_SECONDS = 5.0  # a revision that hangs is noticed sooner than by its slowest inference
UNREACHABLE_CODES = frozenset({429, 502, 503, 504})

_Labels = tuple[list[str], list[str]]
"""What stable and the canary answered to one batch."""


class _Metadata(BaseModel):
    """The part of a predictor's /metadata that a judgement needs."""

    model: str
    version: str | int
    revision: str
    bundle_digest: str
    classes: list[str]
    features: list[str] = []


@dataclass(frozen=True)
class HoldoutReplay:
    """Replays `holdout` against two predictors.

    `report` is told the share that is done, 0..1, in a thread of the replay.
    """

    stable_url: str
    canary_url: str
    holdout: LabelledRows
    batch_rows: int = 32
    concurrency: int = 4
    """Batches that are asked at the same time, each of both revisions."""
    timeout_seconds: float = 30.0
    report: Callable[[float], None] = lambda _done: None

    def read_revisions(self) -> RevisionPair:
        """Which bundles run now. Raises PredictorUnreachable, AnswerRefused."""
        timeout = min(self.timeout_seconds, METADATA_TIMEOUT_SECONDS)
        with self._connect("stable", timeout) as stable, self._connect("canary", timeout) as canary:
            return RevisionPair(stable.read_metadata()[0], canary.read_metadata()[0])

    def replay_holdout(self) -> ReplayedHoldout:
        """Both revisions' answers to every row. Raises PredictorUnreachable, AnswerRefused, DigestChanged."""
        started = time.monotonic()
        timeout = self.timeout_seconds
        with self._connect("stable", timeout) as stable, self._connect("canary", timeout) as canary:
            stable_revision, stable_classes = self._read_judged(stable)
            canary_revision, canary_classes = self._read_judged(canary)

            def answer(first: int) -> _Labels:
                rows = row_inputs(self.holdout, first, self.batch_rows)
                return (
                    stable.answer(rows, first, stable_revision, stable_classes),
                    canary.answer(rows, first, canary_revision, canary_classes),
                )

            answered = self._answer_all(answer)
            return ReplayedHoldout(
                revisions=RevisionPair(stable_revision, canary_revision),
                answers=PairedAnswers(
                    truth=self.holdout.labels,
                    stable_labels=tuple(label for labels, _ in answered for label in labels),
                    canary_labels=tuple(label for _, labels in answered for label in labels),
                    classes=_all_classes(self.holdout.classes, stable_classes, canary_classes),
                ),
                requests=stable.requests + canary.requests,
                retried=stable.retried + canary.retried,
                seconds=time.monotonic() - started,
            )

    def _answer_all(self, answer: Callable[[int], _Labels]) -> list[_Labels]:
        """What `answer` gives for each batch by its first row, in order; after the first error none is begun."""
        done, reporting = 0, threading.Lock()

        def answer_and_report(first: int) -> _Labels:
            nonlocal done
            labels = answer(first)
            with reporting:
                done += len(labels[0])
                self.report(done / len(self.holdout))
            return labels

        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="replay") as pool:
            try:
                return list(pool.map(answer_and_report, range(0, len(self.holdout), self.batch_rows)))
            except EvidenceError:
                pool.shutdown(cancel_futures=True)
                raise

    def _read_judged(self, predictor: "_Predictor") -> tuple[RunningRevision, list[str]]:
        """What runs, and its classes; AnswerRefused when the holdout has its columns in another order."""
        revision, metadata = predictor.read_metadata()
        found, expected = self.holdout.feature_names, metadata.features
        if len(found) == len(expected) and found != tuple(expected):  # another number the predictor itself refuses
            place = next(place for place, names in enumerate(zip(found, expected, strict=True)) if names[0] != names[1])
            raise AnswerRefused(
                f"{predictor.role} {predictor.url}: feature {place + 1} is {expected[place]!r}, "
                f"but {self.holdout.name} names it {found[place]!r}"
            )
        return revision, metadata.classes

    def _connect(self, role: str, timeout_seconds: float) -> "_Predictor":
        url = (self.stable_url if role == "stable" else self.canary_url).rstrip("/")
        # Without TLS there is nothing to verify, and loading the certificate authorities takes longer than asking.
        has_tls = url.startswith("https:")
        return _Predictor(role, url, httpx.Client(timeout=timeout_seconds, trust_env=False, verify=has_tls))


@dataclass
class _Predictor:
    """One predictor; counts what was asked and what had to be asked again. Can be used from several threads at once."""

    role: str
    url: str
    client: httpx.Client
    requests: int = field(default=0)
    retried: int = field(default=0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "_Predictor":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def read_metadata(self) -> tuple[RunningRevision, _Metadata]:
        """What the predictor says of itself."""
        answer = self._ask("GET", "/metadata", None, "its metadata")
        try:
            metadata = _Metadata.model_validate_json(answer.content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the document"
            raise AnswerRefused(f"{self.role} {self.url}: /metadata: {where}: {first['msg']}") from error
        return (
            RunningRevision(
                role=self.role,
                url=self.url,
                model=metadata.model,
                version=str(metadata.version),
                revision=metadata.revision,
                bundle_digest=metadata.bundle_digest,
            ),
            metadata,
        )

    def answer(self, rows: tuple[Tensor, ...], first: int, revision: RunningRevision, classes: list[str]) -> list[str]:
        """The labels that the predictor gives to `rows`, whose first is row `first` of the holdout."""
        count = rows[0].shape[0]
        where = f"holdout rows {first + 1} to {first + count}"
        request = InferRequest(inputs=rows, outputs=(RequestedOutput("label"),))
        answer = self._ask("POST", f"/v2/models/{revision.model}/infer", request.to_json(), where)
        try:
            response = InferResponse.from_json(answer.content)
            indices = response.output("label").data.ravel().tolist()
        except (ProtocolError, KeyError) as error:
            raise AnswerRefused(f"{self.role} {self.url}: {where}: no V2 answer with `label`: {error}") from error
        self._check_digest(response.parameters, revision, where)
        misfits = [index for index in indices if type(index) is not int or not 0 <= index < len(classes)]
        if len(indices) != count or misfits:
            found = f"`label` holds {misfits[0]!r}" if misfits else f"{len(indices)} labels"
            expected = f"expected {count} class indices below {len(classes)}"
            raise AnswerRefused(f"{self.role} {self.url}: {where}: {found}, {expected}")
        return [classes[index] for index in indices]

    def _check_digest(self, parameters: Parameters, revision: RunningRevision, where: str) -> None:
        found = parameters.get("bundle_digest")
        if found != revision.bundle_digest:
            raise DigestChanged(
                f"{self.role} {self.url}: {where}: answered by bundle {found}, but {revision.bundle_digest} is judged"
            )

    def _ask(self, method: str, path: str, body: bytes | None, what: str) -> httpx.Response:
        for attempt in range(RETRIES + 1):
            with self._lock:
                self.requests += 1
                self.retried += attempt > 0
            if attempt:
                time.sleep(RETRY_PAUSE_SECONDS)
            try:
                answer = self.client.request(
                    method, self.url + path, content=body, headers={"Content-Type": "application/json"} if body else {}
                )
            except (httpx.InvalidURL, UnicodeError) as error:
                raise AnswerRefused(f"{self.role} {self.url}: not a URL: {error}") from error
            except httpx.UnsupportedProtocol as error:
                raise AnswerRefused(f"{self.role} {self.url}: expected http://HOST:PORT") from error
            except httpx.RequestError as error:
                problem = str(error) or type(error).__name__
                continue
            if answer.status_code in UNREACHABLE_CODES:
                problem = f"status {answer.status_code}: {_error_text(answer)}"
                continue
            if answer.status_code != 200:
                problem = f"status {answer.status_code}: {_error_text(answer)}"
                raise AnswerRefused(f"{self.role} {self.url}: {what}: {problem}")
            return answer
        raise PredictorUnreachable(f"{self.role} {self.url}: no answer to {what} in {RETRIES + 1} tries: {problem}")


def _all_classes(*known: Iterable[str]) -> tuple[str, ...]:
    """Every class that the holdout or a model knows, each once, the holdout's first."""
    return tuple(dict.fromkeys(name for names in known for name in names))


def _error_text(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])[:300]
    except (ValueError, KeyError, TypeError):
        return answer.text[:100]
