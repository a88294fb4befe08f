"""What waits together runs together: the rows of several requests in one run of the engine.

There is no timer. A thread takes what has come while it was busy, so a lone request waits for nobody. Each request is
read and checked before it joins the others, gets its own rows of the answer, and its own checks of them; when a run of
several fails, each has one of its own, so that nobody fails for his neighbour.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from open_inference import InferRequest
from predictor.errors import CallerGone
from predictor.metrics import PredictorMetrics
from predictor.request_statistics import RequestStatistics, Spent
from predictor.request_trail import Answered, Trail
from predictor.served_model import Inference, ServedModel
from predictor.task_answer import Values

T = TypeVar("T")
Exchange = tuple[InferRequest, Callable[[Inference], T]]
"""A request, and how its answer is written."""


@dataclass(frozen=True, slots=True, eq=False)
class Job(Generic[T]):
    """A request that waits for its turn; `future` is its answer as it is written."""

    model: ServedModel
    statistics: RequestStatistics
    read: Callable[[], Exchange[T]]
    is_waited_for: Callable[[], bool]
    trail: Trail
    future: Future[T] = field(default_factory=Future)
    arrived_ns: int = field(default_factory=time.perf_counter_ns)


@dataclass(frozen=True, slots=True, eq=False)
class _Member(Generic[T]):
    """A request that was read, and that the model takes."""

    job: Job[T]
    request: InferRequest
    write: Callable[[Inference], T]
    begun_ns: int
    read_ns: int

    @property
    def rows(self) -> int:
        return self.job.model.rows_of(self.request)


class BatchWorker:
    """What an inference thread does: runs of at most `batch_rows` rows, unless a single request has more."""

    def __init__(self, metrics: PredictorMetrics, *, batch_rows: int) -> None:
        self._metrics = metrics
        self._batch_rows = batch_rows

    def work_on(self, first: Job[Any], take_next: Callable[[ServedModel], Job[Any] | None]) -> None:
        """Finish the future of `first`, and of each job for the same model that `take_next` gives; None ends them."""
        limit = self._batch_rows if first.model.can_batch else 1  # which every request reaches by itself
        members: list[_Member[Any]] = []
        rows = 0
        job: Job[Any] | None = first
        while job is not None:
            if member := _read(job):
                members.append(member)
                rows += member.rows
            job = take_next(first.model) if rows < limit else None
        for batch in _split(members, limit):
            self._run(batch)

    def _run(self, batch: Sequence[_Member[Any]]) -> None:
        model = batch[0].job.model
        started = time.perf_counter_ns()
        try:
            parts = model.run([member.request for member in batch])
        except Exception as error:
            if len(batch) == 1:
                _fail(batch[0].job, error)
            else:
                for member in batch:
                    self._run([member])
            return
        ran_ns = time.perf_counter_ns() - started
        batch[0].job.statistics.count_run()
        rows = sum(member.rows for member in batch)
        self._metrics.count_run(model.identity, rows=rows, seconds=ran_ns / 1e9)
        _trace_run(batch, ran_ns, rows)
        for member, values in zip(batch, parts, strict=True):
            self._answer(member, values, started, ran_ns)

    def _answer(self, member: _Member[Any], values: Values, started_ns: int, ran_ns: int) -> None:
        job = member.job
        answering = time.perf_counter_ns()
        try:
            inference = job.model.name_answer(member.request, values)
            self._metrics.count_predictions(inference, job.model.manifest.classes)
            written = member.write(inference)
        except Exception as error:
            _fail(job, error)
            return
        waited = member.begun_ns - job.arrived_ns + started_ns - member.read_ns
        done = time.perf_counter_ns()
        job.trail.queue_seconds += (started_ns - member.read_ns) / 1e9
        job.trail.answers.append(Answered(job.model, member.request, inference, member.rows))
        job.statistics.count_answer(
            member.rows, Spent(waited, member.read_ns - member.begun_ns, ran_ns, done - answering)
        )
        job.future.set_result(written)


def _read(job: Job[T]) -> _Member[T] | None:
    if not job.future.set_running_or_notify_cancel():
        return None
    begun = time.perf_counter_ns()
    job.trail.queue_seconds += (begun - job.arrived_ns) / 1e9
    try:
        if not job.is_waited_for():
            raise CallerGone("the caller went away before it was the request's turn")
        request, write = job.read()
        job.model.check(request)
    except Exception as error:
        _fail(job, error)
        return None
    member = _Member(job, request, write, begun, time.perf_counter_ns())
    job.trail.rows += member.rows
    return member


def _trace_run(batch: Sequence[_Member[Any]], ran_ns: int, rows: int) -> None:
    spans = [member.job.trail.span for member in batch if member.job.trail.span]
    if spans:
        now = time.time_ns()
        spans[0].add_run(spans[1:], started_ns=now - ran_ns, ended_ns=now, rows=rows)


def _fail(job: Job[Any], error: Exception) -> None:
    job.statistics.count_failure(time.perf_counter_ns() - job.arrived_ns)
    job.future.set_exception(error)


def _split(members: Sequence[_Member[Any]], limit: int) -> Iterator[list[_Member[Any]]]:
    """Runs of at most `limit` rows, in order; a request with more is one by itself."""
    batch: list[_Member[Any]] = []
    rows = 0
    for member in members:
        if batch and rows + member.rows > limit:
            yield batch
            batch, rows = [], 0
        batch.append(member)
        rows += member.rows
    if batch:
        yield batch
