"""What every transport serves, with the same meaning: the data plane. It knows no transport.

A transport takes `serving.model` once as a request arrives, finds the model that it is for, and hands over how to read
the request and how to write the answer; error_table.py has the code of whatever is raised here.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NoReturn, TypeVar

from open_inference import InferRequest, ServerMetadata
from open_inference.metadata import IndexedModel, Statistics
from predictor.errors import NotReady, RequestRefused
from predictor.identity import ModelIdentity
from predictor.inference_threads import InferenceThreads
from predictor.metrics import PredictorMetrics
from predictor.request_statistics import RequestStatistics, Spent
from predictor.served_model import Inference, ServedModel
from predictor.serving import Serving

T = TypeVar("T")
Exchange = tuple[InferRequest, Callable[[Inference], T]]
"""A request, and how its answer is written."""

EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "statistics")


class DataPlane:
    """The inference of a predictor, and what it says of itself. Can be used from several threads at once."""

    def __init__(self, serving: Serving, threads: InferenceThreads, metrics: PredictorMetrics, version: str) -> None:
        self.serving = serving
        self.threads = threads
        self._metrics = metrics
        self._server = ServerMetadata(name="assay", version=version, extensions=EXTENSIONS)
        self._lock = threading.Lock()
        self._statistics: defaultdict[ModelIdentity, RequestStatistics] = defaultdict(RequestStatistics)

    def server_metadata(self) -> ServerMetadata:
        """Name, version and extensions: those that work."""
        return self._server

    def infer(self, model: ServedModel, read: Callable[[], Exchange[T]], waited_ns: int = 0) -> T:
        """The answer of `model` to the request that `read` reads, as that writes it.

        Called in an inference thread, for which the request waited `waited_ns`; everything is done there, `read` and
        the writing, too. Raises RequestRefused, InferenceFailed and what `read` raises; all of it is counted.
        """
        statistics = self._statistics_of(model)
        begun = time.perf_counter_ns()
        try:
            request, write = read()
            was_read = time.perf_counter_ns()
            inference = model.infer(request)
            self._metrics.count_inference(inference, model.manifest.classes)
            inferred = time.perf_counter_ns()
            written = write(inference)
        except Exception:
            statistics.count_failure(waited_ns + time.perf_counter_ns() - begun)
            raise
        done = time.perf_counter_ns()
        spent = Spent(waited_ns, was_read - begun, inferred - was_read, done - inferred)
        statistics.count_answer(len(inference.class_indices), spent)
        return written

    async def infer_in_thread(self, model: ServedModel, read: Callable[[], Exchange[T]]) -> T:
        """What `infer` answers, for a transport that lives on the event loop."""
        arrived = time.perf_counter_ns()
        return await self.threads.run(lambda: self.infer(model, read, time.perf_counter_ns() - arrived))

    def statistics(self, model: ServedModel) -> Statistics:
        """What `model` has answered since the server was started."""
        return Statistics(model_stats=(self._statistics_of(model).read(model.identity),))

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

    def _statistics_of(self, model: ServedModel) -> RequestStatistics:
        with self._lock:
            return self._statistics[model.identity]
