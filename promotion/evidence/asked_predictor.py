"""One predictor of a replay: asked again where it gives no answer, all of it counted, and every answer checked."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from access.caller import OwnCredentials
from open_inference import InferRequest, ProtocolError, RequestedOutput, Tensor
from promotion.evidence.answer_reading import AnswerNames, BatchAnswer, MisfitAnswer, read_batch
from promotion.evidence.evidence_source import (
    AnswerRefused,
    AskedRevision,
    DigestChanged,
    PredictorUnreachable,
    RunningRevision,
)
from promotion.evidence.http_connection import HttpConnection
from promotion.evidence.predictor_connection import (
    NoAnswer,
    PredictorConnection,
    Refused,
    WrongAddress,
)

T = TypeVar("T")

REPLAY_ID = "assay-replay"
"""V2's `id` of every request, by which recorded predictions tell a gate's questions from traffic."""
RETRIES = 2
RETRY_PAUSE_SECONDS = 0.25


class Metadata(BaseModel):
    """The part of a predictor's /metadata that a judgement needs."""

    model: str
    version: str | int
    revision: str
    bundle_digest: str
    task: Literal["classification", "regression"] = "classification"
    classes: list[str] = []
    features: list[str] = []
    answer: AnswerNames = AnswerNames(label="label")


def connect(role: str, url: str, timeout_seconds: float, credentials: OwnCredentials) -> "AskedPredictor":
    """The predictor at `url`, over the transport that its scheme names; nothing is asked yet. Raises AnswerRefused."""
    url = url.rstrip("/")
    try:
        return AskedPredictor(role, url, _open(url, timeout_seconds, credentials))
    except WrongAddress as error:
        raise AnswerRefused(f"{role} {url}: {error}") from error


def _open(url: str, timeout_seconds: float, credentials: OwnCredentials) -> PredictorConnection:
    if not url.startswith(("grpc:", "grpcs:")):
        return HttpConnection(url, timeout_seconds, credentials)
    try:
        from promotion.evidence.grpc_connection import GrpcConnection  # noqa: PLC0415  # 14 MB that HTTP does not need
    except ModuleNotFoundError as error:
        raise WrongAddress(f"{error.name} is not installed, which asking by gRPC takes") from error
    return GrpcConnection(url, timeout_seconds, credentials)


@dataclass
class AskedPredictor:
    """Counts what was asked and what had to be asked again. Can be used from several threads at once."""

    role: str
    url: str
    connection: PredictorConnection
    _requests: int = field(default=0, init=False)
    _troubles: Counter[str] = field(default_factory=Counter, init=False)
    """What was asked again, by why."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __enter__(self) -> "AskedPredictor":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @property
    def asked(self) -> AskedRevision:
        """What it took until now."""
        troubles = dict(sorted(self._troubles.items()))
        return AskedRevision(self.role, self.connection.transport, self._requests, sum(troubles.values()), troubles)

    def read_metadata(self) -> tuple[RunningRevision, Metadata]:
        """What the predictor says of itself. Raises PredictorUnreachable, AnswerRefused."""
        content = self._ask(self.connection.read_metadata, "its metadata")
        try:
            metadata = Metadata.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the document"
            raise AnswerRefused(f"{self.role} {self.url}: /metadata: {where}: {first['msg']}") from error
        if metadata.task == "classification" and not metadata.classes:
            raise AnswerRefused(f"{self.role} {self.url}: /metadata: classes: Field required")
        if (metadata.task == "regression") is not bool(metadata.answer.value):
            found = f"answer: {', '.join(metadata.answer.asked_for())} for a {metadata.task}"
            raise AnswerRefused(f"{self.role} {self.url}: /metadata: {found}; expected the outputs that answer it")
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

    def answer(self, rows: tuple[Tensor, ...], first: int, metadata: Metadata) -> BatchAnswer:
        """What the predictor answers to `rows`, whose first is row `first` of the holdout.

        Raises PredictorUnreachable, AnswerRefused, DigestChanged.
        """
        count = rows[0].shape[0]
        where = f"holdout rows {first + 1} to {first + count}"
        names = metadata.answer
        outputs_asked = tuple(RequestedOutput(name) for name in names.asked_for())
        request = InferRequest(inputs=rows, outputs=outputs_asked, id=REPLAY_ID)
        try:
            answered = self._ask(lambda: self.connection.infer(metadata.model, request), where)
            outputs = {name: np.asarray(answered.response.output(name).data) for name in names.asked_for()}
        except (ProtocolError, KeyError) as error:
            wanted = " and ".join(f"`{name}`" for name in names.asked_for())
            raise AnswerRefused(f"{self.role} {self.url}: {where}: no V2 answer with {wanted}: {error}") from error
        if answered.bundle_digest != metadata.bundle_digest:
            raise DigestChanged(
                f"{self.role} {self.url}: {where}: answered by bundle {answered.bundle_digest}, "
                f"but {metadata.bundle_digest} is judged"
            )
        try:
            return read_batch(outputs, names, count, tuple(metadata.classes))
        except MisfitAnswer as error:
            raise AnswerRefused(f"{self.role} {self.url}: {where}: {error}") from error

    def _ask(self, ask: Callable[[], T], what: str) -> T:
        problem = ""
        for attempt in range(RETRIES + 1):
            if attempt:
                time.sleep(RETRY_PAUSE_SECONDS)
            with self._lock:
                self._requests += 1
            try:
                return ask()
            except NoAnswer as error:
                problem = str(error)
                if attempt < RETRIES:
                    with self._lock:
                        self._troubles[error.kind] += 1
            except WrongAddress as error:
                raise AnswerRefused(f"{self.role} {self.url}: {error}") from error
            except Refused as error:
                raise AnswerRefused(f"{self.role} {self.url}: {what}: {error}") from error
        raise PredictorUnreachable(f"{self.role} {self.url}: no answer to {what} in {RETRIES + 1} tries: {problem}")
