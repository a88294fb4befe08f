"""What every transport serves, with the same meaning: the data plane. It knows no transport.

A transport takes `serving.model` once as a request arrives, finds the model that it is for, and hands over how to read
the request and how to write the answer; error_table.py has the code of whatever is raised here.
"""

import asyncio
import json
import math
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from open_inference import ServerMetadata
from open_inference.metadata import IndexedModel, ModelStatistics, Statistics
from predictor.batches import Exchange, Job
from predictor.errors import DeadlineExceeded, NotReady, QueueFull, RequestRefused
from predictor.identity import ModelIdentity
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics, write_exposition
from predictor.request_statistics import RequestStatistics
from predictor.served_model import ServedModel
from predictor.serving import Serving
from predictor.workers.counts import Counts, Gather

T = TypeVar("T")

EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "statistics")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who waits for an answer."""

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
        serving: Serving,
        threads: InferenceThreads,
        metrics: PredictorMetrics,
        *,
        version: str,
        deadline_seconds: float,
        gather: Gather | None = None,
    ) -> None:
        self.serving = serving
        self.threads = threads
        self._metrics = metrics
        self._deadline_seconds = deadline_seconds
        self._gather = gather
        metrics.watch_queue(threads.waiting)
        self._server = ServerMetadata(name="assay", version=version, extensions=EXTENSIONS)
        self._lock = threading.Lock()
        self._statistics: defaultdict[ModelIdentity, RequestStatistics] = defaultdict(RequestStatistics)

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
        job = Job(model, self._statistics_of(model), read, caller.is_waiting)
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

    def statistics(self, model: ServedModel) -> Statistics:
        """What `model` has answered since the server was started, in all workers. Not for the event loop: it waits."""
        own = self._own_statistics(model)
        return _total_of(own, self._gather(self.counts()).result()) if self._gather else own

    async def statistics_in_loop(self, model: ServedModel) -> Statistics:
        """What `statistics` answers, for a transport that lives on the event loop."""
        own = self._own_statistics(model)
        return _total_of(own, await asyncio.wrap_future(self._gather(self.counts()))) if self._gather else own

    async def exposition(self) -> bytes:
        """Everything counted, in all workers, in Prometheus' text format."""
        if self._gather is None:
            return self._metrics.exposition()
        return write_exposition(await asyncio.wrap_future(self._gather(self.counts())))

    def counts(self) -> Counts:
        """What this process has counted."""
        with self._lock:
            statistics = [each.read(identity) for identity, each in self._statistics.items()]
        return Counts(self._metrics.families(), [one.model_dump(mode="json") for one in statistics])

    def repository_index(self, *, is_ready: bool) -> tuple[IndexedModel, ...]:
        """The models that can be served; with `is_ready` only those that are ready."""
        model = self.serving.model
        if model is None:
            return ()
        try:
            self.serving.check_ready()
        except NotReady as error:
            unavailable = IndexedModel(
                name=model.identity.model, version=model.identity.version, state="UNAVAILABLE", reason=str(error)
            )
            return () if is_ready else (unavailable,)
        return (IndexedModel(name=model.identity.model, version=model.identity.version, state="READY"),)

    def change_repository(self) -> NoReturn:
        """Load or unload a model: RequestRefused, because this server has one, and from its start."""
        raise RequestRefused(
            "models are not loaded or unloaded while this server runs; expected requests for the one that it serves"
        )

    def _own_statistics(self, model: ServedModel) -> Statistics:
        return Statistics(model_stats=(self._statistics_of(model).read(model.identity),))

    def _statistics_of(self, model: ServedModel) -> RequestStatistics:
        with self._lock:
            return self._statistics[model.identity]


def _total_of(own: Statistics, total: Counts) -> Statistics:
    everywhere = {(one["name"], one["version"]): one for one in total.statistics}
    summed = [everywhere[one.name, one.version] for one in own.model_stats]
    return Statistics(model_stats=tuple(ModelStatistics.from_json(json.dumps(one).encode()) for one in summed))
