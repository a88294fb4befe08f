"""From what is stored to what answers: a version is read and verified, loaded, and warmed up."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bundle import BundleError
from predictor.errors import ModelNotUsable, PredictorError
from predictor.examples import Example, warm_up
from predictor.log_lines import LOG
from predictor.model_copies import ModelCopies
from predictor.model_sources import ModelSource, StoredModel
from predictor.served_model import ServedModel
from predictor.served_models import ModelVersion
from predictor.workers.model_set import VersionState


class ModelLoader:
    """Loads versions of models out of `source`; what it reads there is copied, where there are `copies`."""

    def __init__(
        self, source: ModelSource, load: Callable[[StoredModel], ServedModel], copies: ModelCopies | None
    ) -> None:
        self._source = source
        self._load = load
        self._copies = copies

    def load_all(
        self, name: str, versions: Sequence[str], before: Mapping[str, ModelVersion]
    ) -> tuple[list[ModelVersion], list[Exception]]:
        """These versions of a model as they lie in the source now; what could not be loaded, and why.

        Of `before` what has the same bytes stays as it is, and so does what cannot be replaced.
        """
        failures: list[Exception] = []
        loaded = []
        for version in versions:
            try:
                loaded.append(self._load_version(name, version, before.get(version)))
            except Exception as error:  # whatever it is, the others are to be loaded
                failures.append(_explain(error))
                kept = before.get(version, ModelVersion(name, version))
                loaded.append(replace(kept, is_loading=False, reason=str(failures[-1])))
        return loaded, failures

    def load_copy(self, name: str, state: VersionState) -> ModelVersion:
        """A version as other workers have it. Raises BundleError and ModelNotUsable."""
        if not state.digest or self._copies is None:
            return ModelVersion(name, state.version, reason=state.reason)
        model, examples = self.warm(self._copies.read(name, state.version, state.digest))
        return ModelVersion(name, state.version, model, examples, state.digest, reason=state.reason)

    def warm(self, stored: StoredModel) -> tuple[ServedModel, tuple[Example, ...]]:
        """What was read, loaded and warmed up. Raises ModelNotUsable."""
        model = self._load(stored)
        examples = warm_up(model)
        if not model.can_batch:
            text = "each request has a run of its own: the answer to a row depends on the others"
            logging.getLogger(LOG).warning(text, extra={"fields": {"model": model.identity.model}})
        return model, examples

    def _load_version(self, name: str, version: str, before: ModelVersion | None) -> ModelVersion:
        stored = self._source.read(name, version)
        digest = stored.identity.bundle_digest
        if before and before.model and before.stored_digest == digest:
            return replace(before, reason="")
        model, examples = self.warm(stored)
        if self._copies:
            self._copies.keep(stored)
        return ModelVersion(name, version, model, examples, digest)


def _explain(error: Exception) -> Exception:
    if isinstance(error, BundleError | PredictorError):
        return error
    logging.getLogger(LOG).error("a model could not be loaded", exc_info=error)
    if isinstance(error, MemoryError):
        return ModelNotUsable("there is not enough memory for it")
    return ModelNotUsable("internal error: the server's log says more")
