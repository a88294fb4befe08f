"""What every transport serves, with the same meaning: the data plane. It knows no transport.

A transport takes `serving.models` once as a request arrives, finds the model that it is for, and hands over how to read
the request and how to write the answer; error_table.py has the code of whatever is raised here.
"""

import asyncio
import json
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from open_inference import ServerMetadata
from open_inference.metadata import ModelStatistics, Statistics
from predictor.batches import Exchange, Job
from predictor.errors import DeadlineExceeded, QueueFull
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics, write_exposition
from predictor.repository import Repository
from predictor.request_statistics import RequestStatistics, Spent
from predictor.request_trail import Trail
from predictor.request_watch import RequestWatch
from predictor.served_model import Inference, ServedModel
from predictor.workers.counts import Counts, Gather

T = TypeVar("T")

EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "statistics")
REPOSITORY_EXTENSION = "model_repository"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who waits for an answer."""

    trail: Trail
    """Of the request."""
    seconds: float = math.inf
    """How long, from now on."""
    is_waiting: Callable[[], bool] = lambda: True
    """Whether that is still so. Can be called from any thread."""


class DataPlane:
    """The inference of a predictor, and what it says of itself. Can be used from several threads at once.

    No request has more than `deadline_seconds`. What is being worked on then is finished, and thrown away.
    """

    def __init__(
        self,
        repository: Repository,
        threads: InferenceThreads,
        metrics: PredictorMetrics,
        watch: RequestWatch,
        *,
        version: str,
        deadline_seconds: float,
        gather: Gather | None = None,
    ) -> None:
        self.repository = repository
        self.serving = repository.serving
        self.threads = threads
        self.watch = watch
        self._metrics = metrics
        self._deadline_seconds = deadline_seconds
        self._gather = gather
        metrics.watch_queue(threads.waiting)
        extensions = (*EXTENSIONS, REPOSITORY_EXTENSION) if repository.can_change else EXTENSIONS
        self._server = ServerMetadata(name="assay", version=version, extensions=extensions)
        self._lock = threading.Lock()
        self._statistics: defaultdict[tuple[str, str], RequestStatistics] = defaultdict(RequestStatistics)

    def server_metadata(self) -> ServerMetadata:
        """Name, version and extensions: those that work."""
        return self._server

    def infer(self, model: ServedModel, read: Callable[[], Exchange[T]], caller: Caller) -> T:
        """The answer of `model` to the request that `read` reads, as that writes it.

        Everything is done in an inference thread, `read` and the writing, too; this one waits. Raises QueueFull,
        DeadlineExceeded, CallerGone, RequestRefused, InferenceFailed and what `read` raises; all of it is counted.
        """
        future, seconds = self.submit(model, read, caller)
        try:
            return future.result(seconds)
        except TimeoutError:
            raise self.give_up(model, future, seconds) from None

    async def infer_in_loop(self, model: ServedModel, read: Callable[[], Exchange[T]], caller: Caller) -> T:
        """What `infer` answers, for a transport that lives on the event loop."""
        future, seconds = self.submit(model, read, caller)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise self.give_up(model, future, seconds) from None

    def submit(self, model: ServedModel, read: Callable[[], Exchange[T]], caller: Caller) -> tuple[Future[T], float]:
        """The answer to come, as `infer` has it, and the seconds after which it is to be given up. Raises QueueFull."""
        job = Job(model, self._statistics_of(model), read, caller.is_waiting, caller.trail)
        try:
            self.threads.submit(job)
        except QueueFull:
            job.statistics.count_failure(0)
            raise
        return job.future, min(caller.seconds, self._deadline_seconds)

    def give_up(self, model: ServedModel, future: Future[T], seconds: float) -> DeadlineExceeded:
        """No longer wait for what `submit` gave; why."""
        if future.cancel():
            self._statistics_of(model).count_failure(int(seconds * 1e9))
        return DeadlineExceeded(f"there is no answer after {seconds:.3g} s, the request's deadline; ask again later")

    def count_run(
        self, model: ServedModel, inference: Inference, spent: Spent, *, requests: int, rows: int, seconds: float
    ) -> None:
        """A run of `model`, of `seconds`, that a transport has made itself, for so many requests with so many rows."""
        statistics = self._statistics_of(model)
        statistics.count_run()
        statistics.count_answer(rows, spent, requests=requests)
        self._metrics.count_run(model.identity, rows=rows, seconds=seconds)
        self._metrics.count_predictions(inference, model.manifest.classes)

    def statistics(self, models: Iterable[ServedModel]) -> Statistics:
        """What each of `models` has answered since the server was started, under whatever bundle of that version.

        In all workers. Not for the event loop: it waits.
        """
        own = self._own_statistics(models)
        return _total_of(own, self._gather(self.counts()).result()) if self._gather else own

    async def statistics_in_loop(self, models: Iterable[ServedModel]) -> Statistics:
        """What `statistics` answers, for a transport that lives on the event loop."""
        own = self._own_statistics(models)
        return _total_of(own, await asyncio.wrap_future(self._gather(self.counts()))) if self._gather else own

    async def exposition(self) -> bytes:
        """Everything counted, in all workers, in Prometheus' text format."""
        if self._gather is None:
            return self._metrics.exposition()
        return write_exposition(await asyncio.wrap_future(self._gather(self.counts())))

    def counts(self) -> Counts:
        """What this process has counted."""
        with self._lock:
            statistics = [each.read(*owner) for owner, each in self._statistics.items()]
        return Counts(self._metrics.families(), [one.model_dump(mode="json") for one in statistics])

    def _own_statistics(self, models: Iterable[ServedModel]) -> Statistics:
        counted = [(model.identity, self._statistics_of(model)) for model in models]
        return Statistics(model_stats=tuple(each.read(one.model, one.version) for one, each in counted))

    def _statistics_of(self, model: ServedModel) -> RequestStatistics:
        with self._lock:
            return self._statistics[model.identity.model, model.identity.version]


def _total_of(own: Statistics, total: Counts) -> Statistics:
    everywhere = {(one["name"], one["version"]): one for one in total.statistics}
    summed = [everywhere[one.name, one.version] for one in own.model_stats]
    return Statistics(model_stats=tuple(ModelStatistics.from_json(json.dumps(one).encode()) for one in summed))
