"""Models are loaded and unloaded here, at the start and while the server runs, one change at a time.

A version is read and verified, loaded beside whatever answers, and warmed up; then it takes over in the table that
requests look into (serving.py), and what came before finishes what it has. A version that cannot be loaded changes
nothing but the reason that the index gives.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from bundle import BundleError
from bundle.manifest import content_digest
from open_inference.metadata import IndexedModel
from predictor.errors import LoadFailed, ModelNotUsable, NotAllowed, NotReady, PredictorError, QueueFull
from predictor.examples import Example, warm_up
from predictor.identity import ModelIdentity, short_digest
from predictor.log_lines import LOG
from predictor.metrics import PredictorMetrics
from predictor.model_sources import ModelSource, StoredModel
from predictor.served_model import ServedModel
from predictor.served_models import ModelVersion
from predictor.serving import Serving

P = ParamSpec("P")
T = TypeVar("T")

_MOST_CHANGES = 16  # waiting, or under way
_NOT_LOADED = "not loaded"
_UNLOADED = "unloaded"


class Repository:
    """What can be served, and the only writer of `serving`. Can be used from several threads at once.

    Changes are made in a thread of their own, in the order in which they are asked for.
    """

    def __init__(
        self,
        source: ModelSource,
        load: Callable[[StoredModel], ServedModel],
        metrics: PredictorMetrics,
        *,
        can_change: bool,
    ) -> None:
        self.serving = Serving()
        self.can_change = can_change
        self._source = source
        self._load_stored = load
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, "repository")
        self._places = BoundedSemaphore(_MOST_CHANGES)

    def start(self, *, is_everything: bool) -> Future[Sequence[Exception]]:
        """Load everything that there is, or nothing; what could not be loaded, and why."""
        return self._thread.submit(self._start, is_everything)

    def load(self, name: str) -> Future[Sequence[str]]:
        """Load every version of a model anew; those that are loaded then, the highest first.

        A version that was loaded from the same bytes stays as it is. Raises NotAllowed and QueueFull; the future
        NotFound, and LoadFailed when a version could not be loaded: whatever answered for that one goes on answering.
        """
        return self._submit(self._load, name)

    def unload(self, name: str) -> Future[None]:
        """Answer no further request for a model. Raises NotAllowed and QueueFull; the future NotFound."""
        return self._submit(self._unload, name)

    def register(self, name: str, model_bytes: bytes) -> Future[str]:
        """Keep an ONNX file as the next version of a model, which is returned; nothing is loaded.

        Raises NotAllowed and QueueFull; the future LoadFailed when the file cannot be served, RequestRefused for a name
        that is none: nothing of it is kept then.
        """
        return self._submit(self._register, name, model_bytes)

    def check_change(self) -> None:
        """Raises NotAllowed where models are what they were at the start."""
        if not self.can_change:
            raise NotAllowed("this server does not change its models; expected the setting ASSAY_MODEL_CONTROL=true")

    def index(self, *, is_ready: bool) -> tuple[IndexedModel, ...]:
        """The models that can be served, by name, the highest version first; with `is_ready` those that are ready.

        Raises BundleError. Looks on disk.
        """
        known = {(one.name, one.version): one for one in self.serving.models.known()}
        if not is_ready:
            for name, versions in self._source.index().items():
                for version in versions:
                    known.setdefault((name, version), ModelVersion(name, version, reason=_NOT_LOADED))
        described = [self._describe(one) for one in known.values()]
        described.sort(key=lambda one: (one.name, -int(one.version)))
        return tuple(one for one in described if one.state == "READY" or not is_ready)

    def close(self) -> None:
        """Begin no further change."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _submit(self, change: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Future[T]:
        self.check_change()
        if not self._places.acquire(blocking=False):
            raise QueueFull(f"{_MOST_CHANGES} changes of the models wait or are under way; ask again soon")
        future = self._thread.submit(change, *arguments, **options)
        future.add_done_callback(lambda _: self._places.release())
        return future

    def _start(self, is_everything: bool) -> Sequence[Exception]:
        failures: list[Exception] = []
        index = self._source.index() if is_everything else {}
        for name, versions in index.items():
            self._put(name, [ModelVersion(name, version, is_loading=True) for version in versions])
        for name in index:
            failures += self._replace(name)
        self.serving.start()
        return failures

    def _load(self, name: str) -> Sequence[str]:
        failures = self._replace(name)
        loaded = [one.version for one in self.serving.models.known(name) if one.model]
        _log("a model was loaded" if not failures else "a model could not be loaded", name, loaded, *failures)
        if failures:
            raise LoadFailed(f"{name} could not be loaded: {failures[0]}") from failures[0]
        return loaded

    def _unload(self, name: str) -> None:
        known = self.serving.models.known(name)
        if not known:
            self._source.find(name)
        self._put(name, [ModelVersion(name, one.version, reason=_UNLOADED) for one in known])
        _log("a model was unloaded", name, [one.version for one in known])

    def _register(self, name: str, model_bytes: bytes) -> str:
        digest = content_digest(model_bytes)
        identity = ModelIdentity(name, "1", short_digest(digest), digest)
        try:
            self._warm(StoredModel(identity, None, model_bytes))
            version = self._source.add(name, model_bytes)
        except (BundleError, ModelNotUsable) as error:
            raise LoadFailed(f"the file is not kept: {error}") from error
        _log("a model was registered", name, [version])
        return version

    def _replace(self, name: str) -> list[Exception]:
        """Put what there is of a model now in place of what there was; what could not be loaded, and why."""
        before = {one.version: one for one in self.serving.models.known(name)}
        try:
            versions = self._source.find(name)
        except BundleError as error:
            self._put(name, [replace(one, is_loading=False, reason=str(error)) for one in before.values()])
            return [error]
        new = [one for one in versions if one not in before or before[one].model is None]
        self._put(name, [*(before | {one: ModelVersion(name, one, is_loading=True) for one in new}).values()])
        failures: list[Exception] = []
        loaded = []
        for version in versions:
            try:
                loaded.append(self._load_version(name, version, before.get(version)))
            except Exception as error:  # whatever it is, the others are to be loaded
                failures.append(_explain(error))
                kept = before.get(version, ModelVersion(name, version))
                loaded.append(replace(kept, is_loading=False, reason=str(failures[-1])))
        self._put(name, loaded)
        return failures

    def _load_version(self, name: str, version: str, before: ModelVersion | None) -> ModelVersion:
        stored = self._source.read(name, version)
        digest = stored.identity.bundle_digest
        if before and before.model and before.stored_digest == digest:
            return replace(before, reason="")
        model, examples = self._warm(stored)
        return ModelVersion(name, version, model, examples, digest)

    def _warm(self, stored: StoredModel) -> tuple[ServedModel, tuple[Example, ...]]:
        model = self._load_stored(stored)
        examples = warm_up(model)
        if not model.can_batch:
            text = "each request has a run of its own: the answer to a row depends on the others"
            logging.getLogger(LOG).warning(text, extra={"fields": {"model": model.identity.model}})
        return model, examples

    def _put(self, name: str, versions: Sequence[ModelVersion]) -> None:
        self.serving.put(name, versions)
        self._metrics.name_models(model.identity for model in self.serving.models.find_all())

    def _describe(self, one: ModelVersion) -> IndexedModel:
        state, reason = one.state, one.reason
        try:
            self.serving.check_staying()
        except NotReady as error:
            state, reason = "UNAVAILABLE", str(error)
        return IndexedModel(name=one.name, version=one.version, state=state, reason=reason)


def _explain(error: Exception) -> Exception:
    if isinstance(error, BundleError | PredictorError):
        return error
    logging.getLogger(LOG).error("a model could not be loaded", exc_info=error)
    return ModelNotUsable("internal error: the server's log says more")


def _log(message: str, name: str, versions: Sequence[str], *failures: Exception) -> None:
    fields = {"model": name, "versions": versions, "reasons": [str(error) for error in failures]}
    logging.getLogger(LOG).info(message, extra={"fields": fields})
