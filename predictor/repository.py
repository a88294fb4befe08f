"""Models are loaded and unloaded here, at the start and while the server runs, one change at a time.

A version is loaded beside whatever answers (model_loading.py); then it takes over in the table that requests look into
(serving.py), and what came before finishes what it has. A version that cannot be loaded changes nothing but the reason
that the index gives.

A change is proposed first, which is all of the work, and then settled, which is the swap: one of several workers does
both when its supervisor says so (workers/model_changes.py), so that all of them have the same models.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from bundle import BundleError
from bundle.manifest import content_digest
from open_inference.metadata import IndexedModel
from predictor.errors import LoadFailed, ModelNotUsable, NotAllowed, NotReady, QueueFull
from predictor.identity import ModelIdentity, short_digest
from predictor.log_lines import LOG
from predictor.metrics import PredictorMetrics
from predictor.model_loading import ModelLoader
from predictor.model_sources import ModelSource, StoredModel
from predictor.served_models import ModelVersion
from predictor.serving import Serving
from predictor.workers.model_set import Change, ChangeAll, ModelSet, VersionState

P = ParamSpec("P")
T = TypeVar("T")

_MOST_CHANGES = 16  # waiting, or under way
_NOT_LOADED = "not loaded"
_UNLOADED = "unloaded"


class Repository:
    """What can be served, and the only writer of `serving`. Can be used from several threads at once.

    Changes are made in a thread of their own, in the order in which they are asked for. From `close` on every future of
    one raises NotReady.
    """

    def __init__(
        self,
        source: ModelSource,
        loader: ModelLoader,
        metrics: PredictorMetrics,
        *,
        can_change: bool,
        change_all: ChangeAll | None = None,
    ) -> None:
        self.serving = Serving()
        self.can_change = can_change
        self._source = source
        self._loader = loader
        self._metrics = metrics
        self._change_all = change_all
        self._thread = ThreadPoolExecutor(1, "repository")
        self._asking = ThreadPoolExecutor(_MOST_CHANGES, "repository-asking") if change_all else self._thread
        self._places = BoundedSemaphore(_MOST_CHANGES)
        self._proposed: Sequence[ModelVersion] = ()
        self._is_closed = False

    def start(self, *, is_everything: bool) -> Future[Sequence[Exception]]:
        """Load everything that there is, or nothing; what could not be loaded, and why."""
        return self._thread.submit(self._start, is_everything)

    def start_as(self, models: ModelSet) -> Future[None]:
        """Load what other workers have. The future raises BundleError and ModelNotUsable."""
        return self._thread.submit(self._start_as, models)

    def models(self) -> ModelSet:
        """What there is, for the other workers."""
        names = dict.fromkeys(one.name for one in self.serving.models.known())
        return {name: _states_of(self.serving.models.known(name)) for name in names}

    def propose(self, change: Change) -> Future[Sequence[VersionState]]:
        """Do all of a change but to swap; what there would be of the model then. Raises NotReady from `close` on.

        The future raises NotFound, and LoadFailed when nothing can be said of the model.
        """
        self._check_open()
        return self._thread.submit(self._propose, change)

    def settle(self, name: str, states: Sequence[VersionState]) -> Future[None]:
        """From now on these are the versions of a model, out of what is proposed or there already.

        The future raises BundleError and ModelNotUsable for one that is neither, and cannot be loaded from its copy.
        """
        return self._thread.submit(self._settle, name, states)

    def load(self, name: str) -> Future[Sequence[str]]:
        """Load every version of a model anew; those that are loaded then, the highest first.

        A version that was loaded from the same bytes stays as it is. Raises NotAllowed and QueueFull; the future
        NotFound, and LoadFailed when a version could not be loaded: whatever answered for that one goes on answering.
        """
        return self._submit(self._asking, self._load, name)

    def unload(self, name: str) -> Future[None]:
        """Answer no further request for a model. Raises NotAllowed and QueueFull; the future NotFound."""
        return self._submit(self._asking, self._unload, name)

    def register(self, name: str, model_bytes: bytes) -> Future[str]:
        """Keep an ONNX file as the next version of a model, which is returned; nothing is loaded.

        Raises NotAllowed and QueueFull; the future LoadFailed when the file cannot be served, RequestRefused for a name
        that is none: nothing of it is kept then.
        """
        return self._submit(self._thread, self._register, name, model_bytes)

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
        """Begin no further change: what waits is NotReady. One that is proposed can still be settled."""
        self._is_closed = True

    def _submit(
        self, threads: ThreadPoolExecutor, change: Callable[P, T], *arguments: P.args, **options: P.kwargs
    ) -> Future[T]:
        self.check_change()
        if not self._places.acquire(blocking=False):
            raise QueueFull(f"{_MOST_CHANGES} changes of the models wait or are under way; ask again soon")
        future = threads.submit(self._begin, partial(change, *arguments, **options))
        future.add_done_callback(lambda _: self._places.release())
        return future

    def _begin(self, change: Callable[[], T]) -> T:
        self._check_open()
        return change()

    def _check_open(self) -> None:
        if self._is_closed:
            raise NotReady("the server is ending; another one takes new requests")

    def _start(self, is_everything: bool) -> Sequence[Exception]:
        failures: list[Exception] = []
        index = self._source.index() if is_everything else {}
        for name, versions in index.items():
            self._put(name, [ModelVersion(name, version, is_loading=True) for version in versions])
        for name in index:
            loaded, failed = self._load_anew(name)
            self._put(name, loaded)
            failures += failed
        self.serving.start()
        return failures

    def _start_as(self, models: ModelSet) -> None:
        for name, states in models.items():
            self._settle(name, states)
        self.serving.start()

    def _load(self, name: str) -> Sequence[str]:
        states = self._change(Change("load", name))
        loaded = [one.version for one in states if one.digest]
        reasons = [one.reason for one in states if one.reason]
        _log("a model was loaded" if not reasons else "a model could not be loaded", name, loaded, *reasons)
        if reasons:
            raise LoadFailed(f"{name} could not be loaded: {reasons[0]}")
        return loaded

    def _unload(self, name: str) -> None:
        states = self._change(Change("unload", name))
        _log("a model was unloaded", name, [one.version for one in states])

    def _register(self, name: str, model_bytes: bytes) -> str:
        digest = content_digest(model_bytes)
        identity = ModelIdentity(name, "1", short_digest(digest), digest)
        try:
            self._loader.warm(StoredModel(identity, None, model_bytes))
            version = self._source.add(name, model_bytes)
        except (BundleError, ModelNotUsable) as error:
            raise LoadFailed(f"the file is not kept: {error}") from error
        _log("a model was registered", name, [version])
        return version

    def _change(self, change: Change) -> Sequence[VersionState]:
        if self._change_all:
            return self._change_all(change).result()
        states = self._propose(change)
        self._settle(change.name, states)
        return states

    def _propose(self, change: Change) -> Sequence[VersionState]:
        if change.verb == "load":
            self._proposed, _ = self._load_anew(change.name)
        else:
            known = self.serving.models.known(change.name)
            if not known:
                self._source.find(change.name)
            self._proposed = [ModelVersion(change.name, one.version, reason=_UNLOADED) for one in known]
        return _states_of(self._proposed)

    def _settle(self, name: str, states: Sequence[VersionState]) -> None:
        there = (*self.serving.models.known(name), *self._proposed)
        loaded = {(one.version, one.stored_digest): one for one in there if one.model}
        self._proposed = ()
        versions = []
        for state in states:
            found = loaded.get((state.version, state.digest)) or self._loader.load_copy(name, state)
            versions.append(replace(found, reason=state.reason))
        self._put(name, versions)

    def _load_anew(self, name: str) -> tuple[list[ModelVersion], list[Exception]]:
        """What there is of a model now, loaded beside what there was; what could not be loaded, and why."""
        before = {one.version: one for one in self.serving.models.known(name)}
        try:
            versions = self._source.find(name)
        except BundleError as error:
            if not before:
                raise LoadFailed(f"{name} could not be loaded: {error}") from error
            return [replace(one, is_loading=False, reason=str(error)) for one in before.values()], [error]
        new = [one for one in versions if one not in before or before[one].model is None]
        self._put(name, [*(before | {one: ModelVersion(name, one, is_loading=True) for one in new}).values()])
        return self._loader.load_all(name, versions, before)

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


def _states_of(versions: Sequence[ModelVersion]) -> Sequence[VersionState]:
    return [VersionState(one.version, one.stored_digest, one.reason) for one in versions]


def _log(message: str, name: str, versions: Sequence[str], *reasons: str) -> None:
    fields = {"model": name, "versions": versions, "reasons": reasons}
    logging.getLogger(LOG).info(message, extra={"fields": fields})
